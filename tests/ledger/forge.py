"""A small ledger in memory: sealed and exported by the product's own parts, without a database."""

import base64
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from uuid import UUID

from hitl_platform.ledger.checkpoints import Signer, origin_of
from hitl_platform.ledger.events import event_line
from hitl_platform.ledger.merkle import Frontier, leaf_hash
from hitl_platform.ledger.offline_verifier import (
    EVENTS,
    FORMAT,
    HEAD,
    HISTORY,
    LEAVES,
    MANIFEST,
    PERSONAL,
    Export,
    one_form,
)

TENANT = UUID(int=0xAC3E)
SIGNER = Signer(bytes(range(32)))
KEY = base64.b64encode(SIGNER.public_key).decode()


class Held(Export):
    """An export whose files are held in memory, so that a test can change any byte of them."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.damage: list[str] = []

    def rows(self, name: str) -> Iterator[bytes]:
        return iter(io.BytesIO(self.files[name]))

    def with_file(self, name: str, content: bytes) -> "Held":
        """The same export with one file replaced."""
        return Held(self.files | {name: content})


def event_id(seq: int) -> str:
    """The id of the event at `seq` of a forged ledger."""
    return str(UUID(int=0x7000_8000_0000_0000_0000 + seq))


def line_of(
    seq: int, *, verb: str = "seat.claimed", case: int | None = None, body: object = None, personal: object = None
) -> bytes:
    """The canonical line of one event."""
    return event_line(
        [
            event_id(seq),
            str(TENANT),
            f"2026-01-01T00:00:{seq % 60:02}.000000Z",
            verb,
            json.dumps({"kind": "user", "id": event_id(0), "roles": ["reviewer"]}),
            "seat",
            event_id(seq + 500),
            None if case is None else str(UUID(int=case)),
            json.dumps(body or {"seq": seq, "note": "naïve \u2014 \u2028"}),
            json.dumps(personal or {}),
        ]
    )


def salted(value: str) -> tuple[str, str]:
    """A salt in hex, and the digest of a value under it."""
    salt = hashlib.md5(value.encode()).digest()
    return salt.hex(), hashlib.sha256(salt + value.encode()).hexdigest()


def value_line(seq: int, name: str, value: str) -> bytes:
    """A line of the personal values."""
    return one_form({"event_id": event_id(seq), "name": name, "salt": salted(value)[0], "value": value})


def checkpoint(lines: Sequence[bytes], *, signer: Signer = SIGNER, tenant: UUID = TENANT) -> str:
    """The signed note over events."""
    tree = Frontier()
    for line in lines:
        tree.append(leaf_hash(line))
    return signer.checkpoint(origin=origin_of(tenant), size=tree.size, root=tree.root())


def export_of(
    lines: Sequence[bytes],
    *,
    since: int = 0,
    marks: Sequence[int] = (),
    values: Sequence[bytes] = (),
) -> Held:
    """An export of `lines` from `since` on, with earlier checkpoints at the sizes `marks`."""
    start = Frontier()
    for line in lines[:since]:
        start.append(leaf_hash(line))
    leaves = [
        f"{seq} {json.loads(lines[seq])['id']} {leaf_hash(lines[seq]).hex()}\n" for seq in range(since, len(lines))
    ]
    manifest = {
        "format": FORMAT,
        "frontier": [each.hex() for each in start.hashes],
        "origin": origin_of(TENANT),
        "public_keys": [KEY],
        "since": since,
        "size": len(lines),
        "tenant_id": str(TENANT),
    }
    return Held(
        {
            MANIFEST: one_form(manifest),
            HEAD: checkpoint(lines).encode(),
            HISTORY: b"".join(one_form(checkpoint(lines[:mark])) for mark in marks),
            EVENTS: b"".join(line + b"\n" for line in lines[since:]),
            LEAVES: "".join(leaves).encode(),
            PERSONAL: b"".join(values),
        }
    )

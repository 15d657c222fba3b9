"""A tenant's ledger as the database holds it, in the shape of an export: to be written out, or verified in place.

Every chunk is read in a short scope of its own, so that an export of any length holds no transaction open. The
size is fixed at the start by the newest checkpoint, and what is sealed does not change.
"""

import base64
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from hitl_platform.kernel.errors import Invalid, NotFound
from hitl_platform.ledger.checkpoints import origin_of
from hitl_platform.ledger.events import COLUMNS, event_line
from hitl_platform.ledger.merkle import Frontier
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
from hitl_platform.tenants.scope import tenant_scope

# batch events may hold a thousand items each: few of them at a time
EVENTS_CHUNK = 250
LEAVES_CHUNK = 5_000
HISTORY_NOTES = 100

_HEAD = "select size, note from ledger_checkpoint order by size desc limit 1"
_HISTORY = """
select note, public_key from (
    select size, note, public_key, row_number() over (order by size) as nth, count(*) over () as total
    from ledger_checkpoint where size > %s and size <= %s
) c where nth %% greatest(1, total / %s) = 0 or nth = total order by size
"""
_FRONTIER = "select size, frontier from ledger_checkpoint where size <= %s order by size desc limit 1"
_LEAVES = """
select l.seq, l.event_id::text, encode(l.leaf_hash, 'hex') from ledger_auditleaf l
where l.seq >= %s and l.seq < %s order by l.seq
"""
_EVENTS = f"""
select {COLUMNS} from ledger_auditleaf l
join ledger_auditevent e on e.tenant_id = l.tenant_id and e.id = l.event_id
where l.seq >= %s and l.seq < %s order by l.seq
"""  # noqa: S608  # the columns are a constant
_PERSONAL = """
select p.event_id::text, p.name, encode(p.salt, 'hex'), p.value from ledger_auditleaf l
join ledger_auditpersonal p on p.tenant_id = l.tenant_id and p.event_id = l.event_id
where l.seq >= %s and l.seq < %s order by l.seq, p.name
"""
_BEHIND_THE_SEAL = """
select e.id::text from ledger_auditevent e join ledger_sealerstate s on s.epoch = e.epoch
where (e.xid, e.id) <= (s.xid, s.event_id)
and not exists (select from ledger_auditleaf l where l.tenant_id = e.tenant_id and l.event_id = e.id)
"""


class StoredLedger(Export):
    """The sealed events of a tenant from `since` on. Raises NotFound where nothing is sealed, Invalid for `since`."""

    def __init__(self, tenant_id: UUID, *, since: int = 0) -> None:
        self.damage: list[str] = []
        self.tenant_id, self.since = tenant_id, since
        rows = self._read(_HEAD)
        if not rows:
            raise NotFound("Nothing of this ledger is sealed yet.")
        self.size, self.head = rows[0]
        if not 0 <= since < self.size:
            raise Invalid(f"This ledger has {self.size} sealed events.", fields={"since": ["0 or more, below that"]})
        history = self._read(_HISTORY, [since, self.size, HISTORY_NOTES])
        self.notes = [note for note, _ in history[:-1]]
        # keys of former times stay with the checkpoints that they signed
        keys = dict.fromkeys(base64.b64encode(key).decode() for _, key in history)
        manifest = {
            "format": FORMAT,
            "frontier": [each.hex() for each in self._frontier().hashes],
            "origin": origin_of(tenant_id),
            "public_keys": list(keys),
            "since": since,
            "size": self.size,
            "tenant_id": str(tenant_id),
        }
        self.manifest = one_form(manifest)

    def rows(self, name: str) -> Iterator[bytes]:
        """The lines of a file of the export, each with its newline."""
        parts: dict[str, Callable[[], Iterator[bytes]]] = {
            MANIFEST: lambda: iter([self.manifest]),
            HEAD: lambda: iter([self.head.encode()]),
            HISTORY: lambda: (one_form(note) for note in self.notes),
            EVENTS: lambda: (event_line(row) + b"\n" for row in self._walk(_EVENTS, EVENTS_CHUNK)),
            LEAVES: lambda: (f"{seq} {event} {leaf}\n".encode() for seq, event, leaf in self._walk(_LEAVES)),
            PERSONAL: lambda: (
                one_form({"event_id": event, "name": name, "salt": salt, "value": value})
                for event, name, salt, value in self._walk(_PERSONAL)
            ),
        }
        return parts[name]()

    def behind_the_seal(self) -> list[str]:
        """Ids of events that stand before the sealer's mark and have no leaf: put there by another way than ours."""
        return [row[0] for row in self._read(_BEHIND_THE_SEAL)]

    def _frontier(self) -> Frontier:
        rows = self._read(_FRONTIER, [self.since])
        tree = Frontier(rows[0][0], bytes(rows[0][1])) if rows else Frontier()
        for _, _, leaf in self._walk(_LEAVES, start=tree.size, stop=self.since):
            tree.append(bytes.fromhex(leaf))
        return tree

    def _walk(
        self, query: str, chunk: int = LEAVES_CHUNK, *, start: int | None = None, stop: int | None = None
    ) -> Iterator[tuple[Any, ...]]:
        start, stop = self.since if start is None else start, self.size if stop is None else stop
        for at in range(start, stop, chunk):
            yield from self._read(query, [at, min(at + chunk, stop)])

    def _read(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with tenant_scope(self.tenant_id), connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return list(cursor.fetchall())

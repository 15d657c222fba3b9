#!/usr/bin/env python3
"""Verify an export of the ledger, offline, with the Python standard library alone.

    python3 verify.py EXPORT [--checkpoint OLDER.note] [--public-key KEY]

EXPORT is the zip file or its unpacked directory. Shown are: the events are those that were signed; personal values are
as recorded, or erased; each case was decided along the allowed transitions. What is wrong is named by seq and event id.
Keep `checkpoint.note` of each export for the next: only so a log that was rewritten and signed anew is found out. Take
KEY (`manage.py ledger_public_key`) from another hand. Exit status: 0 verified, 1 not as signed, 2 not readable.
"""

import argparse
import base64
import hashlib
import io
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

FORMAT = "hitl-ledger-export-1"
MANIFEST, EVENTS, LEAVES, PERSONAL = "manifest.json", "events.ndjson", "leaves.txt", "personal.ndjson"
HISTORY, HEAD, MAX_LINE, MAX_NAMED = "checkpoints.ndjson", "checkpoint.note", 64 << 20, 40
MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)

# the verbs that move a case: from which states (None: not seen before) to which
TRANSITIONS: dict[str, tuple[tuple[str | None, ...], str]] = {
    "case.submitted": ((None,), "received"),
    "case.scored": (("received",), "scored"),
    "case.sent_to_review": (("received", "scored"), "in_review"),
    "case.decided": (("scored", "in_review"), "decided"),
    "case.reopened": (("decided",), "in_review"),
    "case.restored": (("in_review",), "decided"),
    "case.withdrawn": (("received", "scored", "in_review"), "withdrawn"),
}


class Finding(NamedTuple):
    """One thing that is not as it was signed."""

    kind: str
    text: str
    seq: int | None = None
    event_id: str = ""

    def __str__(self) -> str:
        place = "" if self.seq is None else f" seq {self.seq}:"
        return f"{self.kind}:{place}{self.event_id and f' event {self.event_id}:'} {self.text}"


@dataclass
class Report:
    """What was found wrong, and `notes` that are no fault."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, kind: str, text: str, seq: int | None = None, event_id: str = "") -> None:
        self.findings.append(Finding(kind, text, seq, event_id))


class Export:
    """The files of an export; `damage` names those that could not be read to their end."""

    def __init__(self, path: Path) -> None:
        self.path, self.damage = path, list[str]()
        self.zip = None if path.is_dir() else zipfile.ZipFile(path)

    def text(self, name: str) -> str:
        return b"".join(self.rows(name)).decode(errors="replace")

    def rows(self, name: str) -> Iterator[bytes]:
        """The lines of a file, each with its newline."""
        try:
            source = self.zip.open(name) if self.zip else (self.path / name).open("rb")
            with io.BufferedReader(source, 1 << 20) as stream:  # type: ignore[type-var]  # IO[bytes] is enough
                yield from iter(lambda: stream.readline(MAX_LINE), b"")
        except (OSError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
            self.damage.append(f"{name}: {error}")


_P = 2**255 - 19  # Ed25519: RFC 8032, section 5.1.7
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
Point = tuple[int, int, int, int]


def _add(a: Point, b: Point) -> Point:
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % _P, (a[1] + a[0]) * (b[1] + b[0]) % _P
    g, h = 2 * a[3] * b[3] * _D % _P, 2 * a[2] * b[2] % _P
    return (f - e) * (h - g) % _P, (h + g) * (f + e) % _P, (h - g) * (h + g) % _P, (f - e) * (f + e) % _P


def _times(scalar: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point, scalar = _add(point, point), scalar >> 1
    return total


def _point(encoded: bytes) -> Point:
    y, sign = int.from_bytes(encoded, "little") & (1 << 255) - 1, encoded[31] >> 7
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if y >= _P or (x * x - square) % _P or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    x = x if x & 1 == sign else _P - x
    return x, y, 1, x * y % _P


_BASE = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))


def ed25519_verifies(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is that of `message` under `public_key`; raises ValueError for what is no curve point."""
    scalar = int.from_bytes(signature[32:], "little")
    if len(public_key) != 32 or len(signature) != 64 or scalar >= _ORDER:
        return False
    key, commitment = _point(public_key), _point(signature[:32])
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % _ORDER
    left, right = _times(scalar, _BASE), _add(commitment, _times(challenge, key))
    return (left[0] * right[2] - right[0] * left[2]) % _P == 0 == (left[1] * right[2] - right[1] * left[2]) % _P


class Tree:
    """A growing tree (RFC 6962) as the roots of its perfect subtrees; `roots` tells its root at each of `sizes`."""

    def __init__(self, size: int, subtrees: list[bytes], sizes: Iterable[int]) -> None:
        self.size, self.subtrees, self.sizes = size, list(subtrees), frozenset(sizes)
        self.roots = {size: self.root()}

    def append(self, leaf: bytes) -> None:
        size = self.size
        while size & 1:
            leaf = hashlib.sha256(b"\x01" + self.subtrees.pop() + leaf).digest()
            size >>= 1
        self.subtrees.append(leaf)
        self.size += 1
        if self.size in self.sizes:
            self.roots[self.size] = self.root()

    def root(self) -> bytes:
        root = self.subtrees[-1] if self.subtrees else hashlib.sha256().digest()
        for left in reversed(self.subtrees[:-1]):
            root = hashlib.sha256(b"\x01" + left + root).digest()
        return root


_ID = re.compile(rb'"id":"([0-9a-f-]{36})","personal":')
_LEAF = re.compile(rb"([0-9]{1,18}) (\S+) ([0-9a-f]{64})\n")
_NOTE = re.compile(r"([^\s+]+)\n(0|[1-9][0-9]*)\n([A-Za-z0-9+/]{43}=)\n\n((?:\u2014 \S+ \S+\n)+)")
Key = tuple[str, bytes, bytes]


def _leaf_hash(line: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + line.removesuffix(b"\n")).digest()


def one_form(value: Any) -> bytes:
    """The one line of bytes that the JSON files of an export hold for `value`."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _base64(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError(f"{text!r} is not the one base64 form of its bytes")
    return data


def read_key(text: str, origin: str) -> Key:
    """Name, id and key of the signed notes of `origin`, from the base64 of its 32 bytes."""
    key = _base64(text)
    if len(key) != 32:
        raise ValueError(f"{text!r} is no Ed25519 key")
    return origin, hashlib.sha256(origin.encode() + b"\n\x01" + key).digest()[:4], key


def open_checkpoint(note: str, keys: Sequence[Key]) -> tuple[str, int, bytes]:
    """Origin, size and root in `note` (a C2SP signed note), if one of `keys` signed it; else raises ValueError."""
    match = _NOTE.fullmatch(note)
    if match is None:
        raise ValueError("it is no checkpoint")
    text = note[: match.end(3) + 1].encode()
    for _, name, coded in (line.split(" ") for line in match[4].splitlines()):
        for key in keys:
            known = name == key[0] and (signed := _base64(coded))[:4] == key[1]
            if known and ed25519_verifies(key[2], text, signed[4:]):
                return match[1], int(match[2]), base64.b64decode(match[3])
    raise ValueError("none of the keys signed it")


class Contents:
    """Reads events in order: their tenant, their personal values, and the way of each case."""

    def __init__(self, export: Export, tenant_id: str, since: int) -> None:
        self.tenant_id, self.since, self.whole, self.found = tenant_id, since, since == 0, Report()
        self.missing, self.erased, self.odd = set[str](), set[str](), set[str]()
        self.states, self.values = dict[str, str](), dict[tuple[str, str], str]()
        for line in export.rows(PERSONAL):
            try:
                row = json.loads(line)
                salt, told = bytes.fromhex(row["salt"]), row["value"].encode()
                exact = one_form({**row, "salt": salt.hex()}) == line
                self.values[row["event_id"], row["name"]] = hashlib.sha256(salt + told).hexdigest() if exact else ""
            except MALFORMED:
                self.found.add("personal", f"{PERSONAL} holds a damaged line: {line[:200]!r}")

    def read(self, seq: int, line: bytes) -> str:
        """Check the event in `line` and answer its id, or nothing where it is no event."""
        try:
            event = json.loads(line)
            event_id, verb, body = str(event["id"]), str(event["verb"]), event["body"]
            if event["tenant_id"] != self.tenant_id:
                self.found.add("tenant", f"it belongs to {event['tenant_id']}", seq, event_id)
            for name, digest in event["personal"].items():
                value = self.values.pop((event_id, name), None)
                if value is None:
                    self.missing.add(event_id)
                elif value != digest:
                    self.found.add("personal", f"{name} is not the value that was recorded", seq, event_id)
            if verb == "personal.erased":
                self.erased.update(body.get("items") or [event["subject_id"]])
            for case in (body.get("items") or (event["case_id"],)) if verb in TRANSITIONS else ():
                if not self._move(self.states, case, verb):
                    self.odd.add(case)
        except MALFORMED:
            return ""
        return event_id

    def _move(self, states: dict[str, str], case: str, verb: str) -> bool:
        sources, target = TRANSITIONS[verb]
        before, states[case] = states.get(case), target
        return before in sources or (before is None and not self.whole)

    def close(self, report: Report, lines: Iterable[bytes]) -> None:  # what only the whole tells
        # a transaction that waited for another may be sealed before it: the clock has the last word on such cases
        moves, states = [], dict[str, str]()
        for seq, event in enumerate(map(json.loads, lines if self.odd else ()), self.since):
            told = (event["body"].get("items") or (event["case_id"],)) if event["verb"] in TRANSITIONS else ()
            moves += [(event["at"], seq, event["id"], event["verb"], case) for case in self.odd.intersection(told)]
        for _, seq, event_id, verb, case in sorted(moves):
            before = states.get(case, "unknown")
            if not self._move(states, case, verb):
                self.found.add("lifecycle", f"{verb} of case {case}, which is {before}", seq, event_id)
        for event_id, name in self.values:
            self.found.add("personal", f"{name} was not recorded with an event of this export", None, event_id)
        report.findings += self.found.findings
        if self.missing:
            known = len(self.missing & self.erased)
            report.notes.append(f"personal values of {len(self.missing)} events are erased, {known} erasures recorded")
        report.notes.append(f"{len(self.states)} cases, {list(self.states.values()).count('decided')} of them decided")


class Verification:
    """Holds an export against the checkpoints that were signed."""

    def __init__(self, export: Export, public_keys: Sequence[str]) -> None:
        self.export, self.report, manifest = export, Report(), json.loads(export.text(MANIFEST))
        self.tenant_id, self.origin = str(manifest["tenant_id"]), str(manifest["origin"])
        self.since, self.size = int(manifest["since"]), int(manifest["size"])
        self.subtrees = [bytes.fromhex(each) for each in manifest["frontier"]]
        told = manifest["format"], one_form(manifest), self.origin.rpartition("/")[2], self.since.bit_count()
        if told != (FORMAT, b"".join(export.rows(MANIFEST)), self.tenant_id, len(self.subtrees)) or self.since < 0:
            raise ValueError(f"{MANIFEST} is not of the format {FORMAT}")
        own = [read_key(each, self.origin) for each in manifest["public_keys"]]
        self.keys = [read_key(each, self.origin) for each in public_keys] or own
        if not public_keys:
            self.report.notes.append(f"the key came with the export; compare it: {' '.join(manifest['public_keys'])}")
        elif set(own) - set(self.keys):
            self.report.add("key", f"{MANIFEST} names a key that was not given")
        self.signed: dict[int, bytes] = {}

    def open(self, name: str, note: str | bytes) -> None:
        """Take in one signed checkpoint, as its text or as JSON."""
        try:
            origin, size, root = open_checkpoint(note if type(note) is str else str(json.loads(note)), self.keys)
        except MALFORMED as error:
            self.report.add("signature", f"{name}: {error}")
            return
        if origin != self.origin:
            self.report.add("origin", f"{name} is of the log {origin}")
        elif self.signed.setdefault(size, root) != root:
            self.report.add("fork", f"{name}: two roots are signed for {size} events")
        elif name == HEAD and size != self.size:
            self.report.add("manifest", f"it tells of {self.size} events, {HEAD} of {size}")
            self.size = size

    def walk(self) -> None:
        """One pass over events and leaves; only where they differ a second one, to name what happened."""
        contents = Contents(self.export, self.tenant_id, self.since)
        tree, odd = Tree(self.since, self.subtrees, self.signed), []
        rows = zip_longest(self.export.rows(EVENTS), self.export.rows(LEAVES), fillvalue=b"")
        for seq, (line, leaf) in enumerate(rows, self.since):
            hashed, event_id = _leaf_hash(line), contents.read(seq, line)
            tree.append(hashed)
            if leaf != f"{seq} {event_id} {hashed.hex()}\n".encode() or line[-1:] != b"\n":
                odd.append((seq, event_id))
        self.report.size = tree.size
        if tree.size != self.size or (odd and tree.roots.get(self.size) != self.signed.get(self.size, b"")):
            tree = self._name_events()
        elif odd:  # the events are those that were signed: it is the leaves that were touched
            for seq, event_id in odd:
                self.report.add("leaf", f"{EVENTS} and {LEAVES} do not agree", seq, event_id)
        else:
            contents.close(self.report, self.export.rows(EVENTS))
        self._compare(tree)

    def _name_events(self) -> Tree:
        """Name the events that are not as their leaves say; answers the tree of the leaves."""
        tree, place, lacking = Tree(self.since, self.subtrees, self.signed), dict[str, int](), dict[str, int]()
        for seq, leaf in enumerate(self.export.rows(LEAVES), self.since):
            row = _LEAF.fullmatch(leaf)
            tree.append(bytes.fromhex(row[3].decode()) if row else b"")
            if row is None or int(row[1]) != seq:
                self.report.add("leaf", f"{LEAVES} is damaged or out of order", seq)
            else:
                place[row[3].decode()] = lacking[row[2].decode()] = seq
        strangers, highest = [], -1
        for number, line in enumerate(self.export.rows(EVENTS), 1):
            at = place.pop(_leaf_hash(line).hex(), None)
            # keys are sorted, so the event's own id is the last: those in its body come before
            event_id = b"".join(_ID.findall(line)[-1:]).decode()
            if at is None:
                strangers.append((number, event_id))
                continue
            lacking.pop(event_id, None)
            if at < highest:
                self.report.add("moved", f"it stands in line {number}, after seq {highest}", at, event_id)
            highest = max(highest, at)
        for number, event_id in strangers:
            kind, at = "edited" if event_id in lacking else "inserted", lacking.pop(event_id, None)
            self.report.add(kind, f"line {number} of {EVENTS} is not as anything was sealed", at, event_id)
        for event_id, at in lacking.items():
            self.report.add("missing", "it was sealed and is not here", at, event_id)
        return tree

    def _compare(self, tree: Tree) -> None:
        if tree.size > self.size:
            self.report.add("inserted", f"{tree.size - self.size} events stand after the last signed one", self.size)
        good = {size for size, root in self.signed.items() if tree.roots.get(size) == root}
        for size in sorted(self.signed.keys() - good):
            if size < self.since:
                self.report.add("out of reach", f"a checkpoint of {size} events needs an export from there or before")
            elif size > tree.size:
                self.report.add("cut tail", f"{size} events were signed, these are {tree.size}", tree.size)
            elif any(size < later for later in good):
                self.report.add("fork", f"the root signed for {size} events is not that of this log", size - 1)
            else:
                low = max((each for each in good if each < size), default=self.since)
                self.report.add("root", f"from here to seq {size - 1} other events than these were signed", low)
                break


def verify(export: Export, *, public_keys: Sequence[str] = (), older: str = "") -> Report:
    """Check everything; `older` is a checkpoint kept from before. Raises ValueError for what is no export."""
    verification = Verification(export, public_keys)
    if older:
        verification.open("the older checkpoint", older)
    for row in export.rows(HISTORY):
        verification.open(HISTORY, row)
    verification.open(HEAD, export.text(HEAD))
    verification.walk()
    verification.report.findings += [Finding("damaged", text) for text in dict.fromkeys(export.damage)]
    return verification.report


def main(arguments: list[str] | None = None) -> int:
    """The command line; answers the exit status."""
    parser = argparse.ArgumentParser(description="Verify an export of the ledger, offline.")
    parser.add_argument("export", type=Path, help="the zip file, or the directory it was unpacked to")
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint.note kept from an earlier export")
    parser.add_argument("--public-key", action="append", default=[], help="from another hand than the export")
    options = parser.parse_args(arguments)
    try:
        older = options.checkpoint.read_text(errors="replace") if options.checkpoint else ""
        report = verify(Export(options.export), public_keys=options.public_key, older=older)
    except (*MALFORMED, OSError, zipfile.BadZipFile) as error:
        told = f"{MANIFEST} or a given key: {error!r}" if isinstance(error, MALFORMED) else error
        print(f"not readable: {told}", file=sys.stderr)
        return 2
    print(*report.findings[:MAX_NAMED], *(f"note: {note}" for note in report.notes), sep="\n")
    verdict = "NOT AS SIGNED" if report.findings else "verified"
    print(f"{verdict}: {report.size} events, {len(report.findings)} findings")
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())

"""Bringing many cases in: a stream of lines, stored chunk by chunk, each chunk a transaction of its own."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError

from cases import queries
from cases.ahead import one_ahead
from cases.models import CaseTypeVersion
from cases.schemas import MAX_SUBMISSION_BYTES
from cases.services.submit import submit_chunk
from cases.submissions import Intake, Submission, intake_of, read_submission
from hitl_platform.kernel import strict_json
from hitl_platform.kernel.errors import DomainError, TooLarge
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope

# a chunk is one transaction, and stays well under a second
MAX_CHUNK_LINES = 1_000
MAX_CHUNK_BYTES = 4 * 1024 * 1024
PROGRESS_EVERY_LINES = 10_000
# a client that sends nothing must not keep a thread of the server; this is still kind to 35 KB/s
MAX_SILENCE_SECONDS = 120.0
# past this many the file is wrong as a whole, and a client that does not read while it sends would stall
MAX_BAD_LINES = 10_000

logger = logging.getLogger(__name__)

Line = tuple[int, bytes | None]
Report = dict[str, Any]


@dataclass(slots=True)
class _Tally:
    """How far a stream has come. Up to `last_line` every line is stored, found or reported as bad."""

    last_line: int = 0
    accepted: int = 0
    existing: int = 0
    rejected: int = 0

    def told(self) -> dict[str, int]:
        return {
            "last_line": self.last_line,
            "accepted": self.accepted,
            "existing": self.existing,
            "rejected": self.rejected,
        }


@dataclass(slots=True)
class _Chunk:
    """Lines read and not yet stored."""

    numbers: list[int] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    refusals: dict[int, DomainError] = field(default_factory=dict)
    size: int = 0
    last_line: int = 0

    def add(self, line: Line, intake: Intake) -> None:
        self.last_line, data = line
        self.size += len(data or b"")
        try:
            if data is None:
                raise TooLarge(f"A line is at most {MAX_SUBMISSION_BYTES:,} bytes long.")
            raw = strict_json.loads(data, max_bytes=MAX_SUBMISSION_BYTES)
            submission = read_submission(raw, intake=intake)
        except DomainError as refusal:
            self.refusals[self.last_line] = refusal
            return
        self.numbers.append(self.last_line)
        self.submissions.append(submission)

    def lines(self) -> int:
        return len(self.numbers) + len(self.refusals)


def open_bulk(*, actor: Actor, case_type_key: str) -> CaseTypeVersion:
    """The version that every line of a stream is taken under; raises NotFound."""
    with tenant_scope(actor.tenant_id):
        return queries.get_current_version(actor, case_type_key)


def submit_lines(
    *, actor: Actor, version: CaseTypeVersion, lines: Iterable[Line], from_line: int = 1
) -> Iterator[Report]:
    """Store the submissions that `lines` hold, from `from_line` on, telling as it goes.

    Runs outside any scope. Yields one report a bad line ({"line", "code", "detail", "errors"}), now and then
    {"progress": …}, and at the end {"summary": …} with the reason where it stopped early. Lines are handled in
    order, chunk by chunk: after a failure, going on behind the last reported `last_line` loses nothing, and
    sending lines again is harmless.
    """
    tally = _Tally(last_line=from_line - 1)
    wanted = (line for line in lines if line[0] >= from_line)
    stopped = None
    try:
        for chunk in one_ahead(_chunks(wanted, intake_of(version)), patience=MAX_SILENCE_SECONDS):
            before = tally.last_line // PROGRESS_EVERY_LINES
            yield from _store(actor, version, chunk, tally)
            if tally.rejected > MAX_BAD_LINES:
                stopped = "too_many_bad_lines"
                break
            if tally.last_line // PROGRESS_EVERY_LINES > before:
                yield {"progress": tally.told()}
    except OperationalError:
        logger.exception("A bulk submission ended early: a chunk could not be stored.")
        stopped = "unavailable"
    except TimeoutError:
        stopped = "client_silent"
    yield {"summary": tally.told() | ({"stopped": stopped} if stopped else {})}


def _chunks(lines: Iterable[Line], intake: Intake) -> Iterator[_Chunk]:
    chunk = _Chunk()
    for line in lines:
        chunk.add(line, intake)
        if chunk.lines() >= MAX_CHUNK_LINES or chunk.size >= MAX_CHUNK_BYTES:
            yield chunk
            chunk = _Chunk()
    if chunk.lines():
        yield chunk


def _store(actor: Actor, version: CaseTypeVersion, chunk: _Chunk, tally: _Tally) -> list[Report]:
    """Store a chunk and tell of its bad lines; whatever it raises, nothing of it is stored or tallied."""
    reports = {number: _refused(number, refusal) for number, refusal in chunk.refusals.items()}
    if chunk.submissions:
        taken = submit_chunk(actor=actor, version=version, submissions=chunk.submissions)
        tally.accepted += len(taken.new)
        tally.existing += len(taken.cases) - len(taken.new) - len(taken.differing)
        for at, parts in taken.differing.items():
            number = chunk.numbers[at]
            reports[number] = {
                "line": number,
                "code": "external_id_taken",
                "detail": f"Case {taken.cases[at]} has this external id and another {', '.join(parts)}.",
                "errors": {part: ["It differs from the stored case's."] for part in parts},
            }
    tally.rejected += len(reports)
    tally.last_line = chunk.last_line
    return [reports[number] for number in sorted(reports)]


def _refused(number: int, refusal: DomainError) -> Report:
    return {"line": number, "code": refusal.code, "detail": refusal.message, "errors": refusal.fields}

"""What surrounds a case for its reviewer: earlier cases of its subject, and decided cases like it.

Neither may tell what the model would say: where the seat hides advice, what a model decided is left out of the similar
cases, and its label out of the history. Labels are shown at all only where the panel's template shows similar cases.
Neither may tell a hidden case when it comes: no reference is shown, and no case with a known answer; and how many cases
stand beside one does not depend on whether it was decided itself.
"""

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from cases.definitions import label_names
from cases.layouts import headline
from cases.queries import payloads
from hitl_platform.kernel.bound_cursor import bound_cursor
from hitl_platform.tenants.actor import Actor
from reviews import permissions, statements
from reviews.likeness import Likeness, Vectors, likeness_of, nearest
from reviews.models import Seat
from reviews.type_versions import type_version

MOST_EARLIER = 50
MOST_SIMILAR = 5
MOST_COMPARED = 10_000
# how long the vectors of a case type's decided cases are kept in memory, in seconds, and of how many types
KEPT_FOR = 120
MOST_KEPT = 8


@dataclass(frozen=True, slots=True)
class EarlierCase:
    """Another case of the same subject; `label` only where it may be shown."""

    case_type: str
    submitted_at: datetime
    state: str
    label: str


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """A decided case like this one. `distance` is 0 for its twin; a category that differs, or a deviation, is 1."""

    headline: str
    label: str
    decided_at: datetime
    distance: float


@dataclass(frozen=True, slots=True)
class Background:
    """What surrounds a case: its subject's history and, where the template shows them, similar cases."""

    earlier: Sequence[EarlierCase]
    more_earlier: int
    similar: Sequence[SimilarCase]
    shows_similar: bool


@dataclass(frozen=True, slots=True)
class _Decided:
    """A case type's decided cases as they stood at `read_at`, for one tenant."""

    read_at: float
    rows: Sequence[tuple[Any, ...]]
    likeness: Likeness
    vectors: Vectors


_kept: "OrderedDict[tuple[UUID, UUID], _Decided]" = OrderedDict()


def background_of(actor: Actor, seat: Seat, *, blind: bool) -> Background:
    """What surrounds the case of a seat in the actor's hands; with `blind`, nothing of what a model decided."""
    with bound_cursor() as cursor:
        cursor.execute(statements.SURROUNDINGS, {"tenant": seat.tenant_id, "panel": seat.panel_id})
        shows_similar, case_type_id = cursor.fetchone()
    earlier = _earlier(actor, seat, shows_labels=shows_similar, blind=blind)
    similar = _similar(actor, seat, case_type_id, blind=blind) if shows_similar else []
    return Background(earlier[:MOST_EARLIER], max(0, len(earlier) - MOST_EARLIER), similar, shows_similar)


def _earlier(actor: Actor, seat: Seat, *, shows_labels: bool, blind: bool) -> list[EarlierCase]:
    with bound_cursor() as cursor:
        cursor.execute(
            statements.EARLIER,
            {
                "tenant": seat.tenant_id,
                "me": actor.id,
                "case": seat.case_id,
                "every": permissions.can_manage_queue(actor, ()),
                "most": MOST_EARLIER * 4,
            },
        )
        rows = cursor.fetchall()
    return [
        EarlierCase(
            case_type=case_type,
            submitted_at=submitted_at,
            state=state,
            label=_name(version_id, label) if shows_labels and label and not (blind and made_by == "model") else "",
        )
        for _, case_type, version_id, submitted_at, state, label, made_by in rows
    ]


def _similar(actor: Actor, seat: Seat, case_type_id: UUID, *, blind: bool) -> list[SimilarCase]:
    decided = _decided(seat, case_type_id)
    withheld = _known(seat, case_type_id)
    readable = [
        row
        for row, (case_id, *_, made_by, own) in enumerate(decided.rows)
        if case_id not in withheld and actor.id not in own and not (blind and made_by == "model")
    ]
    # a case that comes again is one of them, and left out: a new one has as many beside it
    most = min(MOST_SIMILAR, max(0, len(readable) - 1))
    shown = [row for row in readable if decided.rows[row][0] != seat.case_id]
    vector = decided.likeness.vectors([payloads([seat.case_id])[seat.case_id]])
    found = nearest(decided.vectors[shown], vector, count=most) if most else []
    ids = [decided.rows[shown[at]][0] for at, _ in found]
    contents = payloads(ids) if ids else {}
    similar = []
    for at, distance in found:
        case_id, version_id, label, decided_at, *_ = decided.rows[shown[at]]
        version = type_version(version_id)
        line = headline(version.layout, payload=contents.get(case_id, {}), schema=version.payload_schema)
        similar.append(SimilarCase(line, _name(version_id, label), decided_at, distance))
    return similar


def _known(seat: Seat, case_type_id: UUID) -> set[UUID]:
    """Cases whose answer is known, now: what is kept may be two minutes old."""
    with bound_cursor() as cursor:
        cursor.execute(statements.KNOWN, {"tenant": seat.tenant_id, "case_type": case_type_id})
        return {case_id for (case_id,) in cursor.fetchall()}


def _decided(seat: Seat, case_type_id: UUID) -> _Decided:
    """The vectors of the last decided cases, one matrix a tenant and case type, computed in one pass."""
    key = (seat.tenant_id, case_type_id)
    kept = _kept.get(key)
    if kept is None or time.monotonic() - kept.read_at > KEPT_FOR:
        with bound_cursor() as cursor:
            asked: dict[str, Any] = {"tenant": seat.tenant_id, "case_type": case_type_id, "most": MOST_COMPARED}
            cursor.execute(statements.DECIDED, asked)
            rows = cursor.fetchall()
        contents = [orjson.loads(row[-1]) for row in rows]
        likeness = likeness_of(type_version(seat.type_version_id).payload_schema, contents)
        kept = _Decided(time.monotonic(), [row[:-1] for row in rows], likeness, likeness.vectors(contents))
        _kept[key] = kept
        if len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return kept


def _name(version_id: UUID, label: str) -> str:
    return label_names(type_version(version_id).labels).get(label, label)

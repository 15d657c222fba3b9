"""What a reviewer may see of a seat, and nothing more: blindness is decided here, for portal and API alike.

Left out on purpose: ids of the case, its predictions and its policy, its external id, its attributes, other
people's judgments before a dispute, how many there are, and the model's answer wherever the seat hides it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from hitl_platform.kernel.bound_cursor import bound_cursor
from hitl_platform.tenants.actor import Actor
from models_registry.queries import predictions_for
from reviews import permissions, statements
from reviews.models import Advice, Judgment, Seat, SeatKind
from reviews.queries import IN_HAND, reference_of
from reviews.states import SeatState
from reviews.type_versions import type_version

# Why people are asked, without a word about what the model would say.
WHY: Mapping[str, str] = {
    "rule": "A rule sends cases like this one to people.",
    "two_labels_close": "Two answers are close for the model.",
    "not_confident": "The model is not sure enough to decide alone.",
    "no_model": "No model answers for this kind of case.",
    "model_failed": "The model could not answer.",
    "rule_failed": "A routing rule could not be applied to this case.",
    "no_policy": "People decide every case of this kind.",
    "disputed": "The judgments of this panel differ.",
}


@dataclass(frozen=True, slots=True)
class SeenAdvice:
    """What the model says: its most probable label and a probability for each."""

    label: str
    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class SeenJudgment:
    """A judgment as the adjudicator of a dispute sees it: no name, numbered in the order of time."""

    number: int
    label: str
    first_label: str | None
    rationale: str
    reason_codes: Sequence[str]
    active_seconds: float | None
    judged_at: datetime
    simulated: bool


@dataclass(frozen=True, slots=True)
class SeatPage:
    """One seat before its reviewer. Where it is not in the reader's hands (`mine` is False), the case is left out.

    `step` is what is asked next: `first` (the blind answer), `final`, or `none`.
    """

    id: UUID
    reference: str
    queue_key: str
    queue_name: str
    instructions: str
    kind: str
    state: str
    mine: bool
    step: str
    lease_token: int
    lease_ends_at: datetime | None
    lease_seconds: int
    undo_until: datetime | None
    due_at: datetime | None
    opened_at: datetime
    read_at: datetime
    why: str
    why_words: str
    question: str
    labels: Sequence[Mapping[str, Any]]
    reason_codes: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]
    payload_schema: Mapping[str, Any]
    payload: Mapping[str, Any]
    advice_mode: str
    advice: SeenAdvice | None
    first_label: str | None
    submitted_label: str | None
    draft: Mapping[str, Any] | None
    draft_saved_at: datetime | None
    judgments: Sequence[SeenJudgment]


def seat_page(actor: Actor, seat: Seat) -> SeatPage:
    """The page of a seat that was read by `queries.get_seat` (or `view_seat`) for this actor."""
    version = type_version(seat.type_version_id)
    mine = permissions.holds(actor, seat) and seat.state != SeatState.CANCELLED
    why = "disputed" if seat.kind == SeatKind.ADJUDICATOR else seat.why
    payload, draft, draft_saved_at = _seen(actor, seat, mine=mine)
    return SeatPage(
        id=seat.pk,
        reference=reference_of(seat.case_id),
        queue_key=seat.queue.key,
        queue_name=seat.queue.name,
        instructions=seat.queue.instructions,
        kind=seat.kind,
        state=seat.state,
        mine=mine,
        step=_step(seat, mine=mine),
        lease_token=seat.lease_token if mine else 0,
        lease_ends_at=seat.lease_ends_at if mine else None,
        lease_seconds=seat.queue.lease_seconds,
        undo_until=_undo_until(seat) if mine else None,
        due_at=seat.due_at,
        opened_at=seat.opened_at,
        read_at=seat.read_at,
        why=why,
        why_words=WHY[why],
        question=version.question,
        labels=version.labels,
        reason_codes=version.reason_codes,
        layout=version.layout,
        payload_schema=version.payload_schema,
        payload=payload or {},
        advice_mode=seat.advice,
        advice=_advice(seat) if mine else None,
        first_label=seat.first_label if mine else None,
        submitted_label=_submitted_label(seat) if mine else None,
        draft=draft,
        draft_saved_at=draft_saved_at,
        judgments=_judgments(seat) if mine and seat.kind == SeatKind.ADJUDICATOR else (),
    )


def _seen(actor: Actor, seat: Seat, *, mine: bool) -> tuple[dict[str, Any] | None, dict[str, Any] | None, Any]:
    """The payload, unless the seat is another's; this person's draft, and when it was saved."""
    with bound_cursor() as cursor:
        cursor.execute(
            statements.SEEN,
            {"tenant": seat.tenant_id, "me": actor.id, "seat": seat.pk, "case": seat.case_id, "mine": mine},
        )
        *documents, saved_at = cursor.fetchone()
    payload, draft = (orjson.loads(document) if document is not None else None for document in documents)
    return payload, draft, saved_at


def shows_advice(seat: Seat) -> bool:
    """Whether the seat's holder may see the model's answer now."""
    if seat.advice == Advice.AFTER_ANSWER:
        return seat.first_label is not None
    return seat.advice == Advice.SHOWN


def _step(seat: Seat, *, mine: bool) -> str:
    if not mine or seat.state not in IN_HAND or seat.state == SeatState.HELD:
        return "none"
    return "first" if seat.advice == Advice.AFTER_ANSWER and seat.first_label is None else "final"


def _undo_until(seat: Seat) -> datetime | None:
    if seat.state != SeatState.SUBMITTED or seat.submitted_at is None:
        return None
    ends_at = seat.submitted_at + timedelta(seconds=seat.queue.undo_seconds)
    return ends_at if ends_at > seat.read_at else None


def _advice(seat: Seat) -> SeenAdvice | None:
    if not shows_advice(seat):
        return None
    prediction = predictions_for([seat.case_id]).get(seat.case_id)
    if prediction is None:
        return None
    shares = dict(zip(prediction.model_version.labels, prediction.probabilities, strict=True))
    return SeenAdvice(prediction.label, shares)


def _submitted_label(seat: Seat) -> str | None:
    if seat.state != SeatState.SUBMITTED:
        return None
    return Judgment.objects.filter(seat=seat, superseded_at__isnull=True).values_list("label", flat=True).first()


def _judgments(seat: Seat) -> list[SeenJudgment]:
    told = Judgment.objects.filter(panel_id=seat.panel_id, kind=SeatKind.REVIEWER, superseded_at__isnull=True)
    return [
        SeenJudgment(
            number, judgment.label, judgment.first_label, judgment.rationale, judgment.reason_codes,
            judgment.active_seconds, judgment.judged_at, judgment.reviewer.simulated,
        )
        for number, judgment in enumerate(told.select_related("reviewer").order_by("judged_at"), 1)
    ]  # fmt: skip

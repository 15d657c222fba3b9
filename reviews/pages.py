"""What a reviewer may see of a seat, and nothing more: blindness is decided here, for portal and API alike.

Left out on purpose: ids of the case, its predictions and its policy, its external id, its attributes, other
people's judgments before a dispute, how many there are, what others say on the case before one has judged it for good,
and the model's answer, and what moved it, wherever the seat hides it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from cases.layouts import File
from cases.models import CaseTypeVersion
from cases.queries import shown_files
from hitl_platform.kernel.bound_cursor import bound_cursor
from hitl_platform.tenants.actor import Actor
from models_registry.models import Prediction
from models_registry.queries import predictions_for
from reviews import permissions, queries, statements
from reviews.models import APPEAL, Advice, Judgment, Panel, Queue, Seat, SeatKind
from reviews.panels import Veto
from reviews.queries import IN_HAND, shown_reference
from reviews.similar import Background, background_of
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
    APPEAL: "The person concerned appeals against the decision. Judge the case afresh.",
}


# What a later stage of a chain does when it says otherwise than the one before.
VETOES: Mapping[str, str] = {
    Veto.DISPUTE: " If you differ, an adjudicator is asked.",
    Veto.SETTLE: " If you differ, your answer decides.",
}
MOST_MOVERS = 5


@dataclass(frozen=True, slots=True)
class SeenMover:
    """What one feature did to the model's answer: log-odds for `label` against the runner-up."""

    feature: str
    key: str
    log_odds: float


@dataclass(frozen=True, slots=True)
class SeenAdvice:
    """What the model says: its most probable label, a probability for each, and what moved it most (where it tells)."""

    label: str
    probabilities: Mapping[str, float]
    movers: Sequence[SeenMover] = ()


@dataclass(frozen=True, slots=True)
class SeenJudgment:
    """A judgment as the adjudicator of a dispute sees it, numbered by its seat; `name` only where names are shown."""

    number: int
    name: str
    label: str
    first_label: str | None
    rationale: str
    reason_codes: Sequence[str]
    evidence: Sequence[Mapping[str, Any]]
    active_seconds: float | None
    judged_at: datetime
    simulated: bool


@dataclass(frozen=True, slots=True)
class SeenComment:
    """What somebody said on the case. `author` is a name, or a number where the reader may not know names."""

    author: str
    mine: bool
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SeenCare:
    """How this person wants content that may distress; `sensitive` says that this case is of such a kind."""

    sensitive: bool
    blurs: bool
    greys: bool


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
    is_appeal: bool
    plea: str
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
    comments: Sequence[SeenComment]
    care: SeenCare
    files: Mapping[str, File]
    may_release: bool


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one statement reads for a page."""

    payload: dict[str, Any]
    draft: dict[str, Any] | None
    draft_saved_at: datetime | None
    care: Sequence[bool]
    comments: Sequence[Mapping[str, Any]]


def seat_page(actor: Actor, seat: Seat) -> SeatPage:
    """The page of a seat that was read by `queries.get_seat` (or `view_seat`) for this actor."""
    version = type_version(seat.type_version_id)
    mine = permissions.holds(actor, seat) and seat.state != SeatState.CANCELLED
    why = "disputed" if seat.kind == SeatKind.ADJUDICATOR else seat.why
    seen = _seen(actor, seat, mine=mine)
    judgments, numbers = _judgments(seat) if mine and seat.kind == SeatKind.ADJUDICATOR else ((), None)
    return SeatPage(
        id=seat.pk,
        reference=shown_reference(seat),
        kind=seat.kind,
        state=seat.state,
        mine=mine,
        step=_step(seat, mine=mine),
        lease_token=seat.lease_token if mine else 0,
        lease_ends_at=seat.lease_ends_at if mine else None,
        undo_until=_undo_until(seat) if mine else None,
        due_at=seat.due_at,
        opened_at=seat.opened_at,
        read_at=seat.read_at,
        why=why,
        why_words=WHY[why] + (_stage_in_words(seat) if mine and seat.stage else ""),
        is_appeal=seat.why == APPEAL,
        plea=_plea(seat) if mine and seat.why == APPEAL else "",
        advice_mode=seat.advice,
        advice=_advice(seat) if mine else None,
        first_label=seat.first_label if mine else None,
        submitted_label=_submitted_label(seat) if mine else None,
        payload=seen.payload,
        draft=seen.draft,
        draft_saved_at=seen.draft_saved_at,
        judgments=judgments,
        comments=_comments(actor, seat, seen, numbers),
        care=SeenCare(bool(version.layout.get("sensitive")), *seen.care),
        files=shown_files(seat.case_id, seat_id=seat.pk) if mine and names_files(version.layout) else {},
        may_release=_may_release(actor, seat, mine=mine),
        **_of_queue(seat.queue),
        **_of_type(version),
    )


def _of_queue(queue: Queue) -> dict[str, Any]:
    return {
        "queue_key": queue.key,
        "queue_name": queue.name,
        "instructions": queue.instructions,
        "lease_seconds": queue.lease_seconds,
    }


def _of_type(version: CaseTypeVersion) -> dict[str, Any]:
    names = ("question", "labels", "reason_codes", "layout", "payload_schema")
    return {name: getattr(version, name) for name in names}


def _stage_in_words(seat: Seat) -> str:
    """Which later stage of its chain this is, and what its objection does; never what was said before."""
    stages = Panel.objects.values_list("template__stages", flat=True).get(pk=seat.panel_id)
    stage = stages[seat.stage]
    where = f" You check what was decided before: stage {seat.stage + 1} of {len(stages)}, {stage['name']}."
    return where + VETOES.get(stage.get("veto", ""), "")


def _plea(seat: Seat) -> str:
    """What the person concerned says against the decision."""
    return str(Panel.objects.values_list("plea", flat=True).get(pk=seat.panel_id))


def surroundings(actor: Actor, seat: Seat) -> Background | None:
    """The history of the case's subject and similar cases, for the seat's holder; None for everybody else."""
    if not permissions.holds(actor, seat) or seat.state == SeatState.CANCELLED:
        return None
    return background_of(actor, seat, blind=not shows_advice(seat))


def _seen(actor: Actor, seat: Seat, *, mine: bool) -> _Seen:
    """The payload, unless the seat is another's; this person's draft and care; the comments that they may read."""
    with bound_cursor() as cursor:
        cursor.execute(
            statements.SEEN,
            {
                "tenant": seat.tenant_id,
                "me": actor.id,
                "seat": seat.pk,
                "case": seat.case_id,
                "panel": seat.panel_id,
                "mine": mine,
                "every": _reads_every_comment(seat),
            },
        )
        payload, draft, saved_at, care, comments = cursor.fetchone()
    return _Seen(
        payload=orjson.loads(payload) if payload is not None else {},
        draft=orjson.loads(draft) if draft is not None else None,
        draft_saved_at=saved_at,
        care=care or (True, True),
        comments=orjson.loads(comments) if comments is not None else (),
    )


def _reads_every_comment(seat: Seat) -> bool:
    """Whether the holder's own judgment can no longer be moved by what others say, or is to settle what they said."""
    return seat.kind == SeatKind.ADJUDICATOR or (seat.state == SeatState.SUBMITTED and _undo_until(seat) is None)


def _comments(actor: Actor, seat: Seat, seen: _Seen, numbers: Mapping[str, int] | None) -> list[SeenComment]:
    """`numbers` of seats stand for the names of their people, where names are hidden."""
    return [
        SeenComment(
            author=said["author"] if numbers is None or said["seat_id"] == str(seat.pk) else _numbered(said, numbers),
            mine=said["author_id"] == str(actor.id),
            text=said["text"],
            at=datetime.fromisoformat(said["created_at"]),
        )
        for said in seen.comments
    ]


def _numbered(said: Mapping[str, Any], numbers: Mapping[str, int]) -> str:
    number = numbers.get(said["author_id"])
    return f"Reviewer {number}" if number else "A reviewer"


def names_files(layout: Mapping[str, Any]) -> bool:
    """Whether the layout shows files, so that a case's are worth a query."""
    fields = (field for section in layout.get("sections") or () for field in section["fields"])
    return any(field.get("format") in ("image", "document") for field in fields)


def _may_release(actor: Actor, seat: Seat, *, mine: bool) -> bool:
    """Whether a manager may take the seat from whoever holds it."""
    taken = not mine and seat.state in (SeatState.CLAIMED, SeatState.HELD)
    return taken and permissions.can_manage_queue(actor, queries.granted_on(seat))


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
    return SeenAdvice(prediction.label, shares, _movers(prediction))


def _movers(prediction: Prediction) -> list[SeenMover]:
    """The features that moved a linear model most, the strongest first."""
    moved: dict[str, float] = prediction.contributions or {}
    paths = {
        each["name"]: each.get("path", each["name"]) for each in prediction.model_version.feature_schema["features"]
    }
    strongest = sorted(moved, key=lambda name: -abs(moved[name]))[:MOST_MOVERS]
    return [SeenMover(name, paths.get(name, name).split(".")[0], moved[name]) for name in strongest if moved[name]]


def _submitted_label(seat: Seat) -> str | None:
    if seat.state != SeatState.SUBMITTED:
        return None
    return Judgment.objects.filter(seat=seat, superseded_at__isnull=True).values_list("label", flat=True).first()


def _judgments(seat: Seat) -> tuple[list[SeenJudgment], dict[str, int] | None]:
    """What the reviewers of a panel said; and the number of each by id, where their names are hidden."""
    named = Panel.objects.filter(pk=seat.panel_id).values_list("template__adjudicator_sees_names", flat=True).get()
    told = Judgment.objects.filter(panel_id=seat.panel_id, kind=SeatKind.REVIEWER, superseded_at__isnull=True)
    numbered = list(enumerate(told.select_related("reviewer").order_by("seat_id"), 1))
    seen = [
        SeenJudgment(
            number=number,
            name=judgment.reviewer.name if named else "",
            label=judgment.label,
            first_label=judgment.first_label,
            rationale=judgment.rationale,
            reason_codes=judgment.reason_codes,
            evidence=judgment.evidence or [],
            active_seconds=judgment.active_seconds,
            judged_at=judgment.judged_at,
            simulated=judgment.reviewer.simulated,
        )
        for number, judgment in numbered
    ]
    return seen, None if named else {str(judgment.reviewer_id): number for number, judgment in numbered}

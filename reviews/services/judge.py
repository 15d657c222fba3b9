"""From the first look to the last word: view, draft, answer, submit, undo."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from cases.definitions import label_keys
from cases.queries import payloads
from hitl_platform.kernel.bound_cursor import bound_cursor
from hitl_platform.kernel.errors import Conflict, Invalid, require
from hitl_platform.ledger.commands import command, quiet_command, record
from hitl_platform.pipeline.services import enqueue
from hitl_platform.tenants.actor import Actor
from reviews import permissions, queries, statements
from reviews.evidence import problems_of
from reviews.models import Advice, Judgment, Panel, Purpose, Seat, SeatDraft
from reviews.services.late_answers import OVER, TIMED_OUT, require_seat_asked_for
from reviews.services.leases import begin_lease, lease_expired, look_after, require_lease
from reviews.states import SEAT, PanelState
from reviews.type_versions import type_version

MAX_RATIONALE = 5_000
MAX_DRAFT_FIELDS = 40
MAX_DRAFT_TEXT = 20_000
_JUDGED = [field.attname for field in Judgment._meta.concrete_fields]
# how much there was to read is counted where it lies: the payload need not travel for it
_COUNTED = {"content_length": statements.CONTENT_LENGTH, "evidence": "%(evidence)s::jsonb"}
_SUBMIT = statements.SUBMIT.format(
    columns=", ".join(_JUDGED), values=", ".join(_COUNTED.get(name, f"%({name})s") for name in _JUDGED)
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reviewer submits. `active_seconds` counts the time at work as the page measured it; `evidence` is what
    was marked in the case, in the form of `reviews.evidence`."""

    label: str
    rationale: str = ""
    reason_codes: Sequence[str] = ()
    active_seconds: float | None = None
    evidence: Sequence[Mapping[str, Any]] = ()


@quiet_command
def view_seat(*, actor: Actor, seat_id: UUID) -> Seat:
    """The seat, for its page; its holder's first look is noted."""
    seat = queries.get_seat(actor, seat_id)
    if permissions.holds(actor, seat) and seat.first_viewed_at is None:
        seat.first_viewed_at = seat.read_at
        Seat.objects.filter(pk=seat.pk, first_viewed_at__isnull=True).update(first_viewed_at=seat.first_viewed_at)
    return seat


@quiet_command
def save_draft(*, actor: Actor, seat_id: UUID, body: dict[str, Any]) -> SeatDraft:
    """Keep what this person has written so far; it outlives the lease."""
    seat = queries.get_seat(actor, seat_id)
    require(
        permissions.holds(actor, seat) or permissions.can_work_queue(actor, queries.granted_on(seat)),
        "This seat is not yours.",
    )
    permissions.require_may_judge(actor, seat)
    text = [value for value in body.values() if isinstance(value, str)]
    if len(body) > MAX_DRAFT_FIELDS or sum(map(len, text)) > MAX_DRAFT_TEXT:
        raise Invalid("The draft is too large.", fields={"body": ["It is larger than any decision."]})
    return _keep_draft(actor, seat, body)


@command
def answer_seat(*, actor: Actor, seat_id: UUID, lease_token: int, label: str) -> Seat:
    """Freeze the blind first answer; from here on its author may see advice."""
    seat = queries.get_seat(actor, seat_id, lock=True)
    require_lease(actor=actor, seat=seat, lease_token=lease_token)
    if seat.advice != Advice.AFTER_ANSWER:
        raise Conflict("This panel takes one answer: submit it.", code="no_first_answer")
    if seat.first_label is not None:
        raise Conflict("The first answer is frozen already.", code="already_answered")
    _require_known(seat, label=label, reason_codes=())
    seat.state = SEAT.apply("answer", seat.state)
    seat.first_label, seat.answered_at = label, seat.read_at
    begin_lease(seat)
    seat.save(update_fields=["state", "first_label", "answered_at", "lease_ends_at"])
    # an older draft must not put another label before the last word than the one just given
    _redraft_label(seat, label)
    record("seat.answered", seat, actor=actor, body={"panel_id": str(seat.panel_id), "label": label})
    return seat


def submit_judgment(*, actor: Actor, seat_id: UUID, lease_token: int, verdict: Verdict) -> Judgment:
    """Give the verdict on a seat. Where the lease has ended, it becomes a draft and Conflict is raised.

    The draft is kept only if the caller's transaction commits: a door answers the refusal, it does not abort.
    """
    try:
        return _submit(actor=actor, seat_id=seat_id, lease_token=lease_token, verdict=verdict)
    except Conflict as refusal:
        if refusal.code in (lease_expired().code, TIMED_OUT, OVER):
            save_draft(actor=actor, seat_id=seat_id, body=_as_draft(verdict))
        raise


@command
def _submit(*, actor: Actor, seat_id: UUID, lease_token: int, verdict: Verdict) -> Judgment:
    seat = queries.get_seat(actor, seat_id, lock=True)
    require_lease(actor=actor, seat=seat, lease_token=lease_token)
    require_seat_asked_for(seat)
    if seat.advice == Advice.AFTER_ANSWER and seat.first_label is None:
        raise Conflict("Answer first; then advice is shown.", code="answer_first")
    if len(verdict.rationale) > MAX_RATIONALE:
        raise Invalid("The rationale is too long.", fields={"rationale": [f"At most {MAX_RATIONALE} characters."]})
    _require_known(seat, label=verdict.label, reason_codes=verdict.reason_codes)
    _require_evidence(seat, verdict.evidence)
    seat.state = SEAT.apply("submit", seat.state)
    seat.submitted_at, seat.lease_ends_at = seat.read_at, None
    judgment = Judgment(tenant_id=actor.tenant_id, seat=seat, reviewer_id=actor.id, **_content(seat, verdict))
    _write(seat, judgment)
    enqueue(
        "consensus" if seat.purpose == Purpose.LIVE else "assess",
        tenant_id=actor.tenant_id,
        subject_id=seat.panel_id,
        case_ids=(seat.case_id,),
        dedupe_key=str(judgment.pk),
        run_at=seat.submitted_at + timedelta(seconds=seat.queue.undo_seconds) if seat.queue.undo_seconds else None,
    )
    _record_submitted(actor, judgment)
    return judgment


@command
def undo_judgment(*, actor: Actor, seat_id: UUID) -> Seat:
    """Take the last word back within the queue's undo time; the judgment is kept, marked as superseded."""
    seat = queries.get_seat(actor, seat_id, lock=True)
    require(permissions.holds(actor, seat), "This seat is not yours.")
    permissions.require_may_judge(actor, seat)
    target = SEAT.apply("undo", seat.state)
    undo_until = seat.submitted_at + timedelta(seconds=seat.queue.undo_seconds) if seat.submitted_at else None
    panel_is_live = Panel.objects.filter(pk=seat.panel_id, state__in=(PanelState.OPEN, PanelState.DISPUTED)).exists()
    if undo_until is None or undo_until <= seat.read_at or not panel_is_live:
        raise Conflict("It is too late to take this back.", code="undo_over")
    judgment = Judgment.objects.get(seat=seat, superseded_at__isnull=True)
    judgment.superseded_at = seat.read_at
    judgment.save(update_fields=["superseded_at"])
    # a frozen first answer stays: its author has seen the advice since
    seat.state, seat.submitted_at = target, None
    begin_lease(seat)
    seat.save(update_fields=["state", "submitted_at", "lease_ends_at"])
    # what was said is what stands on the page again, whatever was drafted before it
    _keep_draft(actor, seat, _said(judgment))
    record("judgment.undone", judgment, actor=actor, body={"panel_id": str(seat.panel_id)})
    look_after(seat)
    return seat


def _write(seat: Seat, judgment: Judgment) -> None:
    """The seat's new state and the judgment, by one statement: what is done at every click."""
    row = {name: getattr(judgment, name) for name in _JUDGED} | {"state": seat.state}
    row["evidence"] = orjson.dumps(judgment.evidence).decode()
    with bound_cursor() as cursor:
        cursor.execute(_SUBMIT, row)


def _content(seat: Seat, verdict: Verdict) -> dict[str, Any]:
    claimed_at = seat.claimed_at or seat.read_at
    longest = (seat.read_at - claimed_at).total_seconds()
    active = None if verdict.active_seconds is None else min(max(verdict.active_seconds, 0.0), longest)
    return {
        "panel_id": seat.panel_id,
        "case_id": seat.case_id,
        "case_type_id": type_version(seat.type_version_id).case_type_id,
        "kind": seat.kind,
        "label": verdict.label,
        "first_label": seat.first_label,
        "advice_shown": seat.advice != Advice.HIDDEN,
        "purpose": seat.purpose,
        "control": seat.control,
        "stage": seat.stage,
        "held_seconds": seat.held_seconds,
        "rationale": verdict.rationale,
        "reason_codes": list(verdict.reason_codes),
        "evidence": [dict(mark) for mark in verdict.evidence],
        "active_seconds": active,
        "claimed_at": claimed_at,
        "first_viewed_at": seat.first_viewed_at,
        "answered_at": seat.answered_at,
        "judged_at": seat.read_at,
    }


def _record_submitted(actor: Actor, judgment: Judgment) -> None:
    body = {
        "seat_id": str(judgment.seat_id),
        "panel_id": str(judgment.panel_id),
        "label": judgment.label,
        "first_label": judgment.first_label,
        "advice_shown": judgment.advice_shown,
        "reason_codes": judgment.reason_codes,
        "evidence": len(judgment.evidence),
    }
    # free text may name people: the ledger keeps its salted digest, so that it can be erased and still be proved
    personal = {"rationale": judgment.rationale} if judgment.rationale else None
    record("judgment.submitted", judgment, actor=actor, body=body, personal=personal)


def _require_known(seat: Seat, *, label: str, reason_codes: Sequence[str]) -> None:
    version = type_version(seat.type_version_id)
    fields: dict[str, list[str]] = {}
    if label not in label_keys(version.labels):
        fields["label"] = ["There is no such label."]
    known = {code["key"]: code.get("labels") for code in version.reason_codes}
    strange = [code for code in reason_codes if code not in known]
    unfit = [code for code in reason_codes if known.get(code) and label not in known[code]]
    if strange or len(set(reason_codes)) < len(reason_codes):
        fields["reason_codes"] = ["Each is a reason of this kind of case, named once."]
    elif unfit:
        fields["reason_codes"] = [f"{', '.join(unfit)} is no reason for {label}."]
    if fields:
        raise Invalid("The answer does not fit this kind of case.", fields=fields)


def _require_evidence(seat: Seat, evidence: Sequence[Mapping[str, Any]]) -> None:
    if not evidence:
        return
    problems = problems_of(evidence, payload=payloads([seat.case_id])[seat.case_id])
    if problems:
        raise Invalid("The evidence does not lie in the case.", fields=problems)


def _keep_draft(actor: Actor, seat: Seat, body: dict[str, Any]) -> SeatDraft:
    draft = SeatDraft(tenant_id=actor.tenant_id, seat=seat, reviewer_id=actor.id, body=body, saved_at=seat.read_at)
    SeatDraft.objects.bulk_create(
        [draft],
        update_conflicts=True,
        unique_fields=["tenant", "seat", "reviewer"],
        update_fields=["body", "saved_at"],
    )
    return draft


def _redraft_label(seat: Seat, label: str) -> None:
    with bound_cursor() as cursor:
        cursor.execute(
            statements.REDRAFT_LABEL,
            {"tenant": seat.tenant_id, "seat": seat.pk, "me": seat.reviewer_id, "label": label},
        )


def _said(judgment: Judgment) -> dict[str, Any]:
    said = {name: getattr(judgment, name) for name in ("label", "rationale", "reason_codes", "evidence")}
    return said | {"active_seconds": judgment.active_seconds}


def _as_draft(verdict: Verdict) -> dict[str, Any]:
    draft: dict[str, Any] = {
        "label": verdict.label,
        "rationale": verdict.rationale[:MAX_RATIONALE],
        "reason_codes": list(verdict.reason_codes),
    }
    return draft | ({"evidence": [dict(mark) for mark in verdict.evidence]} if verdict.evidence else {})

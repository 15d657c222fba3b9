"""Appeals: received, sent to people who had no part in the decision, heard, answered; or taken back."""

from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from audits import appeal_permissions, appeal_queries
from audits.models import Appeal, AppealDoor
from audits.states import APPEAL, AppealState
from cases.models import Case, Decision
from cases.queries import get_case
from cases.states import CaseState
from hitl_platform.access import duties
from hitl_platform.kernel.errors import Conflict, Invalid, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.notices.services import notify
from hitl_platform.tenants.actor import Actor
from reviews.escalation_queries import newest_calendars
from reviews.references import reference_of
from reviews.services.appeal_rounds import cancel_appeal_round, hearing_of, open_appeal_round, unfillable_seats
from reviews.services.service_levels import calendar_of
from reviews.sla import add_working_time, read_span

LONGEST_STATEMENT = 10_000
LONGEST_ANSWER = 10_000
# where nobody has said otherwise: an answer in a month, and an appeal in half a year
ANSWER_DAYS = 30
OPEN_DAYS = 183
ERASED = "What the case said is erased: nobody can judge it again."


@command
def receive_appeal(*, actor: Actor, case_id: UUID, statement: str, door: str = AppealDoor.API) -> tuple[Appeal, bool]:
    """A person's appeal against the decision that stands, and whether it is new; sent to people at once if it can be.

    The same words again, while the appeal is open, are the same appeal. Raises Invalid for words that are blank or
    too long; Conflict where the case is not decided (case_not_decided), the decision is appealed already
    (already_appealed), an appeal led to it (already_heard), or it is too late (appeal_too_late).
    """
    case = get_case(actor, case_id, lock=True)
    require(appeal_permissions.can_post_appeals(actor))
    statement = _words("statement", statement, most=LONGEST_STATEMENT)
    earlier = Appeal.objects.filter(case=case, state__in=APPEAL.sources("withdraw")).first()
    if earlier is not None and earlier.statement == statement:
        return earlier, False
    now = timezone.now()
    rule = appeal_queries.rule_of(case.case_type_id)
    decision = _appealable(case, open_days=rule.open_days if rule else OPEN_DAYS, now=now)
    calendar = calendar_of(newest_calendars().get(rule.calendar_key) if rule and rule.calendar_key else None)
    within = read_span(rule.answer_within if rule else f"{ANSWER_DAYS}d", calendar=calendar)
    appeal = Appeal(
        tenant_id=actor.tenant_id, case=case, case_type_id=case.case_type_id, decision=decision, door=door,
        statement=statement, received_at=now, due_at=add_working_time(now, within, calendar=calendar),
    )  # fmt: skip
    appeal.save(force_insert=True)
    body = {"decision_id": str(decision.pk), "door": str(door), "due_at": appeal.due_at.isoformat()}
    record("appeal.received", appeal, actor=actor, body=body, personal={"statement": statement})
    _send(actor, appeal)
    return appeal, True


@command
def send_waiting(*, actor: Actor, appeal_id: UUID) -> Appeal:
    """Send a received appeal to the people of its case type's rule; where that cannot be, it says what it waits for."""
    appeal = appeal_queries.locked_appeal(actor, appeal_id)
    require(appeal_permissions.can_handle_appeals(actor))
    APPEAL.apply("send", appeal.state)
    _send(actor, appeal)
    return appeal


@command
def answer_appeal(*, actor: Actor, appeal_id: UUID, outcome: str, answer: str) -> Appeal:
    """Close an appeal that was heard, with the outcome and the reasons that the person is given.

    Raises Conflict before it is heard (appeal_not_heard), Forbidden for whoever decided what is appealed, Invalid
    for an outcome that the two decisions do not bear out.
    """
    appeal = appeal_queries.locked_appeal(actor, appeal_id)
    require(appeal_permissions.can_handle_appeals(actor))
    duties.require_may_answer_appeal(
        actor, deciders=appeal_queries.deciders_of(appeal), submitter_id=appeal.case.submitter_id,
        subject_user_id=appeal.case.subject_user_id,
    )  # fmt: skip
    state = APPEAL.apply("answer", appeal.state)
    if appeal.result is None:
        raise Conflict("The panel has not decided yet.", code="appeal_not_heard")
    if outcome not in appeal_queries.possible_outcomes(appeal):
        told = f"The decision was {appeal.decision.label} and is {appeal.result.label}: this outcome says otherwise."
        raise Invalid("The answer does not fit.", fields={"outcome": [told]})
    appeal.answer = _words("answer", answer, most=LONGEST_ANSWER)
    appeal.state, appeal.outcome = state, outcome
    appeal.answered_by, appeal.decided_at, appeal.waits_for = actor.id, timezone.now(), ""
    appeal.save(update_fields=["state", "outcome", "answer", "answered_by", "decided_at", "waits_for"])
    body = {"outcome": outcome, "decision_id": str(appeal.decision_id), "result_id": str(appeal.result_id)}
    record("appeal.answered", appeal, actor=actor, body=body, personal={"answer": appeal.answer})
    return appeal


@command
def withdraw_appeal(*, actor: Actor, appeal_id: UUID) -> Appeal:
    """The person takes the appeal back, before anybody has decided it; the decision that stood stands again."""
    appeal = appeal_queries.locked_appeal(actor, appeal_id)
    require(appeal_permissions.can_post_appeals(actor))
    if appeal.state == AppealState.IN_REVIEW and appeal.panel_id is not None:
        if appeal.heard_at is not None:
            raise Conflict("The appeal has been heard already.", code="appeal_heard")
        cancel_appeal_round(actor=actor, case=appeal.case, panel_id=appeal.panel_id)
    _withdraw(actor, appeal, because="taken_back")
    return appeal


def note_hearing(*, actor: Actor, case_id: UUID) -> None:
    """Keep what the panel came to that heard a case's appeal, or that its case was withdrawn. In a command."""
    live = Appeal.objects.filter(case_id=case_id, state=AppealState.IN_REVIEW, heard_at__isnull=True)
    appeal = live.select_for_update(no_key=True).first()
    if appeal is None:
        return
    case = Case.objects.get(pk=case_id)
    if case.state == CaseState.WITHDRAWN:
        _withdraw(actor, appeal, because="case_withdrawn")
        return
    result = case.decisions.filter(panel_id=appeal.panel_id).first()
    if result is None:
        return
    appeal.result, appeal.heard_at, appeal.waits_for = result, timezone.now(), "Heard: the person waits for the answer."
    appeal.save(update_fields=["result", "heard_at", "waits_for"])
    record("appeal.heard", appeal, actor=actor, body={"result_id": str(result.pk), "label": result.label})
    _tell(appeal, "was heard", "The panel has decided. The person waits for an answer with its reasons.")


def _appealable(case: Case, *, open_days: int, now: datetime) -> Decision:
    """The decision that stands, if it may be appealed now."""
    if case.state != CaseState.DECIDED or case.decided_at is None:
        raise Conflict("Only a decided case can be appealed.", code="case_not_decided")
    if case.erased_at is not None:
        raise Conflict(ERASED, code="case_erased")
    decision = case.decisions.order_by("sequence").last()
    if decision is None:
        raise ValueError(f"case {case.pk} is decided by nothing")
    if appeal_queries.is_of_an_appeal(decision.pk):
        raise Conflict("This decision is the answer to an appeal.", code="already_heard")
    if Appeal.objects.filter(decision=decision).exclude(state=AppealState.WITHDRAWN).exists():
        raise Conflict("This decision is appealed already.", code="already_appealed")
    if now > decision.decided_at + timedelta(days=open_days):
        raise Conflict(f"An appeal comes within {open_days} days of the decision.", code="appeal_too_late")
    return decision


def _send(actor: Actor, appeal: Appeal) -> None:
    """Open the panel that hears it, or keep what it waits for and tell those who can change that."""
    rule = appeal_queries.rule_of(appeal.case_type_id)
    try:
        if appeal.case.erased_at is not None:
            raise Invalid(ERASED)
        if rule is None:
            raise Invalid("Nobody has said where appeals of this case type are heard.")
        hearing = hearing_of(queue_id=rule.queue_id, template_key=rule.template_key, case_type_id=appeal.case_type_id)
    except Invalid as problem:
        reasons = [reason for each in problem.fields.values() for reason in each]
        _wait(actor, appeal, " ".join([problem.message, *reasons]))
        return
    appeal.panel_id = open_appeal_round(
        actor=actor, case=appeal.case, hearing=hearing, plea=appeal.statement, due_at=appeal.due_at
    )
    appeal.state, appeal.sent_at = APPEAL.apply("send", appeal.state), timezone.now()
    short = unfillable_seats(appeal.panel_id)
    appeal.waits_for = _nobody_may(short, hearing.queue.name)
    appeal.save(update_fields=["state", "panel_id", "sent_at", "waits_for"])
    body = {"panel_id": str(appeal.panel_id), "queue": hearing.queue.key}
    record("appeal.sent", appeal, actor=actor, body=body | ({"unfillable": short} if short else {}))
    if short:
        _tell(appeal, "finds nobody to hear it", appeal.waits_for)


def _nobody_may(short: int, queue_name: str) -> str:
    """What an appeal waits for whose panel has seats that nobody may take."""
    if not short:
        return ""
    seats = "a seat" if short == 1 else f"{short} seats"
    return f"In {queue_name} nobody may take {seats} of the panel: more people with the skills, and no part in it."


def _wait(actor: Actor, appeal: Appeal, waits_for: str) -> None:
    if appeal.waits_for == waits_for:
        return
    appeal.waits_for = waits_for
    appeal.save(update_fields=["waits_for"])
    record("appeal.waits", appeal, actor=actor, body={"waits_for": waits_for})
    _tell(appeal, "waits for somebody to hear it", waits_for)


def _withdraw(actor: Actor, appeal: Appeal, *, because: str) -> None:
    appeal.state = APPEAL.apply("withdraw", appeal.state)
    appeal.withdrawn_at, appeal.withdrawn_because, appeal.waits_for = timezone.now(), because, ""
    appeal.save(update_fields=["state", "withdrawn_at", "withdrawn_because", "waits_for"])
    record("appeal.withdrawn", appeal, actor=actor, body={"because": because})


def _tell(appeal: Appeal, what: str, text: str) -> None:
    notify(
        tenant_id=appeal.tenant_id, recipient_ids=appeal_queries.officers(), kind="escalation",
        subject=f"The appeal of case {reference_of(appeal.case_id)} {what}", text=text,
        path=f"/audits/appeals/{appeal.pk}/", dedupe_key=f"appeal:{appeal.pk}:{what}",
    )  # fmt: skip


def _words(field: str, words: str, *, most: int) -> str:
    words = words.strip()
    if not words or len(words) > most or "\x00" in words:
        raise Invalid("Say it in words.", fields={field: [f"From 1 to {most} characters."]})
    return words

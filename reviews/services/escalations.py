"""Escalations: a rule fires for a panel, its ladder is climbed, somebody acknowledges; nothing is silent for ever."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from cases.models import Case
from cases.states import CaseState
from hitl_platform.access import duties
from hitl_platform.kernel.errors import Conflict, Invalid, require
from hitl_platform.kernel.ids import uuid7
from hitl_platform.ledger.commands import command, record
from hitl_platform.pipeline.services import NewStep, enqueue, enqueue_many
from hitl_platform.tenants.actor import Actor
from reviews import case_facts, escalation_queries, permissions, queries
from reviews.escalation_queries import LivePanel
from reviews.ladders import HOUSE_LADDER, REWAKE
from reviews.models import (
    LIVE_ESCALATION,
    LIVE_PANEL,
    Calendar,
    Escalation,
    EscalationRule,
    Panel,
    Purpose,
    Seat,
    Trigger,
)
from reviews.queries import IN_HAND
from reviews.services.rungs import NotYet, Outcome, call_again, take_rung
from reviews.services.service_levels import calendar_of
from reviews.sla import add_working_time, read_span
from reviews.states import ESCALATION, RuleState

LONGEST_WHY = 500
# while an answer can still be undone, a fallback waits
MOMENT = timedelta(minutes=1)


def fire(
    *,
    actor: Actor,
    trigger: str,
    panel_ids: Sequence[UUID] = (),
    case_ids: Sequence[UUID] = (),
    measures: Mapping[UUID, float] | None = None,
) -> list[Escalation]:
    """Fire the rules of a trigger for live panels, once each; in a command.

    `measures` are, by panel, what a rule with a threshold asks: a confidence, a count. A condition that cannot be
    told fires: an escalation too many is better than silence.
    """
    rules = escalation_queries.active_rules(trigger)
    if not rules:
        return []
    found = escalation_queries.live_panels(panel_ids=panel_ids, case_ids=case_ids)
    before = set(
        Escalation.objects.filter(
            rule__in=rules, panel_id__in=[each.panel.pk for each in found], asked_by__isnull=True
        ).values_list("rule_id", "panel_id")
    )
    now, fired = timezone.now(), []
    for rule in rules:
        for each in found:
            if rule.case_type_id != each.panel.case_type_id or (rule.pk, each.panel.pk) in before:
                continue
            because = _because(rule, each, measures or {}, now)
            if because is not None:
                fired.append(_begin(actor, each.panel, trigger=trigger, rule=rule, facts={"because": because}, now=now))
    return fired


@command
def ask_for_help(*, actor: Actor, seat_id: UUID, why: str) -> Escalation:
    """A reviewer asks for help with the case in hand, which stays there; without a rule for it managers are told.

    Raises Invalid for a reason that is blank or too long, Conflict where help was asked for already.
    """
    seat = queries.get_seat(actor, seat_id, lock=True)
    permissions.require_may_judge(actor, seat)
    require(permissions.holds(actor, seat), "This seat is not yours.")
    why = why.strip()
    if not why or len(why) > LONGEST_WHY:
        raise Invalid("Say what you need.", fields={"why": [f"From 1 to {LONGEST_WHY} characters."]})
    if seat.state not in IN_HAND:
        raise Conflict("This case is not in your hands.", code="seat_not_in_hand")
    if Escalation.objects.filter(panel_id=seat.panel_id, asked_by=actor.id, state__in=LIVE_ESCALATION).exists():
        raise Conflict("You have asked for help with this case; somebody will look at it.", code="help_asked")
    body = {"panel_id": str(seat.panel_id)}
    record("seat.help_asked", seat, actor=actor, body=body, personal={"why": why})
    now = timezone.now()
    asked: dict[str, Any] = {"asked_by": actor.id, "why": why}
    panel = Panel.objects.select_related("queue").get(pk=seat.panel_id)
    rule, facts = _rule_for(panel, now)
    # what a rule does has effects outside, which a hidden case never has; it is asked all the same, as of a live one
    if panel.purpose != Purpose.LIVE:
        rule, facts = None, {}
    return _begin(actor, panel, trigger=Trigger.REVIEWER_ASKS, rule=rule, facts=facts, now=now, **asked)


@command
def acknowledge_escalation(*, actor: Actor, escalation_id: UUID) -> Escalation:
    """Somebody who had no part in it looks after it; if the case is then not decided in time, it wakes again."""
    escalation = escalation_queries.get_escalation(actor, escalation_id, lock=True)
    _require_may_settle(actor, escalation)
    escalation.state = ESCALATION.apply("acknowledge", escalation.state)
    escalation.acknowledged_by, escalation.acknowledged_at = actor.id, timezone.now()
    _come_again(escalation, after=_rewake(escalation), now=timezone.now())
    escalation.save(update_fields=["state", "acknowledged_by", "acknowledged_at", "wakes", "next_at"])
    record("escalation.acknowledged", escalation, actor=actor, body={"rung": escalation.rung})
    return escalation


@command
def cancel_escalation(*, actor: Actor, escalation_id: UUID, why: str) -> Escalation:
    """Call an escalation off, with a reason."""
    escalation = escalation_queries.get_escalation(actor, escalation_id, lock=True)
    _require_may_settle(actor, escalation)
    if not why.strip() or len(why) > LONGEST_WHY:
        raise Invalid("Say why.", fields={"why": [f"From 1 to {LONGEST_WHY} characters."]})
    _end(actor, escalation, verb="cancel", because="called_off", personal={"why": why.strip()})
    return escalation


def climb(*, actor: Actor, escalation_id: UUID, wake: int) -> None:
    """One rung up, at the wake whose step has come; an earlier wake's step finds itself stale. In a step's finish."""
    rows = Escalation.objects.select_for_update(no_key=True, of=("self",))
    rows = rows.select_related("rule", "calendar", "panel", "panel__queue")
    escalation = rows.filter(pk=escalation_id, state__in=LIVE_ESCALATION, wakes=wake).first()
    if escalation is None or _is_over(actor, escalation):
        return
    ladder = _ladder(escalation)
    now = timezone.now()
    was = escalation.state
    escalation.state = ESCALATION.apply("rewake", escalation.state)
    try:
        outcome = _step_up(actor, escalation, ladder, again=was == "acknowledged")
    except NotYet:
        escalation.state = was
        _come_again(escalation, after="", now=now)
        escalation.save(update_fields=["wakes", "next_at"])
        record("escalation.waits", escalation, actor=actor, body={"because": "answer_is_there"})
        return
    if outcome.ends:
        _end(actor, escalation, verb="finish", because="fallback")
        end_with_panels(actor=actor, panel_ids=[escalation.panel_id], because="fallback")
        return
    higher = escalation.rung < len(ladder)
    _come_again(
        escalation, after=ladder[escalation.rung].get("after", "0min") if higher else _rewake(escalation), now=now
    )
    escalation.save(update_fields=["state", "rung", "wakes", "next_at"])


def end_with_panels(*, actor: Actor, panel_ids: Collection[UUID], because: str, verb: str = "finish") -> None:
    """These panels are over, settled (`finish`) or not (`cancel`), and so are their escalations; in a command."""
    live = Escalation.objects.filter(panel_id__in=panel_ids, state__in=LIVE_ESCALATION).order_by("pk")
    # one that climbs just now holds its row and may wait for the panel's: it sees for itself when it wakes again
    for escalation in live.select_for_update(no_key=True, skip_locked=True):
        _end(actor, escalation, verb=verb, because=because)


def watch_opened(
    *, tenant_id: UUID, importances: Mapping[UUID, float], failed: Collection[UUID], event_id: UUID
) -> None:
    """Panels have opened, for cases of these importances; on `failed` ones automatic work died: one query.

    The rules for that fire by a step.
    """
    rules = EscalationRule.objects.filter(
        state=RuleState.ACTIVE, trigger__in=(Trigger.IMPORTANCE_ABOVE, Trigger.DEAD_STEP)
    )
    wanted = list(rules.values_list("trigger", "definition"))
    least = min((each["threshold"] for trigger, each in wanted if trigger == Trigger.IMPORTANCE_ABOVE), default=None)
    found: dict[str, list[UUID]] = {}
    if least is not None:
        found[Trigger.IMPORTANCE_ABOVE] = [case_id for case_id, weight in importances.items() if weight > least]
    if any(trigger == Trigger.DEAD_STEP for trigger, _ in wanted):
        found[Trigger.DEAD_STEP] = list(failed)
    for trigger, case_ids in found.items():
        if case_ids:
            step = NewStep(event_id, case_ids, dedupe_key=str(trigger), cause=str(trigger))
            enqueue_many("escalate", tenant_id=tenant_id, rows=[step])


def fire_disputes(*, actor: Actor, confidences: Mapping[UUID, float | None]) -> None:
    """Panels are in dispute, with what confidence their judgments came to; in a command."""
    panel_ids = list(confidences)
    fire(actor=actor, trigger=Trigger.DISAGREEMENT, panel_ids=panel_ids)
    known = {panel_id: confidence for panel_id, confidence in confidences.items() if confidence is not None}
    fire(actor=actor, trigger=Trigger.LOW_CONFIDENCE, panel_ids=panel_ids, measures=known)


def note_returns(*, tenant_id: UUID, seats: Collection[Seat]) -> None:
    """Seats came back to their queue: the rules that count this are looked at by a step, if there are any."""
    if not seats or not escalation_queries.active_rules(Trigger.RELEASES):
        return
    # once a return: nothing is as particular to it as a new key
    rows = [
        NewStep(seat.pk, (seat.case_id,), dedupe_key=f"returned:{uuid7()}", cause=str(Trigger.RELEASES))
        for seat in seats
    ]
    enqueue_many("escalate", tenant_id=tenant_id, rows=rows)


def returns_of(panel_ids: Collection[UUID]) -> dict[UUID, float]:
    """How often a seat of each panel came back: the most of its seats, by the count of their leases."""
    found: dict[UUID, float] = {}
    for panel_id, token, state in Seat.objects.filter(panel_id__in=panel_ids).values_list(
        "panel_id", "lease_token", "state"
    ):
        came_back = token if state == "open" else token - 1
        found[panel_id] = max(found.get(panel_id, 0.0), float(came_back))
    return found


def _rule_for(panel: Panel, now: datetime) -> tuple[EscalationRule | None, dict[str, Any]]:
    """The rule that answers to who asks for help with a panel's case, and why it does."""
    seen = escalation_queries.cases_seen([panel.case_id], states=(CaseState.IN_REVIEW, CaseState.DECIDED))
    for rule in escalation_queries.active_rules(Trigger.REVIEWER_ASKS):
        if rule.case_type_id == panel.case_type_id and panel.case_id in seen:
            because = _because(rule, LivePanel(panel, seen[panel.case_id]), {}, now)
            if because is not None:
                return rule, {"because": because}
    return None, {}


def _step_up(actor: Actor, escalation: Escalation, ladder: Sequence[Mapping[str, Any]], *, again: bool) -> Outcome:
    """Do the next rung, or, from the highest, call again; `again` says that it had been acknowledged."""
    at = escalation.rung
    if at >= len(ladder):
        outcome = call_again(actor, escalation=escalation, ladder=ladder)
        record("escalation.rewoken", escalation, actor=actor, body={"rung": at, "told": outcome.told})
        return outcome
    if again:
        record("escalation.rewoken", escalation, actor=actor, body={"rung": at, "told": 0})
    outcome = take_rung(actor, escalation=escalation, rung=ladder[at])
    escalation.rung = at + 1
    body = {"rung": at + 1, "action": ladder[at]["action"], "done": outcome.done, "told": outcome.told}
    record(
        "escalation.rung",
        escalation,
        actor=actor,
        body=body | ({"because": outcome.because} if outcome.because else {}),
    )
    return outcome


def _is_over(actor: Actor, escalation: Escalation) -> bool:
    """Whether there is nothing left to climb for; then the escalation ends."""
    if escalation.panel.state not in LIVE_PANEL:
        withdrawn = Case.objects.filter(pk=escalation.case_id, state=CaseState.WITHDRAWN).exists()
        because = "case_withdrawn" if withdrawn else "case_decided"
        _end(actor, escalation, verb="cancel" if withdrawn else "finish", because=because)
        return True
    if escalation.rule is not None and escalation.rule.state == RuleState.DISABLED:
        _end(actor, escalation, verb="cancel", because="rule_disabled")
        return True
    return False


def _begin(
    actor: Actor,
    panel: Panel,
    *,
    trigger: str,
    rule: EscalationRule | None,
    facts: dict[str, Any],
    now: datetime,
    asked_by: UUID | None = None,
    why: str = "",
) -> Escalation:
    escalation = Escalation(
        tenant_id=actor.tenant_id, rule=rule, trigger=trigger, panel=panel, case_id=panel.case_id,
        queue_id=panel.queue_id, calendar=_calendar(rule, panel), facts=facts, fired_at=now, asked_by=asked_by, why=why,
    )  # fmt: skip
    _come_again(escalation, after=_ladder(escalation)[0].get("after", "0min"), now=now)
    escalation.save(force_insert=True)
    body: dict[str, Any] = {"trigger": str(trigger), "panel_id": str(panel.pk)}
    body |= {"rule": rule.key, "rule_version": rule.version} if rule is not None else {}
    record("escalation.fired", escalation, actor=actor, body=body)
    return escalation


def _come_again(escalation: Escalation, *, after: str, now: datetime) -> None:
    """Let the escalation wake after a term ("" for a moment), by a step of its own."""
    working = calendar_of(escalation.calendar)
    escalation.wakes += 1
    wait = read_span(after, calendar=working) if after else MOMENT
    escalation.next_at = add_working_time(now, wait, calendar=working)
    enqueue(
        "climb",
        tenant_id=escalation.tenant_id,
        subject_id=escalation.pk,
        case_ids=(escalation.case_id,),
        dedupe_key=str(escalation.wakes),
        run_at=escalation.next_at,
    )


def _end(
    actor: Actor, escalation: Escalation, *, verb: str, because: str, personal: dict[str, str] | None = None
) -> None:
    escalation.state = ESCALATION.apply(verb, escalation.state)
    escalation.ended_at, escalation.ended_because, escalation.next_at = timezone.now(), because, None
    escalation.save(update_fields=["state", "rung", "ended_at", "ended_because", "next_at"])
    event = "escalation.finished" if verb == "finish" else "escalation.cancelled"
    record(event, escalation, actor=actor, body={"because": because}, personal=personal)


def _because(rule: EscalationRule, each: LivePanel, measures: Mapping[UUID, float], now: datetime) -> list[str] | None:
    """Why the rule fires for a panel, in words, or None where it does not."""
    told: list[str] = []
    threshold = rule.definition.get("threshold")
    if threshold is not None:
        measured = each.seen.importance if rule.trigger == Trigger.IMPORTANCE_ABOVE else measures.get(each.panel.pk)
        if measured is None or not _passes(rule.trigger, measured, threshold):
            return None
        told.append(f"{rule.trigger} {measured:g}, threshold {threshold:g}")
    if not rule.definition.get("when"):
        return told
    verdict = case_facts.judge(rule.definition["when"], each.seen, now=now)
    if verdict.error:
        return [*told, f"the condition could not be told: {verdict.error}"]
    return [*told, *verdict.because] if verdict.fired else None


def _passes(trigger: str, measured: float, threshold: float) -> bool:
    if trigger == Trigger.LOW_CONFIDENCE:
        return measured < threshold
    return measured >= threshold if trigger == Trigger.RELEASES else measured > threshold


def _calendar(rule: EscalationRule | None, panel: Panel) -> Calendar | None:
    """The rule's own calendar, or else the one under which the panel's clock runs."""
    named = rule.definition.get("calendar") if rule is not None else None
    if named:
        return escalation_queries.newest_calendars().get(named)
    clock = escalation_queries.clocks_of([panel.pk]).get(panel.pk)
    return clock.calendar if clock is not None else None


def _ladder(escalation: Escalation) -> Sequence[Mapping[str, Any]]:
    return escalation.rule.ladder if escalation.rule is not None else HOUSE_LADDER


def _rewake(escalation: Escalation) -> str:
    definition = escalation.rule.definition if escalation.rule is not None else {}
    return str(definition.get("rewake", REWAKE))


def _require_may_settle(actor: Actor, escalation: Escalation) -> None:
    require(permissions.can_define_reviews(actor), "Managers look after escalations.")
    insiders = escalation_queries.voters_of(escalation.panel_id) | {escalation.asked_by}
    duties.require_outsider(actor, insiders=insiders, what="An escalation")

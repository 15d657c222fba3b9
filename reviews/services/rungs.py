"""What the rungs of a ladder do: each one action on one panel, done or refused with a reason."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.urls import reverse

from cases.definitions import favourable_keys, label_keys
from cases.models import Case, MadeBy
from cases.services import NewDecision, decide_cases
from hitl_platform.kernel.errors import Conflict, DomainError
from hitl_platform.kernel.ids import uuid7
from hitl_platform.ledger.commands import record, record_batch
from hitl_platform.notices.services import notify
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership, Role
from reviews import escalation_queries, ladders, permissions
from reviews.models import APPEAL, Escalation, QueueUserPermission, Seat, SeatSkip, SkipMeaning, Trigger
from reviews.queries import IN_HAND, shown_reference
from reviews.services.panels import add_seat, cancel_seats, dispute_panel, move_panel, move_panels
from reviews.services.priorities import raise_priority
from reviews.states import SeatState
from reviews.type_versions import type_version

WORDS: Mapping[str, str] = {
    Trigger.DISAGREEMENT: "its reviewers disagree",
    Trigger.LOW_CONFIDENCE: "its judgments add up to too little confidence",
    Trigger.SLA_AT_RISK: "it is soon overdue",
    Trigger.SLA_BREACHED: "it is overdue",
    Trigger.REVIEWER_ASKS: "a reviewer asks for help",
    Trigger.IMPORTANCE_ABOVE: "it is important",
    Trigger.RELEASES: "it was given back again and again",
    Trigger.DEAD_STEP: "automatic work on it failed",
}
_WORKS = {Role.REVIEWER.value, Role.ADJUDICATOR.value}
_ENTERS = {Role.MANAGER.value, Role.COMPLIANCE_OFFICER.value, Role.OWNER.value}


class NotYet(Conflict):
    """The rung has to wait: the panel's answer is there and its undo time runs."""


class Outcome(NamedTuple):
    """What became of a rung. `because` is a code where it was refused; `ends` says that nothing is left to do."""

    done: bool
    because: str = ""
    ends: bool = False
    told: int = 0


def take_rung(actor: Actor, *, escalation: Escalation, rung: Mapping[str, Any]) -> Outcome:
    """Do one rung. What a service refuses is an outcome; raises NotYet where it has to wait."""
    try:
        return _ACTIONS[rung["action"]](actor, escalation, rung)
    except NotYet:
        raise
    except DomainError as refusal:
        return Outcome(done=False, because=refusal.code)


def call_again(actor: Actor, *, escalation: Escalation, ladder: Sequence[Mapping[str, Any]]) -> Outcome:
    """From the top of the ladder: tell once more those whom its highest rung that tells anybody names."""
    telling = [rung for rung in ladder if rung["action"] == "notify"]
    return _notify(actor, escalation, telling[-1] if telling else {"roles": [Role.MANAGER, Role.OWNER]})


def _raise(actor: Actor, escalation: Escalation, rung: Mapping[str, Any]) -> Outcome:
    # reviewers read it, and must not learn from it what others or a model said
    raise_priority(actor=actor, panel_id=escalation.panel_id, by=rung["by"], why="Escalated")
    return Outcome(done=True)


def _add(actor: Actor, escalation: Escalation, _rung: Mapping[str, Any]) -> Outcome:
    add_seat(actor=actor, panel_id=escalation.panel_id, why=_why(escalation))
    return Outcome(done=True)


def _move(actor: Actor, escalation: Escalation, rung: Mapping[str, Any]) -> Outcome:
    move_panel(actor=actor, panel_id=escalation.panel_id, queue_key=rung["queue"])
    return Outcome(done=True)


def _adjudicate(actor: Actor, escalation: Escalation, _rung: Mapping[str, Any]) -> Outcome:
    dispute_panel(actor=actor, panel_id=escalation.panel_id, why=_why(escalation))
    if escalation.asked_by is not None:
        _pass_over(actor, escalation, escalation.asked_by)
    return Outcome(done=True)


def _notify(actor: Actor, escalation: Escalation, rung: Mapping[str, Any]) -> Outcome:
    reached = recipients(
        rung.get("roles", ()), people=rung.get("people", ()), queue_id=escalation.panel.queue_id,
        but=escalation_queries.voters_of(escalation.panel_id) | {escalation.asked_by},
    )  # fmt: skip
    kind = escalation.trigger if escalation.trigger in (Trigger.SLA_AT_RISK, Trigger.SLA_BREACHED) else "escalation"
    reference, queue = shown_reference(escalation.panel), escalation.panel.queue
    said = {
        "kind": str(kind),
        "subject": f"Case {reference}: {WORDS[escalation.trigger]}",
        "text": f"Case {reference} in the queue {queue.name} needs somebody: {WORDS[escalation.trigger]}.",
        "dedupe_key": f"{escalation.pk}:{escalation.wakes}",
    }
    where = reverse("console:reviews_escalation_change", args=[escalation.pk])
    inside = {user_id for user_id, roles in reached.items() if roles & _ENTERS}
    notify(tenant_id=actor.tenant_id, recipient_ids=sorted(inside), path=where, **said)
    others = sorted(set(reached) - inside)
    notify(tenant_id=actor.tenant_id, recipient_ids=others, path=reverse("queue", args=[queue.key]), **said)
    return Outcome(done=bool(reached), because="" if reached else "nobody_to_tell", told=len(reached))


def _decide(actor: Actor, escalation: Escalation, rung: Mapping[str, Any]) -> Outcome:
    """Decide what the rule declares for the case that nobody answers; never what is favourable."""
    panel = escalation.panel
    if panel.why == APPEAL:
        return Outcome(done=False, because="appeal_needs_people")
    waiting = Seat.objects.filter(panel=panel, state__in=(SeatState.OPEN, *IN_HAND))
    if not waiting.exists():
        raise NotYet("Every seat has answered.", code="answer_is_there")
    labels = type_version(Case.objects.values_list("type_version_id", flat=True).get(pk=escalation.case_id)).labels
    # the case may be of another definition than the rule was checked against
    problem = ladders.fallback_problem(rung["label"], labels=label_keys(labels), favourable=favourable_keys(labels))
    if problem:
        return Outcome(done=False, because="label_not_allowed")
    event_id = uuid7()
    decision = NewDecision(
        case_id=escalation.case_id, label=rung["label"], made_by=MadeBy.FALLBACK, event_id=event_id,
        policy_id=panel.policy_id, panel_id=panel.pk,
    )  # fmt: skip
    if not decide_cases(actor=actor, decisions=[decision]):
        return Outcome(done=False, because="case_over")
    move_panels("cancel", panel_ids=[panel.pk])
    cancel_seats(panel_ids=[panel.pk])
    told = {"decision_id": str(decision.id), "label": decision.label, "escalation_id": str(escalation.pk)}
    record("panel.cancelled", panel, actor=actor, body={"because": "fallback", "escalation_id": str(escalation.pk)})
    body = {"made_by": str(MadeBy.FALLBACK)}
    record_batch(
        "case.decided", "case", actor=actor, items={str(escalation.case_id): told}, body=body, event_id=event_id
    )
    return Outcome(done=True, ends=True)


def _pass_over(actor: Actor, escalation: Escalation, asker: UUID) -> None:
    """Whoever asked for help is not the one who is asked next, on any seat of the panel."""
    seat = Seat.objects.filter(panel_id=escalation.panel_id, reviewer_id=asker).order_by("pk").first()
    if seat is not None:
        skip = SeatSkip(
            tenant_id=actor.tenant_id, panel_id=escalation.panel_id, seat=seat, reviewer_id=asker,
            meaning=SkipMeaning.TO_OTHERS, reason=_why(escalation),
        )  # fmt: skip
        SeatSkip.objects.bulk_create([skip], ignore_conflicts=True)


def recipients(
    roles: Collection[str], *, people: Collection[str], queue_id: UUID, but: Collection[UUID | None]
) -> dict[UUID, set[str]]:
    """Whom a rung reaches, with their roles: named people, and members of these roles, those of the queue first.

    Reviewers, adjudicators and managers are those whom the queue was granted to; where no manager was, all of them
    are. Where nobody is left, all managers and owners are: nothing falls into a queue that nobody owns.
    """
    members = {
        user_id: set(held)
        for user_id, held in Membership.objects.filter(is_active=True).values_list("user_id", "roles")
        if user_id not in but
    }
    grants = QueueUserPermission.objects.filter(content_object_id=queue_id)
    granted = set(grants.values_list("user_id", "permission__codename"))
    found = {UUID(person) for person in people} & set(members)
    for role in roles:
        holders = {user_id for user_id, held in members.items() if role in held}
        permission = permissions.WORK if role in _WORKS else permissions.MANAGE
        here = {user_id for user_id in holders if (user_id, permission) in granted}
        found |= here if role in _WORKS or (role == Role.MANAGER and here) else holders
    if not found:
        found = {user_id for user_id, held in members.items() if held & {Role.MANAGER.value, Role.OWNER.value}}
    return {user_id: members[user_id] for user_id in found}


def _why(escalation: Escalation) -> str:
    return f"Escalated: {WORDS[escalation.trigger]}."


_ACTIONS: Mapping[str, Callable[[Actor, Escalation, Mapping[str, Any]], Outcome]] = {
    "raise_priority": _raise,
    "add_seat": _add,
    "move": _move,
    "adjudicate": _adjudicate,
    "notify": _notify,
    "decide": _decide,
}

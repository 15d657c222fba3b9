"""What the pipeline does about terms and escalations: tell, wake, fire, climb."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from hitl_platform.kernel.errors import Conflict
from hitl_platform.ledger.commands import open_command, record
from hitl_platform.notices.models import Kind
from hitl_platform.notices.services import notify
from hitl_platform.pipeline.runner import ClaimedStep, Finish
from hitl_platform.pipeline.services import enqueue
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.models import Role
from reviews import escalation_queries
from reviews.models import LIVE_PANEL, Seat, SlaClock, Trigger
from reviews.queries import IN_HAND
from reviews.references import reference_of
from reviews.services.escalations import climb, fire, returns_of
from reviews.services.rungs import recipients
from reviews.services.snoozes import wake_panel

# a step tells of so many clocks at once, and comes again for the rest
MOST_CLOCKS = 500


def tell_terms(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Tell of the panels of these queues whose time is soon over, or over, each once, and fire the rules for it."""
    tenant_id, queue_ids = steps[0].tenant_id, sorted({step.subject_id for step in steps})
    actor, now = system_actor(tenant_id, "sla"), timezone.now()
    with finish.closing():
        clocks = _due_clocks(queue_ids, now)
        over = [clock.pk for clock in clocks if clock.panel.state not in LIVE_PANEL]
        # a panel that was over in time is no event: its clock just stops
        SlaClock.objects.filter(pk__in=over).update(stopped_at=now)
        live = [clock for clock in clocks if clock.panel.state in LIVE_PANEL]
        if live:
            with open_command("tell of terms", tenant_id=tenant_id):
                _tell_all(actor, live, now)
        if len(clocks) == MOST_CLOCKS:
            for queue_id in queue_ids:
                enqueue("sla", tenant_id=tenant_id, subject_id=queue_id, case_ids=(), dedupe_key=f"more:{uuid4()}")


def wake_panels(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """The sleep of these panels is over."""
    actor = system_actor(steps[0].tenant_id, "snooze")
    with finish():
        for step in steps:
            try:
                wake_panel(actor=actor, panel_id=step.subject_id, pause_id=UUID(step.dedupe_key))
            except Conflict:
                # decided or withdrawn while it slept
                continue


def fire_rules(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Look at the rules of a trigger for the cases of each step."""
    actor = system_actor(steps[0].tenant_id, "escalation")
    with finish():
        for step in steps:
            panels = escalation_queries.live_panels(case_ids=step.case_ids) if step.cause == Trigger.RELEASES else []
            measures = returns_of([each.panel.pk for each in panels])
            fire(actor=actor, trigger=step.cause, case_ids=step.case_ids, measures=measures)


def climb_ladders(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """One rung up for each escalation whose time has come."""
    actor = system_actor(steps[0].tenant_id, "escalation")
    with finish():
        for step in steps:
            climb(actor=actor, escalation_id=step.subject_id, wake=int(step.dedupe_key))


def tell_of_dead_step(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """A step of these cases failed for good: the rules for that fire; the step stays dead, for a person to see."""
    actor = system_actor(steps[0].tenant_id, "escalation")
    with finish():
        for step in steps:
            fire(actor=actor, trigger=Trigger.DEAD_STEP, case_ids=step.case_ids)


def _due_clocks(queue_ids: Sequence[UUID], now: datetime) -> list[SlaClock]:
    """The clocks of these queues with something to tell; one that stands still tells what was over before."""
    running = Q(paused_at__isnull=True)
    at_risk = Q(at_risk_told_at__isnull=True, at_risk_at__lte=now) & (running | Q(paused_at__gte=F("at_risk_at")))
    breached = Q(breach_told_at__isnull=True, due_at__lte=now) & (running | Q(paused_at__gte=F("due_at")))
    clocks = SlaClock.objects.select_for_update(no_key=True, of=("self",)).select_related("panel", "panel__queue")
    clocks = clocks.filter(at_risk | breached, queue_id__in=queue_ids, stopped_at__isnull=True)
    return list(clocks.order_by("pk")[:MOST_CLOCKS])


def _tell_all(actor: Actor, clocks: Sequence[SlaClock], now: datetime) -> None:
    at_risk = [clock for clock in clocks if clock.at_risk_told_at is None]
    breached = [clock for clock in clocks if clock.due_at <= now]
    _tell(actor, at_risk, kind=Kind.SLA_AT_RISK, now=now)
    _tell(actor, breached, kind=Kind.SLA_BREACHED, now=now)
    fire(actor=actor, trigger=Trigger.SLA_AT_RISK, panel_ids=[clock.panel_id for clock in at_risk])
    fire(actor=actor, trigger=Trigger.SLA_BREACHED, panel_ids=[clock.panel_id for clock in breached])
    _tell_managers(actor, breached)


def _tell(actor: Actor, clocks: Sequence[SlaClock], *, kind: Kind, now: datetime) -> None:
    """Mark and record what is told, and tell those who hold a seat of these panels."""
    column = "at_risk_told_at" if kind == Kind.SLA_AT_RISK else "breach_told_at"
    SlaClock.objects.filter(pk__in=[clock.pk for clock in clocks]).update(**{column: now})
    holders = Seat.objects.filter(panel_id__in=[clock.panel_id for clock in clocks], state__in=IN_HAND)
    of_panel: dict[UUID, list[Seat]] = {}
    for seat in holders:
        of_panel.setdefault(seat.panel_id, []).append(seat)
    for clock in clocks:
        body = {"panel_id": str(clock.panel_id), "queue": clock.panel.queue.key, "due_at": clock.due_at.isoformat()}
        record(f"case.{kind.value}", clock, actor=actor, body=body)
        for seat in of_panel.get(clock.panel_id, ()):
            _tell_holder(actor, clock, seat, kind=kind)


def _tell_holder(actor: Actor, clock: SlaClock, seat: Seat, *, kind: Kind) -> None:
    what = "soon overdue" if kind == Kind.SLA_AT_RISK else "overdue"
    reference = reference_of(clock.case_id)
    notify(
        tenant_id=actor.tenant_id,
        recipient_ids=[seat.reviewer_id] if seat.reviewer_id else [],
        kind=kind,
        subject=f"Case {reference} in your hands is {what}",
        text=f"Case {reference} in the queue {clock.panel.queue.name} is {what}.",
        path=reverse("seat", args=[seat.pk]),
        dedupe_key=f"{seat.pk}:{clock.due_at.isoformat()}",
    )


def _tell_managers(actor: Actor, clocks: Sequence[SlaClock]) -> None:
    """One notice a queue, however many of its cases are overdue now."""
    by_queue: dict[UUID, list[SlaClock]] = {}
    for clock in clocks:
        by_queue.setdefault(clock.panel.queue_id, []).append(clock)
    for queue_id, late in by_queue.items():
        queue = late[0].panel.queue
        count = f"{len(late)} case{'s' if len(late) != 1 else ''}"
        notify(
            tenant_id=actor.tenant_id,
            recipient_ids=list(recipients([Role.MANAGER], people=(), queue_id=queue_id, but=())),
            kind=Kind.SLA_BREACHED,
            subject=f"{count} overdue in {queue.name}",
            text=f"The time of {count} in the queue {queue.name} is over.",
            path=f"{reverse('console:reviews_slaclock_changelist')}?queue__id__exact={queue_id}",
            dedupe_key=f"{queue_id}:{max(clock.due_at for clock in late).isoformat()}:{late[0].pk}",
        )

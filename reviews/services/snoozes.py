"""What stops the clock of a panel: a seat on hold, a wait for the case's subject, a snooze."""

from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from hitl_platform.kernel.errors import Conflict, Invalid, NotFound, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.pipeline.services import enqueue
from hitl_platform.tenants.actor import Actor
from reviews import permissions, queries
from reviews.models import LIVE_PANEL, NOBODY, Panel, PanelPause, PauseCause, Purpose, Seat, SlaClock
from reviews.queries import IN_HAND
from reviews.services.service_levels import calendar_of, enqueue_moments
from reviews.sla import add_working_time, working_time_between
from reviews.states import SeatState

# nothing sleeps longer: whoever still waits says so again
LONGEST = timedelta(days=90)
LONGEST_WHY = 500


@command
def snooze_panel(
    *, actor: Actor, panel_id: UUID, until: datetime, cause: str = PauseCause.SNOOZE, why: str = ""
) -> PanelPause:
    """Let a panel sleep until a time, or until it is woken: nobody is handed its seats, and its clock stands still.

    `cause` says whether its subject is waited for. Whoever manages its queue or holds a seat of it may do so.
    """
    panel = _live_panel(actor, panel_id)
    require(_may_pause(actor, panel), "This panel is not yours to put to sleep.")
    now = timezone.now()
    fields: dict[str, list[str]] = {}
    if not now < until <= now + LONGEST:
        fields["until"] = [f"A time to come, at most {LONGEST.days} days from now."]
    if cause not in (PauseCause.SNOOZE, PauseCause.WAITING):
        fields["cause"] = [f"One of {PauseCause.SNOOZE}, {PauseCause.WAITING}."]
    if len(why) > LONGEST_WHY:
        fields["why"] = [f"At most {LONGEST_WHY} characters."]
    if fields:
        raise Invalid("The panel cannot sleep like this.", fields=fields)
    pause = pause_clock(actor=actor, panel=panel, cause=cause, ref_id=panel.pk, until=until, why=why)
    if pause is None:
        raise Conflict("This panel sleeps already.", code="panel_sleeps")
    _lay_to_sleep(panel, until)
    enqueue(
        "wake",
        tenant_id=actor.tenant_id,
        subject_id=panel.pk,
        case_ids=(panel.case_id,),
        dedupe_key=str(pause.pk),
        run_at=until,
    )
    return pause


@command
def wake_panel(*, actor: Actor, panel_id: UUID, pause_id: UUID | None = None) -> int:
    """End the sleep of a panel (or one pause of it), and say how many pauses ended; its clock goes on."""
    panel = _live_panel(actor, panel_id)
    require(_may_pause(actor, panel), "This panel is not yours to wake.")
    sleeps = PanelPause.objects.filter(panel=panel, ended_at__isnull=True).exclude(cause=PauseCause.HOLD)
    if pause_id is not None:
        sleeps = sleeps.filter(pk=pause_id)
    ended = sum(resume_clock(actor=actor, panel=panel, cause=pause.cause, ref_id=pause.ref_id) for pause in sleeps)
    still = PanelPause.objects.filter(panel=panel, ended_at__isnull=True).exclude(cause=PauseCause.HOLD).exists()
    if not ended and pause_id is None:
        raise Conflict("This panel does not sleep.", code="panel_awake")
    if ended and not still:
        Seat.objects.filter(panel=panel, reserved_for=NOBODY).update(reserved_for=None, reserved_until=None)
    return ended


def _lay_to_sleep(panel: Panel, until: datetime) -> None:
    """Reserve the panel's every seat for nobody: one in hand too, which would else come back to a queue that sleeps.

    Where two sleeps overlap, the later end holds. A hidden seat stays its reviewer's.
    """
    seats = Seat.objects.filter(panel=panel, purpose=Purpose.LIVE)
    # in the order of their ids, and before they are written: a release that goes on meanwhile is waited for
    rows = list(seats.order_by("pk").select_for_update(no_key=True).only("pk", "reserved_for", "reserved_until"))
    latest = max([until, *(row.reserved_until for row in rows if row.reserved_for == NOBODY and row.reserved_until)])
    Seat.objects.filter(pk__in=[row.pk for row in rows]).update(reserved_for=NOBODY, reserved_until=latest)


def pause_clock(
    *, actor: Actor, panel: Panel, cause: str, ref_id: UUID, until: datetime | None = None, why: str = ""
) -> PanelPause | None:
    """Stop a panel's clock for one more reason; None where it stands still for this one already. In a command."""
    clock = SlaClock.objects.select_for_update(no_key=True).filter(panel=panel).first()
    open_pauses = PanelPause.objects.filter(panel=panel, ended_at__isnull=True)
    if open_pauses.filter(cause=cause, ref_id=ref_id).exists():
        return None
    if clock is None and cause == PauseCause.HOLD:
        # a seat on hold is seen on the seat; without a term there is nothing to stop
        return None
    now = timezone.now()
    pause = PanelPause.objects.create(
        tenant_id=actor.tenant_id,
        panel=panel,
        cause=cause,
        ref_id=ref_id,
        why=why,
        until=until,
        began_by=actor.id,
        began_at=now,
    )
    if clock is not None and clock.paused_at is None:
        clock.paused_at = now
        clock.save(update_fields=["paused_at"])
    body = {"cause": str(cause), "until": until.isoformat() if until else None}
    personal = {"why": why} if why else None
    record("panel.paused", panel, actor=actor, body=body, personal=personal)
    return pause


def resume_clock(*, actor: Actor, panel: Panel, cause: str, ref_id: UUID) -> int:
    """End one reason for which a clock stands still; with the last one it goes on, and its moments move. In a command.

    Says how many pauses ended: none or one.
    """
    open_pauses = PanelPause.objects.filter(panel=panel, ended_at__isnull=True)
    if not open_pauses.filter(cause=cause, ref_id=ref_id).exists():
        return 0
    clocks = SlaClock.objects.select_for_update(no_key=True, of=("self",)).select_related("calendar")
    running = clocks.filter(panel=panel).first()
    now = timezone.now()
    ended = open_pauses.filter(cause=cause, ref_id=ref_id).update(ended_at=now)
    if running is not None and running.paused_at is not None and not open_pauses.exists():
        _go_on(running, now)
    record("panel.resumed", panel, actor=actor, body={"cause": str(cause)})
    return ended


def hold_clock(*, actor: Actor, seat: Seat) -> None:
    """A seat is put on hold: its panel's clock stands still. In a command."""
    panel = Panel(tenant_id=seat.tenant_id, id=seat.panel_id, case_id=seat.case_id)
    pause_clock(actor=actor, panel=panel, cause=PauseCause.HOLD, ref_id=seat.pk)


def unhold_clock(*, actor: Actor, seat: Seat) -> None:
    """A seat is no longer on hold. In a command."""
    if seat.held_at is not None:
        panel = Panel(tenant_id=seat.tenant_id, id=seat.panel_id, case_id=seat.case_id)
        resume_clock(actor=actor, panel=panel, cause=PauseCause.HOLD, ref_id=seat.pk)


def _go_on(clock: SlaClock, now: datetime) -> None:
    """Move what was not told yet by the working time for which the clock stood still."""
    working = calendar_of(clock.calendar)
    paused = working_time_between(clock.paused_at or now, now, calendar=working)
    due_at = add_working_time(clock.due_at, paused, calendar=working)
    due_at = min(due_at, clock.fixed_due_at) if clock.fixed_due_at else due_at
    if clock.breach_told_at is None:
        clock.due_at = max(due_at, clock.due_at)
    if clock.at_risk_told_at is None:
        clock.at_risk_at = min(add_working_time(clock.at_risk_at, paused, calendar=working), clock.due_at)
    clock.paused_at, clock.paused_seconds = None, clock.paused_seconds + paused.total_seconds()
    clock.save(update_fields=["due_at", "at_risk_at", "paused_at", "paused_seconds"])
    Seat.objects.filter(panel_id=clock.panel_id).exclude(state__in=(SeatState.SUBMITTED, SeatState.CANCELLED)).update(
        due_at=clock.due_at
    )
    enqueue_moments(clock.tenant_id, clocks=[clock])


def _live_panel(actor: Actor, panel_id: UUID) -> Panel:
    panel = (
        Panel.objects.select_for_update(no_key=True, of=("self",)).select_related("queue").filter(pk=panel_id).first()
    )
    if panel is None:
        raise NotFound
    if actor.kind != "system":
        panel.queue = queries.get_queue(actor, panel.queue.key)
    if panel.state not in LIVE_PANEL:
        raise Conflict("This panel is over.", code="panel_over")
    return panel


def _may_pause(actor: Actor, panel: Panel) -> bool:
    if permissions.can_manage_queue(actor, queries.granted_on(panel.queue)):
        return True
    return Seat.objects.filter(panel=panel, reviewer_id=actor.id, state__in=IN_HAND).exists()

"""Leases of seats: kept alive, given back, put on hold, taken from their holders, ended."""

import math
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse

from hitl_platform.kernel.bound_cursor import bound_cursor
from hitl_platform.kernel.errors import Conflict, Invalid, NotFound, require
from hitl_platform.ledger.commands import command, quiet_command, record
from hitl_platform.notices.services import notify
from hitl_platform.pipeline.services import enqueue
from hitl_platform.tenants.actor import Actor, system_actor
from reviews import claim_statements, permissions, queries, staffing_queries, statements
from reviews.models import NOBODY, Purpose, Seat
from reviews.services.comments import say
from reviews.services.escalations import note_returns
from reviews.services.snoozes import hold_clock, unhold_clock
from reviews.states import SEAT, SeatState

# One step looks after all leases of a queue that end in the same span of this many seconds.
EXPIRY_SPAN = 30
MOST_EXPIRED = 500
HANDED_OVER_HOURS, MOST_HANDED_OVER_HOURS = 24.0, 168.0
MAX_NOTE = 2_000
# The last span for which each queue has a step, so that most claims need not write one.
_looked_after: dict[UUID, int] = {}


@quiet_command
def heartbeat_seat(*, actor: Actor, seat_id: UUID, lease_token: int) -> datetime:
    """Let the lease begin anew; returns when it ends. Raises Conflict (lease_expired) where it is over."""
    with bound_cursor() as cursor:
        cursor.execute(
            statements.HEARTBEAT,
            {"tenant": actor.tenant_id, "seat": seat_id, "me": actor.id, "token": lease_token},
        )
        row = cursor.fetchone()
    if row is not None:
        ends_at: datetime = row[0]
        return ends_at
    seat = queries.get_seat(actor, seat_id)
    require_lease(actor=actor, seat=seat, lease_token=lease_token)
    raise Conflict("There is no lease to keep: the seat is not in your hands.", code="lease_not_running")


@command
def release_seat(*, actor: Actor, seat_id: UUID) -> Seat:
    """Give a seat back, or, as a manager of its queue, take it from its holder."""
    seat = queries.get_seat(actor, seat_id, lock=True)
    require(_holds_or_manages(actor, seat), "This seat is not yours.")
    holder = seat.reviewer_id
    seat.state = SEAT.apply("release", seat.state)
    open_again(seat)
    record("seat.released", seat, actor=actor, body=_told(seat, holder=holder))
    return seat


@command
def reassign_seat(*, actor: Actor, seat_id: UUID) -> Seat:
    """Open a seat whose author froze an answer and does not come back; that answer stays in the ledger."""
    seat = queries.get_seat(actor, seat_id, lock=True)
    require(permissions.can_manage_queue(actor, queries.granted_on(seat)), "Managers reassign seats.")
    holder = seat.reviewer_id
    seat.state = SEAT.apply("reassign", seat.state)
    open_again(seat)
    record("seat.reassigned", seat, actor=actor, body=_told(seat, holder=holder))
    return seat


@command
def hold_seat(*, actor: Actor, seat_id: UUID) -> Seat:
    """Keep the seat while asking somebody; no lease runs meanwhile."""
    seat = queries.get_seat(actor, seat_id, lock=True)
    require_lease(actor=actor, seat=seat, lease_token=seat.lease_token)
    seat.state = SEAT.apply("hold", seat.state)
    seat.held_at, seat.lease_ends_at = seat.read_at, None
    seat.save(update_fields=["state", "held_at", "lease_ends_at"])
    record("seat.held", seat, actor=actor, body=_told(seat))
    hold_clock(actor=actor, seat=seat)
    return seat


@command
def resume_seat(*, actor: Actor, seat_id: UUID) -> Seat:
    """Go on with a seat on hold, under a new lease."""
    seat = queries.get_seat(actor, seat_id, lock=True)
    require(permissions.holds(actor, seat), "This seat is not yours.")
    permissions.require_may_judge(actor, seat)
    seat.state = SEAT.apply("resume", seat.state)
    seat.held_seconds += (seat.read_at - (seat.held_at or seat.read_at)).total_seconds()
    begin_lease(seat)
    seat.save(update_fields=["state", "lease_ends_at", "held_seconds"])
    record("seat.resumed", seat, actor=actor, body=_told(seat))
    unhold_clock(actor=actor, seat=seat)
    look_after(seat)
    return seat


def require_lease(*, actor: Actor, seat: Seat, lease_token: int) -> None:
    """Refuse whoever lost the lease (Conflict, lease_expired) or never had it (Forbidden)."""
    permissions.require_may_judge(actor, seat)
    if not permissions.holds(actor, seat):
        had_it = 0 < lease_token <= seat.lease_token
        require(had_it, "This seat is not yours.")
        raise lease_expired()
    ended = seat.state == SeatState.CLAIMED and (seat.lease_ends_at or seat.read_at) <= seat.read_at
    if ended or lease_token != seat.lease_token:
        raise lease_expired()


def lease_expired() -> Conflict:
    """The refusal of a stale write: the seat may be somebody else's by now."""
    return Conflict("Your lease on this case has ended. What you wrote is kept as a draft.", code="lease_expired")


def begin_lease(seat: Seat) -> None:
    """Let the seat's lease run from now, by the database's clock at which the seat was read."""
    seat.lease_ends_at = seat.read_at + timedelta(seconds=seat.queue.lease_seconds)


def open_again(seat: Seat, *, reserved_for: UUID | None = None, reserved_until: datetime | None = None) -> None:
    """Write a seat, whose state is open again, without its holder; for everybody, or for one person first.

    On a panel that sleeps it stays reserved for nobody until the panel wakes.
    """
    holder, claimed_at = seat.reviewer_id, seat.claimed_at
    seat.released_by, seat.reviewer_id, seat.lease_ends_at, seat.released_at = holder, None, None, Now()
    seat.first_label = seat.answered_at = None
    if reserved_for is not None or (seat.purpose == Purpose.LIVE and seat.reserved_for != NOBODY):
        # a hidden seat stays its reviewer's: to everybody else it is not there
        seat.reserved_for, seat.reserved_until = reserved_for, reserved_until
    seat.save(
        update_fields=[
            "state", "reviewer", "lease_ends_at", "released_at", "released_by", "first_label", "answered_at",
            "reserved_for", "reserved_until",
        ]
    )  # fmt: skip
    given = {"tenant": seat.tenant_id, "queue": seat.queue_id, "holder": holder, "claimed_at": claimed_at}
    with bound_cursor() as cursor:
        cursor.execute(claim_statements.UNCOUNT, given)
    unhold_clock(actor=system_actor(seat.tenant_id, "hold"), seat=seat)
    note_returns(tenant_id=seat.tenant_id, seats=[seat])


def look_after(seat: Seat) -> None:
    """Make sure that a step frees the seat soon after its lease ends."""
    if seat.lease_ends_at is None:
        return
    queue_id, span = seat.queue_id, _span(seat.lease_ends_at)
    if _looked_after.get(queue_id) != span:
        enqueue_expiry(tenant_id=seat.tenant_id, queue_id=queue_id, ends_at=seat.lease_ends_at)
        # only once the step is committed may other claims rely on it
        transaction.on_commit(lambda: _looked_after.__setitem__(queue_id, span))


def enqueue_expiry(*, tenant_id: UUID, queue_id: UUID, ends_at: datetime) -> None:
    """Write the step that frees the seats of a queue whose leases end in the span of `ends_at`."""
    span = _span(ends_at)
    enqueue(
        "expire",
        tenant_id=tenant_id,
        subject_id=queue_id,
        case_ids=(),
        dedupe_key=str(span),
        run_at=datetime.fromtimestamp(span * EXPIRY_SPAN, UTC) + timedelta(seconds=1),
    )


def expire_queue(*, tenant_id: UUID, queue_id: UUID) -> int:
    """Open the seats of a queue whose leases have ended, MOST_EXPIRED at most; inside a command."""
    with bound_cursor() as cursor:
        cursor.execute(statements.EXPIRE, {"tenant": tenant_id, "queue": queue_id, "most": MOST_EXPIRED})
        ended = cursor.fetchall()
    actor = system_actor(tenant_id, "lease_expiry")
    for seat_id, case_id, holder in ended:
        seat = Seat(tenant_id=tenant_id, id=seat_id, case_id=case_id)
        record("seat.expired", seat, actor=actor, body={"holder": str(holder)})
    note_returns(tenant_id=tenant_id, seats=[Seat(id=seat_id, case_id=case_id) for seat_id, case_id, _ in ended])
    return len(ended)


def next_lease_end(queue_id: UUID) -> datetime | None:
    """When the next running lease of a queue ends."""
    running = Seat.objects.filter(queue_id=queue_id, state=SeatState.CLAIMED, lease_ends_at__isnull=False)
    return running.order_by("lease_ends_at").values_list("lease_ends_at", flat=True).first()


@command
def hand_over_seat(
    *, actor: Actor, seat_id: UUID, to_user_id: UUID, hours: float = HANDED_OVER_HOURS, note: str = ""
) -> Seat:
    """Give a seat in hand to a named person, who alone may take it for so many hours; its holder's or a manager's act.

    Raises Invalid where that person could not take it: no member, no role or grant, own or conflicted case, without
    the skills, absent or paused. A frozen answer is nobody's to hand over.
    """
    # before any seat is locked: an absence of theirs that begins now is either seen here or finds what is handed over
    staffing_queries.stand_in_line(actor.tenant_id, to_user_id)
    seat = queries.get_seat(actor, seat_id, lock=True)
    require(_holds_or_manages(actor, seat), "This seat is not yours.")
    holder, source = seat.reviewer_id, seat.state
    seat.state = SEAT.apply("hand_over", source)
    if seat.reserved_for == NOBODY and seat.reserved_until and seat.reserved_until > seat.read_at:
        raise Conflict("This panel sleeps, so nobody takes its case now. Wake it first.", code="panel_sleeps")
    fields = _unfit(actor, seat, to_user_id, hours=hours, note=note)
    if fields:
        raise Invalid("The seat cannot be handed over.", fields=fields)
    open_again(seat, reserved_for=to_user_id, reserved_until=seat.read_at + timedelta(hours=hours))
    body = _told(seat, holder=holder) | {"to": str(to_user_id), "hours": f"{hours:g}"}
    record("seat.handed_over", seat, actor=actor, body=body, personal={"note": note} if note else None)
    if note.strip():
        # whoever takes it reads it beside the case: a notice says nothing of what is in one
        say(actor=actor, seat=seat, text=note.strip())
    reference = queries.shown_reference(seat)
    notify(
        tenant_id=actor.tenant_id,
        recipient_ids=[to_user_id],
        kind="handed_over",
        subject=f"Case {reference} was handed to you",
        text=f"It waits for you in {seat.queue.name} for {hours:g} hours; then it goes to everybody again.",
        path=reverse("queue", args=[seat.queue.key]),
        dedupe_key=f"{seat.pk}:{seat.lease_token}",
    )
    return seat


def _unfit(actor: Actor, seat: Seat, to_user_id: UUID, *, hours: float, note: str) -> dict[str, list[str]]:
    """Why this person cannot be handed the seat, by field; empty where they can."""
    if not 0 < hours <= MOST_HANDED_OVER_HOURS:
        return {"hours": ["More than none, and a week at most."]}
    if len(note) > MAX_NOTE:
        return {"note": [f"At most {MAX_NOTE} characters."]}
    if to_user_id == seat.reviewer_id:
        return {"to_user_id": ["The seat is in this person's hands already."]}
    try:
        person = staffing_queries.reviewer_of(actor, to_user_id)
    except NotFound:
        return {"to_user_id": ["There is no such member."]}
    facts = staffing_queries.reviewer_facts(person, seat.queue)
    why = ""
    if not permissions.can_work_queue(person, staffing_queries.granted_to(to_user_id, seat.queue_id)):
        why = "This person does not work in the queue."
    elif seat.kind not in permissions.kinds_for(person):
        why = f"This person takes no seats of {seat.kind}s."
    elif facts.absent or facts.paused:
        why = "This person is absent." if facts.absent else "This person is paused."
    elif not staffing_queries.is_takeable(person, seat, facts):
        why = "This person may not judge this case: own, judged before, in conflict, skipped, or without its skills."
    return {"to_user_id": [why]} if why else {}


def _span(ends_at: datetime) -> int:
    return math.ceil(ends_at.timestamp() / EXPIRY_SPAN)


def _holds_or_manages(actor: Actor, seat: Seat) -> bool:
    return permissions.holds(actor, seat) or permissions.can_manage_queue(actor, queries.granted_on(seat))


def _told(seat: Seat, *, holder: UUID | None = None) -> dict[str, object]:
    told: dict[str, object] = {"panel_id": str(seat.panel_id)}
    return told | {"holder": str(holder)} if holder else told

"""Absence: nothing new goes to the person, and at its start what they hold goes back to the queue."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from hitl_platform.kernel.errors import Conflict, Invalid, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.notices.services import notify
from hitl_platform.pipeline.services import enqueue
from hitl_platform.tenants.actor import Actor
from reviews import permissions, staffing_queries
from reviews.models import Absence, Seat
from reviews.queries import IN_HAND
from reviews.services.leases import open_again
from reviews.states import SEAT, SeatState

MAX_NOTE = 1_000
LONGEST = timedelta(days=730)


@command
def declare_absence(*, actor: Actor, user_id: UUID, starts_at: datetime, ends_at: datetime, note: str = "") -> Absence:
    """Let a person be away, from then until then; their own act, or a manager's.

    A step gives their seats back at the start. What they decided stays as it is.
    """
    require(actor.id == user_id or permissions.can_staff(actor), "Absences of others are declared by managers.")
    _require_valid(starts_at, ends_at, note)
    staffing_queries.reviewer_of(actor, user_id)
    absence = Absence(
        tenant_id=actor.tenant_id, user_id=user_id, starts_at=starts_at, ends_at=ends_at, note=note,
        declared_by=actor.id,
    )  # fmt: skip
    absence.save(force_insert=True)
    body = {"user_id": str(user_id), "starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}
    record("absence.declared", absence, actor=actor, body=body, personal={"note": note} if note else None)
    enqueue(
        "absence", tenant_id=actor.tenant_id, subject_id=absence.pk, case_ids=(), dedupe_key="begin", run_at=starts_at
    )
    return absence


@command
def end_absence(*, actor: Actor, absence_id: UUID) -> Absence:
    """The person is back sooner, or never goes."""
    absence = staffing_queries.get_absence(actor, absence_id)
    if absence.withdrawn_at is not None or absence.ends_at <= timezone.now():
        raise Conflict("This absence is over.", code="absence_over")
    absence.withdrawn_at = timezone.now()
    absence.save(update_fields=["withdrawn_at"])
    record("absence.ended", absence, actor=actor, body={"user_id": str(absence.user_id)})
    return absence


def begin_absences(*, actor: Actor, absence_ids: Sequence[UUID]) -> int:
    """Give back what those hold whose absences run; inside a command. Returns how many seats were given back."""
    now = timezone.now()
    running = Absence.objects.filter(pk__in=absence_ids, withdrawn_at__isnull=True, starts_at__lte=now, ends_at__gt=now)
    total = 0
    for absence in running.order_by("user_id", "pk"):
        count = give_back(actor=actor, user_id=absence.user_id, because="absence")
        if count:
            cases = "1 case" if count == 1 else f"{count} cases"
            notify(
                tenant_id=actor.tenant_id,
                recipient_ids=[absence.user_id],
                kind="absence_reseated",
                subject="What you held went back to its queue",
                text=f"Your absence has begun: {cases} that you held went back, for others to take.",
                path=reverse("my_queues"),
                dedupe_key=str(absence.pk),
            )
        total += count
    return total


def give_back(*, actor: Actor, user_id: UUID, because: str, seat_ids: Sequence[UUID] | None = None) -> int:
    """Open what a person holds (of `seat_ids` alone, where given) and free what is reserved for them.

    A frozen answer stays in the ledger, and its seat begins anew. Waits for the person's own claims. Inside a
    command. Returns how many seats were in hand.
    """
    staffing_queries.stand_in_line(actor.tenant_id, user_id)
    held = Seat.objects.filter(reviewer_id=user_id, state__in=IN_HAND)
    reserved = Seat.objects.filter(reserved_for=user_id, state=SeatState.OPEN)
    if seat_ids is not None:
        held, reserved = held.filter(pk__in=seat_ids), reserved.filter(pk__in=seat_ids)
    seats = list(held.order_by("pk").select_for_update(no_key=True))
    for seat in seats:
        verb = "reassign" if seat.state == SeatState.ANSWERED else "release"
        seat.state = SEAT.apply(verb, seat.state)
        open_again(seat)
        body = {"panel_id": str(seat.panel_id), "holder": str(user_id), "because": because}
        record(f"seat.{'reassigned' if verb == 'reassign' else 'released'}", seat, actor=actor, body=body)
    for seat in reserved.order_by("pk").select_for_update(no_key=True):
        seat.reserved_for = seat.reserved_until = None
        seat.save(update_fields=["reserved_for", "reserved_until"])
        body = {"panel_id": str(seat.panel_id), "reserved_for": str(user_id), "because": because}
        record("seat.unreserved", seat, actor=actor, body=body)
    return len(seats)


def _require_valid(starts_at: datetime, ends_at: datetime, note: str) -> None:
    fields: dict[str, list[str]] = {}
    if timezone.is_naive(starts_at) or timezone.is_naive(ends_at):
        fields["starts_at"] = ["Times need a zone."]
    elif not timedelta(0) < ends_at - starts_at <= LONGEST:
        fields["ends_at"] = ["After the start, and within two years of it."]
    elif ends_at <= timezone.now():
        fields["ends_at"] = ["This time is over."]
    if len(note) > MAX_NOTE:
        fields["note"] = [f"At most {MAX_NOTE:,} characters."]
    if fields:
        raise Invalid("The absence is not valid.", fields=fields)

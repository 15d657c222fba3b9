"""Claiming the next seat of a queue."""

from hitl_platform.kernel.bound_cursor import bound_cursor
from hitl_platform.kernel.errors import Conflict, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from reviews import permissions, queries, statements
from reviews.models import Queue, Seat
from reviews.pages import SeatPage, seat_page
from reviews.services.leases import expire_queue, look_after

_FIELDS = [field.attname for field in Seat._meta.concrete_fields]
_CLAIM = statements.CLAIM.format(columns=queries.SEAT_COLUMNS)


@command
def claim_next(*, actor: Actor, queue_key: str, viewed: bool = False) -> Seat | None:
    """Lease this person the next seat of a queue, or None where nothing is for them.

    A seat already in hand is handed out again: two tabs are one lease. Adjudicators get disputes first. Nobody
    gets an own case or a second seat on a panel. `viewed` says that the answer shows the case at once.
    """
    queue = queries.get_queue(actor, queue_key, one_claim_at_a_time=True)
    require(permissions.can_work_queue(actor, queries.granted_on(queue)), "This queue is not yours to work in.")
    if not queue.is_active:
        raise Conflict("This queue is closed.", code="queue_closed")
    return _take(actor, queue, viewed=viewed)


@command
def claim_page(*, actor: Actor, queue_key: str) -> SeatPage | None:
    """Claim the next seat and show it, in one transaction."""
    seat = claim_next(actor=actor, queue_key=queue_key, viewed=True)
    return seat_page(actor, seat) if seat is not None else None


def _take(actor: Actor, queue: Queue, *, viewed: bool) -> Seat | None:
    seat, again = _claim(actor, queue, viewed=viewed, given_back=False)
    if seat is None:
        # nothing is left: not even a seat whose lease ended, or one that this person gave back?
        expire_queue(tenant_id=queue.tenant_id, queue_id=queue.pk)
        seat, again = _claim(actor, queue, viewed=viewed, given_back=True)
    if seat is not None:
        permissions.require_may_judge(actor, seat)
        body = {"panel_id": str(seat.panel_id), "kind": seat.kind, "lease_token": seat.lease_token}
        record("seat.claimed", seat, actor=actor, body=body | {"again": True} if again else body)
        look_after(seat)
    return seat


def _claim(actor: Actor, queue: Queue, *, viewed: bool, given_back: bool) -> tuple[Seat | None, bool]:
    """The seat, and whether it was in hand already."""
    with bound_cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "tenant": actor.tenant_id,
                "me": actor.id,
                "queue": queue.pk,
                "kinds": permissions.kinds_for(actor),
                "lease": queue.lease_seconds,
                "viewed": viewed,
                "given_back": given_back,
            },
        )
        row = cursor.fetchone()
    if row is None:
        return None, False
    seat = Seat.from_db("default", _FIELDS, row[: len(_FIELDS)])
    again, seat.type_version_id, seat.why, seat.read_at = row[len(_FIELDS) :]
    seat.queue, seat.granted = queue, queue.granted
    return seat, again

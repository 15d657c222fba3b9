"""Claiming the next seat of a queue."""

import hashlib
from uuid import UUID

from django.db import connection

from hitl_platform.kernel.bound_cursor import long_cursor
from hitl_platform.kernel.errors import Conflict, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from reviews import claim_statements, permissions, queries, staffing_queries
from reviews.models import Queue, Seat
from reviews.pages import SeatPage, seat_page
from reviews.services.gold import next_hidden_seat
from reviews.services.leases import expire_queue, look_after, open_again
from reviews.staffing_queries import ReviewerFacts
from reviews.states import SEAT

_FIELDS = [field.attname for field in Seat._meta.concrete_fields]
_CLAIM = claim_statements.CLAIM.format(columns=queries.SEAT_COLUMNS)
_CLAIM_OLDEST = claim_statements.CLAIM_OLDEST.format(columns=queries.SEAT_COLUMNS)
# Two of one team who claim on one panel at the same moment: the later one gives back and asks once more.
MOST_TRIES = 3


@command
def claim_next(*, actor: Actor, queue_key: str, viewed: bool = False) -> Seat | None:
    """Lease this person the next seat of a queue, or None where nothing is for them.

    A seat already in hand is handed out again: two tabs are one lease. What was handed to this person comes before
    disputes, and those before the queue's order. Nobody gets an own case, a second seat on a case, a conflicted
    one, or what they skipped; nobody over a cap or paused gets anything new (`staffing_queries.empty_reasons` says
    why). `viewed` says that the answer shows the case at once. Raises Conflict for the absent.
    """
    queue, facts = staffing_queries.queue_and_facts(actor, queue_key, one_claim_at_a_time=True)
    require(permissions.can_work_queue(actor, queries.granted_on(queue)), "This queue is not yours to work in.")
    if not queue.is_active:
        raise Conflict("This queue is closed.", code="queue_closed")
    if facts.absent_until is not None:
        until = f"{facts.absent_until:%d %B %Y, %H:%M} UTC"
        raise Conflict(f"You are absent until {until}. End the absence to go on.", code="absent")
    return _take(actor, queue, facts, viewed=viewed)


@command
def claim_page(*, actor: Actor, queue_key: str) -> SeatPage | None:
    """Claim the next seat and show it, in one transaction."""
    seat = claim_next(actor=actor, queue_key=queue_key, viewed=True)
    return seat_page(actor, seat) if seat is not None else None


def takes_oldest(reviewer_id: UUID, *, taken: int, rate: float) -> bool:
    """Whether the claim after `taken` others takes what waits longest: a draw that nobody can repeat by asking."""
    if rate <= 0:
        return False
    drawn = hashlib.sha256(b"variety" + reviewer_id.bytes + taken.to_bytes(8, "big")).digest()
    return int.from_bytes(drawn[:8], "big") < rate * 2**64


def _take(actor: Actor, queue: Queue, facts: ReviewerFacts, *, viewed: bool) -> Seat | None:
    hidden = None
    if _hides_cases(queue) and not (facts.stopped or facts.in_hand):
        hidden = next_hidden_seat(actor, queue=queue, taken=facts.taken)
    for _ in range(MOST_TRIES):
        seat, again = _claim(actor, queue, facts, viewed=viewed, given_back=False, hidden=hidden)
        if seat is None and not facts.stopped:
            # nothing is left: not even a seat whose lease ended, or one that this person gave back?
            expire_queue(tenant_id=queue.tenant_id, queue_id=queue.pk)
            seat, again = _claim(actor, queue, facts, viewed=viewed, given_back=True)
        if seat is None:
            return None
        permissions.require_may_judge(actor, seat)
        body = {"panel_id": str(seat.panel_id), "kind": seat.kind, "lease_token": seat.lease_token}
        record("seat.claimed", seat, actor=actor, body=body | {"again": True} if again else body)
        if again or not _is_crowded(actor, seat, facts):
            look_after(seat)
            return seat
        seat.state = SEAT.apply("release", seat.state)
        open_again(seat)
        record("seat.released", seat, actor=actor, body={"panel_id": str(seat.panel_id), "because": "crowded"})
    return None


def _hides_cases(queue: Queue) -> bool:
    return bool(queue.gold_first or queue.gold_rate or queue.second_review_rate or queue.routine_rate)


def _claim(
    actor: Actor, queue: Queue, facts: ReviewerFacts, *, viewed: bool, given_back: bool, hidden: UUID | None = None
) -> tuple[Seat | None, bool]:
    """The seat, and whether it was in hand already."""
    oldest = takes_oldest(actor.id, taken=facts.taken, rate=queue.variety_rate)
    with long_cursor() as cursor:
        cursor.execute(
            _CLAIM_OLDEST if oldest else _CLAIM,
            {
                "tenant": actor.tenant_id,
                "me": actor.id,
                "queue": queue.pk,
                "kinds": permissions.kinds_for(actor),
                "lease": queue.lease_seconds,
                "viewed": viewed,
                "given_back": given_back,
                "fresh": not facts.stopped,
                "hidden": hidden,
                "hides": _hides_cases(queue),
                **facts.parameters,
            },
        )
        row = cursor.fetchone()
    if row is None:
        return None, False
    seat = Seat.from_db("default", _FIELDS, row[: len(_FIELDS)])
    again, seat.type_version_id, seat.why, seat.read_at, seat.voters, seat.conflicts = row[len(_FIELDS) :]
    seat.queue, seat.granted = queue, queue.granted
    return seat, again


def _is_crowded(actor: Actor, seat: Seat, facts: ReviewerFacts) -> bool:
    """Whether somebody of the same team or group has just sat down beside: unseen by the claim, and seen now.

    Only where the panel minds do its people wait here for each other.
    """
    if not ((facts.team and seat.distinct_teams) or (facts.group and seat.most_of_one_group)):
        return False
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"panel:{seat.panel_id}"])
        cursor.execute(
            f"select {claim_statements.CROWDED} from reviews_seat seat"  # noqa: S608 - made of constants
            " where seat.tenant_id = %(tenant)s and seat.id = %(seat)s",
            {"tenant": actor.tenant_id, "seat": seat.pk, "me": actor.id, **facts.parameters},
        )
        return bool(cursor.fetchone()[0])

"""Who may take a seat that its holder hands over by name."""

from dataclasses import dataclass
from uuid import UUID

from hitl_platform.kernel.errors import NotFound
from hitl_platform.tenants.actor import Actor
from reviews import permissions, staffing_queries
from reviews.models import QueueUserPermission, Seat

MOST_ASKED = 50


@dataclass(frozen=True, slots=True)
class Taker:
    """A colleague who may be handed the seat."""

    id: UUID
    name: str


def takers_of(actor: Actor, seat: Seat) -> list[Taker]:
    """Those who work in the seat's queue and may judge this case now, by name; the first MOST_ASKED are asked."""
    granted = QueueUserPermission.objects.filter(
        content_object_id=seat.queue_id, permission__codename=permissions.WORK, user__is_active=True
    )
    people = granted.exclude(user_id=actor.id).order_by("user__name").values_list("user_id", "user__name")
    return [Taker(user_id, name) for user_id, name in people[:MOST_ASKED] if _may_take(actor, seat, user_id)]


def _may_take(actor: Actor, seat: Seat, user_id: UUID) -> bool:
    try:
        person = staffing_queries.reviewer_of(actor, user_id)
    except NotFound:
        return False
    if seat.kind not in permissions.kinds_for(person):
        return False
    facts = staffing_queries.reviewer_facts(person, seat.queue)
    return not (facts.absent or facts.paused) and staffing_queries.is_takeable(person, seat, facts)

"""Who may do what to queues, seats, templates and policies. What a queue allows is read once, by `queries`."""

from collections.abc import Collection

from hitl_platform.access import duties
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Role
from reviews.models import Seat, SeatKind

WORK, MANAGE = "work_queue", "manage_queue"
MANAGERS = (Role.MANAGER, Role.OWNER)
JUDGES = (Role.REVIEWER, Role.ADJUDICATOR)


def can_define_reviews(actor: Actor) -> bool:
    """Whether the actor may make queues and panel templates, and write, approve and activate policies."""
    return actor.kind == "system" or actor.has(*MANAGERS)


def can_read_reviews(actor: Actor) -> bool:
    """Whether the actor may read policies, templates and how cases were routed."""
    return can_define_reviews(actor) or actor.has(Role.COMPLIANCE_OFFICER, Role.ML_ENGINEER)


def can_work_queue(actor: Actor, granted: Collection[str]) -> bool:
    """Whether the actor may take seats of a queue on which they were granted `granted`."""
    return actor.kind == "user" and actor.has(*JUDGES) and WORK in granted


def can_manage_queue(actor: Actor, granted: Collection[str]) -> bool:
    """Whether the actor may change the queue, say who works there, and take seats from their holders."""
    return actor.kind == "system" or actor.has(Role.OWNER) or (actor.has(Role.MANAGER) and MANAGE in granted)


def can_see_queue(actor: Actor, granted: Collection[str]) -> bool:
    """Whether the actor may know of the queue."""
    return can_work_queue(actor, granted) or can_manage_queue(actor, granted) or actor.has(Role.COMPLIANCE_OFFICER)


def kinds_for(actor: Actor) -> list[str]:
    """The kinds of seat that the actor may take."""
    roles = {SeatKind.ADJUDICATOR: Role.ADJUDICATOR, SeatKind.REVIEWER: Role.REVIEWER}
    return [kind.value for kind, role in roles.items() if actor.has(role)]


def holds(actor: Actor, seat: Seat) -> bool:
    """Whether the seat is the actor's, in hand or submitted."""
    return actor.kind == "user" and seat.reviewer_id == actor.id


def can_staff(actor: Actor) -> bool:
    """Whether the actor may set skills and caps of others, and declare absences and conflicts for them."""
    return actor.kind == "system" or actor.has(*MANAGERS)


def require_may_judge(actor: Actor, seat: Seat) -> None:
    """Refuse whoever must not judge the case of a seat that was read for this actor, for every door."""
    duties.require_may_judge(
        actor,
        submitter_id=seat.submitter_id,
        subject_user_id=seat.subject_user_id,
        voters=seat.voters,
        conflicts=seat.conflicts,
    )

"""Who may bring an appeal in, follow it, and answer it. Who hears one is asked of the seat, by `duties`."""

from cases.permissions import can_read_cases, can_submit_cases
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Role

HANDLERS = (Role.COMPLIANCE_OFFICER, Role.MANAGER, Role.OWNER)


def can_handle_appeals(actor: Actor) -> bool:
    """Whether the actor says where appeals are heard, reads what people say, and answers them."""
    return actor.kind == "system" or actor.has(*HANDLERS)


def can_post_appeals(actor: Actor) -> bool:
    """Whether the actor may bring a person's appeal in, and take it back for them."""
    return can_submit_cases(actor) or can_handle_appeals(actor)


def can_follow_appeals(actor: Actor) -> bool:
    """Whether the actor may know what becomes of appeals: what to tell the person, and not what the person said."""
    return can_handle_appeals(actor) or (actor.kind == "key" and can_read_cases(actor))

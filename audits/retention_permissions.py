"""Who says how long things are kept, who holds them, and who erases."""

from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Role

KEEPERS = (Role.COMPLIANCE_OFFICER, Role.OWNER)


def can_keep(actor: Actor) -> bool:
    """Whether the actor sees rules, holds and runs, writes rules and sets those of others in force."""
    return actor.kind == "system" or actor.has(*KEEPERS)


def can_hold(actor: Actor) -> bool:
    """Whether the actor places and lifts legal holds."""
    return actor.has(*KEEPERS)


def can_erase(actor: Actor) -> bool:
    """Whether the actor erases what is asked to be erased: the compliance officer alone, with a reason."""
    return actor.has(Role.COMPLIANCE_OFFICER)

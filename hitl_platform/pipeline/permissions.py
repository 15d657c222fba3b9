"""Who may see the pipeline, and who may push it."""

from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Role

WATCHERS = (Role.MANAGER, Role.COMPLIANCE_OFFICER, Role.ML_ENGINEER, Role.OWNER)
PUSHERS = (Role.MANAGER, Role.ML_ENGINEER, Role.OWNER)


def can_view_steps(actor: Actor) -> bool:
    """Whether the actor sees what is due, running and dead."""
    return actor.has(*WATCHERS)


def can_retry_step(actor: Actor) -> bool:
    """Whether the actor may have a dead step tried again."""
    return actor.has(*PUSHERS)

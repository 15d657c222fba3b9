"""Who may see the figures that people steer by, and who declares what they are measured against."""

from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import KeyScope, Role

READERS = (Role.MANAGER, Role.COMPLIANCE_OFFICER, Role.OWNER)
MANAGERS = (Role.MANAGER, Role.OWNER)


def can_see_performance(actor: Actor) -> bool:
    """Whether the actor may see the figures of the tenant's decisions, and the cases behind them."""
    return actor.kind == "system" or actor.may(KeyScope.FIGURES_READ) or actor.has(*READERS)


def can_declare_baseline(actor: Actor) -> bool:
    """Whether the actor answers for what decisions cost."""
    return actor.kind == "user" and actor.has(*MANAGERS)


def can_post_satisfaction(actor: Actor) -> bool:
    """Whether the actor may say how subjects found a decision."""
    return actor.may(KeyScope.OUTCOMES_WRITE) or actor.has(*MANAGERS)

"""Who may do what to models."""

from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import KeyScope, Role

READERS = (Role.ML_ENGINEER, Role.MANAGER, Role.COMPLIANCE_OFFICER, Role.OWNER)
PROMOTERS = (Role.ML_ENGINEER, Role.MANAGER)


def can_read_models(actor: Actor) -> bool:
    """Whether the actor sees the tenant's models and their versions."""
    return actor.kind == "system" or actor.may(KeyScope.MODELS_WRITE) or actor.has(*READERS)


def can_register_models(actor: Actor) -> bool:
    """Whether the actor may create models and register versions of them."""
    return actor.kind == "system" or actor.may(KeyScope.MODELS_WRITE) or actor.has(Role.ML_ENGINEER)


def can_promote_versions(actor: Actor) -> bool:
    """Whether the actor may let a version decide, or end it; who made it is asked of `duties`."""
    return actor.has(*PROMOTERS)

"""Who may look back at what."""

from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import KeyScope, Role

AUDITORS = (Role.COMPLIANCE_OFFICER, Role.OWNER)


def can_audit(actor: Actor) -> bool:
    """Whether the actor may see how protected groups fare, ask for audits and follow up what they find."""
    return actor.kind == "system" or actor.may(KeyScope.AUDITS_WRITE) or actor.has(*AUDITORS)


def can_read_audits(actor: Actor) -> bool:
    """Whether the actor may read bias audits."""
    return can_audit(actor) or actor.may(KeyScope.AUDITS_READ)


def can_sign_audits(actor: Actor) -> bool:
    """Whether the actor may answer for an audit; who ran it never does, which `duties` holds."""
    return actor.kind == "user" and actor.has(*AUDITORS)

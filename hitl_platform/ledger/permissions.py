"""Who may read and who may erase."""

from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import KeyScope, Role

READERS = (Role.COMPLIANCE_OFFICER, Role.OWNER)


def can_read_ledger(actor: Actor) -> bool:
    """The whole ledger with its personal values: compliance officers, owners, keys with its scope, operators."""
    return actor.kind == "system" or actor.may(KeyScope.LEDGER_READ) or actor.has(*READERS)


def can_erase_personal(actor: Actor) -> bool:
    """Erasing what is personal is the compliance officer's, and that of the rules which two of them set in force."""
    return actor.kind == "system" or actor.has(Role.COMPLIANCE_OFFICER)

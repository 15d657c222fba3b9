"""Who may do what to case types, cases and outcomes."""

from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import KeyScope, Role

# reviewers and adjudicators are absent on purpose: what they may see of a case, their seat decides
READERS = (Role.MANAGER, Role.COMPLIANCE_OFFICER, Role.ML_ENGINEER, Role.OWNER)
MANAGERS = (Role.MANAGER, Role.OWNER)


def can_read_cases(actor: Actor) -> bool:
    """Whether the actor sees cases, decisions, outcomes and timelines of the tenant."""
    return actor.kind == "system" or actor.may(KeyScope.CASES_READ) or actor.has(*READERS)


def can_name_cases(actor: Actor) -> bool:
    """Whether the actor may say which case it means: a key that writes need not be able to read."""
    return can_read_cases(actor) or actor.may(KeyScope.CASES_WRITE) or actor.may(KeyScope.OUTCOMES_WRITE)


def can_define_case_types(actor: Actor) -> bool:
    """Whether the actor may create and revise case types."""
    return actor.kind == "system" or actor.may(KeyScope.CASE_TYPES_WRITE) or actor.has(*MANAGERS)


def can_submit_cases(actor: Actor) -> bool:
    """Whether the actor may bring cases in, and withdraw them."""
    return actor.kind == "system" or actor.may(KeyScope.CASES_WRITE) or actor.has(*MANAGERS)


def can_post_outcomes(actor: Actor) -> bool:
    """Whether the actor may say what turned out to be true."""
    return actor.kind == "system" or actor.may(KeyScope.OUTCOMES_WRITE) or actor.has(*MANAGERS)


def can_erase_files(actor: Actor) -> bool:
    """Whether the actor may erase evidence files."""
    return can_submit_cases(actor) or actor.has(Role.COMPLIANCE_OFFICER)

"""Saying what turned out to be true."""

from datetime import datetime
from uuid import UUID

from django.utils import timezone

from cases import permissions, queries
from cases.definitions import label_keys
from cases.models import Outcome
from hitl_platform.kernel.errors import Invalid, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor


@command
def post_outcome(
    *, actor: Actor, case_id: UUID, label: str, observed_at: datetime, source: str = ""
) -> tuple[Outcome, bool]:
    """The outcome of a case, and whether it is new.

    The outcome that stands, posted again, changes nothing; another one supersedes it and both are kept.
    Raises Invalid for a label that the case's type does not know, or a time yet to come.
    """
    case = queries.get_case(actor, case_id, lock=True)
    require(permissions.can_post_outcomes(actor))
    known = label_keys(case.type_version.labels)
    if label not in known:
        reason = f"The labels of this case are {', '.join(known)}."
        raise Invalid("The outcome is not valid.", fields={"label": [reason]})
    if observed_at > timezone.now():
        raise Invalid("The outcome is not valid.", fields={"observed_at": ["An outcome lies in the past."]})
    standing = queries.outcomes_of(case).last()
    if standing is not None and (standing.label, standing.observed_at, standing.source) == (
        label,
        observed_at,
        source,
    ):
        return standing, False
    outcome = Outcome.objects.create(
        tenant_id=actor.tenant_id,
        case=case,
        label=label,
        observed_at=observed_at,
        source=source,
        supersedes=standing,
    )
    record(
        "outcome.posted",
        outcome,
        actor=actor,
        body={"label": label, "supersedes": str(standing.pk) if standing else None},
    )
    return outcome, True

"""Legal holds: a held case stays whole until the hold is lifted."""

from uuid import UUID

from django.utils import timezone

from audits import retention_permissions, retention_queries
from audits.models import LegalHold
from cases.queries import get_case
from hitl_platform.kernel.errors import Conflict, Invalid, NotFound, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor

MAX_REASON = 1_000


@command
def place_hold(*, actor: Actor, case_id: UUID, reason: str) -> LegalHold:
    """Keep a case whole, whatever rules and requests say. Raises Conflict where it is held or erased already."""
    case = get_case(actor, case_id, lock=True)
    require(retention_permissions.can_hold(actor), "Compliance officers and owners place holds.")
    reason = checked_reason(reason)
    if case.erased_at is not None:
        raise Conflict("This case was erased; there is nothing left to hold.", code="case_erased")
    if retention_queries.held_cases([case.pk]):
        raise Conflict("This case is held already.", code="case_held")
    hold = LegalHold.objects.create(tenant_id=actor.tenant_id, case=case, reason=reason, placed_by=actor.id)
    record("legal_hold.placed", hold, actor=actor, personal={"reason": reason})
    return hold


@command
def lift_hold(*, actor: Actor, hold_id: UUID, reason: str) -> LegalHold:
    """End a hold: from now on rules and requests reach the case again."""
    hold = LegalHold.objects.select_for_update(no_key=True).filter(pk=hold_id).first()
    if hold is None or not retention_permissions.can_keep(actor):
        raise NotFound
    require(retention_permissions.can_hold(actor), "Compliance officers and owners lift holds.")
    reason = checked_reason(reason)
    if hold.lifted_at is not None:
        raise Conflict("This hold is lifted already.", code="hold_lifted")
    hold.lifted_by, hold.lifted_at, hold.lift_reason = actor.id, timezone.now(), reason
    hold.save(update_fields=["lifted_by", "lifted_at", "lift_reason"])
    record("legal_hold.lifted", hold, actor=actor, personal={"reason": reason})
    return hold


def checked_reason(reason: str) -> str:
    """The reason without space around it; raises Invalid for one that says nothing, or too much."""
    reason = reason.strip()
    if not 3 <= len(reason) <= MAX_REASON:
        raise Invalid("A reason is needed.", fields={"reason": [f"3 to {MAX_REASON} characters."]})
    return reason

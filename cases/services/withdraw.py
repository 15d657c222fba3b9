"""Taking a case back."""

from uuid import UUID

from django.utils import timezone

from cases import permissions, queries
from cases.models import Case
from cases.states import CASE
from hitl_platform.kernel.errors import require
from hitl_platform.ledger.commands import command, record
from hitl_platform.pipeline.services import enqueue
from hitl_platform.tenants.actor import Actor


@command
def withdraw_case(*, actor: Actor, case_id: UUID, reason: str = "") -> Case:
    """Withdraw a case that is not decided yet; what people hold of it is closed by the step this leaves."""
    case = queries.get_case(actor, case_id, lock=True)
    require(permissions.can_submit_cases(actor))
    case.state = CASE.apply("withdraw", case.state)
    case.withdrawn_at = timezone.now()
    case.save(update_fields=["state", "withdrawn_at"])
    record("case.withdrawn", case, actor=actor, personal={"reason": reason} if reason else None)
    enqueue("withdraw", tenant_id=actor.tenant_id, subject_id=case.pk)
    return case

"""What the pipeline does for staffing: an absence begins."""

from collections.abc import Sequence

from hitl_platform.ledger.commands import open_command
from hitl_platform.pipeline.runner import ClaimedStep, Finish
from hitl_platform.tenants.actor import system_actor
from reviews.services.absences import begin_absences


def reseat_absent(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Give back what those hold whose absences begin now, and free what is reserved for them."""
    tenant_id = steps[0].tenant_id
    with finish.closing(), open_command("begin absences", tenant_id=tenant_id):
        begin_absences(actor=system_actor(tenant_id, "absence"), absence_ids=[step.subject_id for step in steps])

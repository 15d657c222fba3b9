"""What the pipeline does for appeals: look at what a hearing came to."""

from collections.abc import Sequence

from audits.services.appeals import note_hearing
from hitl_platform.ledger.commands import open_command
from hitl_platform.pipeline.runner import ClaimedStep, Finish
from hitl_platform.tenants.actor import system_actor


def hear_appeals(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Panels that heard appeals are over: keep what each came to, or that its case was withdrawn."""
    tenant_id = steps[0].tenant_id
    actor = system_actor(tenant_id, "appeals")
    with finish.closing(), open_command("hear appeals", tenant_id=tenant_id):
        for step in steps:
            note_hearing(actor=actor, case_id=step.subject_id)

"""What the pipeline does about retention: the day's round of each rule, and its batches of cases."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from audits.models import RetentionRule
from audits.services.retention_runs import begin_run, carry_out, give_up, plan_next_day
from audits.states import RetentionState
from hitl_platform.pipeline.runner import ClaimedStep, Finish
from hitl_platform.tenants.actor import system_actor


def plan_retention(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Plan what is due under the active rule of a case type, and tomorrow's round. One step a batch.

    Without an active rule the rounds end; the next one that is activated begins them anew.
    """
    (step,) = steps
    actor = system_actor(step.tenant_id, "retention")
    with finish.closing():
        rules = RetentionRule.objects.select_related("case_type").filter(state=RetentionState.ACTIVE)
        rule = rules.filter(case_type_id=step.subject_id).select_for_update(no_key=True, of=("self",)).first()
        if rule is None:
            return
        begin_run(actor=actor, rule=rule)
        plan_next_day(tenant_id=step.tenant_id, case_type_id=step.subject_id)


def plan_again(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """A round that failed for good is visible as a dead step; tomorrow's comes all the same."""
    with finish.closing():
        for step in steps:
            plan_next_day(tenant_id=step.tenant_id, case_type_id=step.subject_id)


def retain(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Erase and reduce the cases of some batches, in one transaction."""
    actor = system_actor(steps[0].tenant_id, "retention")
    with finish():
        for run_id, case_ids in _by_run(steps).items():
            carry_out(actor=actor, run_id=run_id, case_ids=case_ids)


def give_up_retaining(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """A case that cannot be let go is counted with its run, and stays."""
    actor = system_actor(steps[0].tenant_id, "retention")
    with finish():
        for run_id, case_ids in _by_run(steps).items():
            give_up(actor=actor, run_id=run_id, case_ids=case_ids)


def _by_run(steps: Sequence[ClaimedStep]) -> dict[UUID, list[UUID]]:
    cases: dict[UUID, list[UUID]] = defaultdict(list)
    for step in steps:
        cases[UUID(step.cause)] += step.case_ids
    return cases

"""A person asks for a dead step once more."""

import pytest

from hitl_platform.kernel.errors import Conflict, Forbidden, NotFound
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.pipeline import runner
from hitl_platform.pipeline.services import retry_step
from hitl_platform.tenants.scope import tenant_scope
from tests.pipeline.kinds import KIND


@pytest.fixture
def dead(acme, write_steps, steps):
    write_steps(1, attempt=4)
    runner.run_batch(KIND, tenant_id=acme.id)
    (step,) = steps()
    assert step.state == "dead"
    return step


def test_it_runs_again_with_all_its_attempts(acme, mona, seen, dead, steps):
    retry_step(actor=mona, step_id=dead.id)
    (step,) = steps()
    assert (step.state, step.attempt) == ("ready", 0)
    runner.run_batch(KIND, tenant_id=acme.id)
    assert seen.done == [dead.subject_id]
    assert [step.state for step in steps()] == ["done"]


def test_it_records_its_event(acme, mona, dead):
    retry_step(actor=mona, step_id=dead.id)
    with tenant_scope(acme.id):
        event = AuditEvent.objects.get(verb="step.retried")
    assert (event.subject_id, event.case_id) == (dead.id, dead.subject_id)


def test_a_living_step_is_not_retried(mona, write_steps, steps):
    write_steps(1)
    with pytest.raises(Conflict):
        retry_step(actor=mona, step_id=steps()[0].id)


def test_who_may_look_may_not_push(ada, dead):
    with pytest.raises(Forbidden):
        retry_step(actor=ada, step_id=dead.id)


@pytest.mark.parametrize("stranger", ["alice", "gil"])
def test_who_may_not_look_finds_nothing(stranger, cast, dead):
    with pytest.raises(NotFound):
        retry_step(actor=cast.people[stranger], step_id=dead.id)

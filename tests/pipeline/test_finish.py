"""Completing: the effects and the end of the steps are one commit, under the token."""

import pytest
from django.utils import timezone

from hitl_platform.ledger.commands import NothingRecorded, record
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.pipeline import runner
from hitl_platform.pipeline.kinds import get_kind
from hitl_platform.pipeline.models import Step
from hitl_platform.pipeline.runner import Finish, LostLease
from hitl_platform.pipeline.services import enqueue
from hitl_platform.tenants.actor import system_actor
from hitl_platform.tenants.scope import tenant_scope
from tests.pipeline.kinds import KIND


@pytest.fixture
def claimed(acme, write_steps):
    write_steps(2)
    terms = get_kind(KIND)
    batch = runner._claim(terms, tenant_id=acme.id)
    return batch, Finish(terms=terms, steps=batch)


def states(acme):
    with tenant_scope(acme.id):
        return sorted(Step.objects.filter(kind=KIND).values_list("state", flat=True))


def test_the_effects_are_kept_with_the_end_of_the_steps(acme, claimed):
    batch, finish = claimed
    with finish():
        enqueue("route", tenant_id=acme.id, subject_id=batch[0].subject_id)
        record("case.scored", Step(id=batch[0].id), actor=system_actor(acme.id, "score"))
    assert finish.is_done
    assert states(acme) == ["done", "done"]
    with tenant_scope(acme.id):
        assert Step.objects.filter(kind="route").count() == 1
        assert AuditEvent.objects.filter(subject_id=batch[0].id, verb="case.scored").count() == 1


def test_an_effect_that_raises_leaves_nothing(acme, claimed):
    batch, finish = claimed

    def write_and_raise() -> None:
        with finish():
            enqueue("route", tenant_id=acme.id, subject_id=batch[0].subject_id)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_raise()
    assert not finish.is_done
    assert states(acme) == ["leased", "leased"]
    with tenant_scope(acme.id):
        assert not Step.objects.filter(kind="route").exists()


def test_effects_without_a_record_are_refused(acme, claimed):
    batch, finish = claimed
    with pytest.raises(NothingRecorded), finish():
        enqueue("route", tenant_id=acme.id, subject_id=batch[0].subject_id)
    assert states(acme) == ["leased", "leased"]


def test_one_lost_lease_of_a_batch_rolls_back_all(acme, claimed):
    batch, finish = claimed
    with tenant_scope(acme.id):
        Step.objects.filter(id=batch[1].id).update(state="ready", lease_token=None, lease_until=None)
    with pytest.raises(LostLease), finish():
        pytest.fail("the lost lease is found before the effects")
    assert states(acme) == ["leased", "ready"]


def test_a_second_claim_fences_the_first_worker_off(acme, claimed):
    batch, finish = claimed
    with tenant_scope(acme.id):
        Step.objects.update(state="ready", lease_token=None, lease_until=None, run_at=timezone.now())
    again = runner._claim(get_kind(KIND), tenant_id=acme.id)
    assert {step.id for step in again} == {step.id for step in batch}
    with pytest.raises(LostLease), finish():
        pass
    with Finish(terms=get_kind(KIND), steps=again)():
        pass
    assert states(acme) == ["done", "done"]


def test_finish_ends_a_batch_once(acme, claimed):
    _, finish = claimed
    with finish():
        pass
    with pytest.raises(RuntimeError, match="once"), finish():
        pass


def test_a_heartbeat_extends_the_lease(acme, claimed, steps, end_leases):
    _, finish = claimed
    end_leases()
    finish.heartbeat()
    assert all(step.lease_until > timezone.now() for step in steps())


def test_a_heartbeat_without_lease_says_so(acme, claimed):
    _, finish = claimed
    with tenant_scope(acme.id):
        Step.objects.update(state="ready", lease_token=None, lease_until=None)
    with pytest.raises(LostLease):
        finish.heartbeat()


def test_a_lost_lease_is_no_failed_attempt(acme, seen, write_steps, steps):
    write_steps(1)

    def lease_ends() -> None:
        with tenant_scope(acme.id):
            Step.objects.update(state="ready", lease_token=None, lease_until=None)

    seen.meanwhile = lease_ends
    runner.run_batch(KIND, tenant_id=acme.id)
    (step,) = steps()
    assert (step.state, step.attempt, step.last_error) == ("ready", 1, "")
    assert seen.done == []


def test_a_handler_that_does_not_finish_has_failed(acme, seen, write_steps, steps):
    write_steps(1)
    seen.forgets_to_finish = True
    runner.run_batch(KIND, tenant_id=acme.id)
    (step,) = steps()
    assert step.state == "ready"
    assert step.last_error.startswith("Unfinished at ")

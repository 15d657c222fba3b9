"""Claiming: in order, within the budget of cases, and never twice."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from hitl_platform.pipeline import runner
from hitl_platform.pipeline.kinds import Kind, get_kind
from hitl_platform.tenants.scope import tenant_scope
from tests.pipeline.kinds import KIND


def test_a_batch_is_bounded_by_its_cases(acme, seen, write_steps):
    write_steps(5, size=400)
    assert runner.run_batch(KIND, tenant_id=acme.id) == 2
    assert [len(batch) for batch in seen.batches] == [800]


def test_a_chunk_larger_than_the_budget_is_a_batch_of_its_own(acme, seen, write_steps):
    write_steps(2, size=1500)
    assert runner.run_batch(KIND, tenant_id=acme.id) == 1


def test_singles_fill_a_batch(acme, seen, write_steps):
    cases = write_steps(1005)
    assert runner.run_batch(KIND, tenant_id=acme.id) == 1000
    assert runner.run_batch(KIND, tenant_id=acme.id) == 5
    assert sorted(seen.done) == sorted(cases)


def test_what_is_more_urgent_goes_first_and_then_what_is_older(acme, seen, write_steps):
    old, new = write_steps(1, size=900), write_steps(1, size=900)
    urgent = write_steps(1, size=900, priority=5)
    runner.drain(acme.id, kinds=[KIND])
    assert seen.batches == [urgent, old, new]


def test_what_is_not_due_waits(acme, seen, write_steps):
    write_steps(1, run_at=timezone.now() + timedelta(seconds=30))
    assert runner.run_batch(KIND, tenant_id=acme.id) == 0


def test_a_leased_step_is_not_claimed_again(acme, write_steps):
    write_steps(3)
    terms = get_kind(KIND)
    first = runner._claim(terms, tenant_id=acme.id)
    assert len(first) == 3
    assert runner._claim(terms, tenant_id=acme.id) == []


def test_each_claim_has_a_token_of_its_own(acme, write_steps):
    terms = get_kind(KIND)
    write_steps(1)
    (first,) = runner._claim(terms, tenant_id=acme.id)
    write_steps(1)
    (second,) = runner._claim(terms, tenant_id=acme.id)
    assert second.token > first.token


def test_another_tenants_steps_are_not_there(globex, seen, write_steps):
    write_steps(3)
    assert runner.run_batch(KIND, tenant_id=globex.id) == 0
    assert seen.batches == []


def test_steps_do_not_run_inside_a_scope(acme):
    with tenant_scope(acme.id), pytest.raises(RuntimeError, match="outside any scope"):
        runner.run_batch(KIND, tenant_id=acme.id)


def test_an_unknown_kind_cannot_be_run(acme):
    with pytest.raises(LookupError):
        runner.run_batch("guess", tenant_id=acme.id)


@pytest.mark.parametrize("terms", [{"cases": 0}, {"lease_seconds": 0}, {"max_attempts": 1}])
def test_terms_that_make_no_sense_are_refused(terms):
    with pytest.raises(ValueError, match="cases and lease"):
        Kind(**{"name": str(uuid4()), "handler_path": "", "on_dead_path": "", "cases": 1, "lease_seconds": 1,
                "max_attempts": 2, **terms})  # fmt: skip

"""Failing: attempts are counted, batches narrow, chunks split, and the last to be left alone dies alone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from hitl_platform.pipeline import runner
from hitl_platform.pipeline.failures import LONGEST, describe
from tests.pipeline.kinds import KIND


@pytest.fixture
def run_to_the_end(acme, make_due):
    """Runs, and lets each backoff be over, until nothing is left to do."""

    def run() -> None:
        for _ in range(200):
            if not runner.drain(acme.id, kinds=[KIND]):
                return
            make_due()
        pytest.fail("it does not end")

    return run


def test_a_failed_attempt_is_counted_and_tried_again_later(acme, seen, write_steps, steps):
    seen.poison = {*write_steps(1)}
    runner.run_batch(KIND, tenant_id=acme.id)
    (step,) = steps()
    assert (step.state, step.attempt, step.lease_token) == ("ready", 1, None)
    assert timedelta(seconds=1) < step.run_at - timezone.now() < timedelta(seconds=3)


def test_the_error_says_where_and_never_what(acme, seen, write_steps, steps, caplog):
    seen.poison = {*write_steps(1)}
    runner.run_batch(KIND, tenant_id=acme.id)
    (step,) = steps()
    assert step.last_error.startswith("Poisoned at tests/pipeline/kinds.py:")
    assert "4111" not in step.last_error + caplog.text


def test_an_error_is_bounded():
    def deep(n: int) -> None:
        if n == 0:
            raise ValueError("x" * 10_000)
        deep(n - 1)

    with pytest.raises(ValueError, match="x") as caught:
        deep(50)
    assert len(describe(caught.value)) <= LONGEST


def test_a_poisonous_case_dies_alone(acme, seen, write_steps, steps, run_to_the_end):
    cases = write_steps(1000)
    seen.poison = {cases[437]}
    run_to_the_end()
    assert seen.with_humans == [cases[437]]
    assert sorted(seen.done) == sorted(set(cases) - seen.poison)
    assert {step.state for step in steps() if step.subject_id != cases[437]} == {"done"}
    (dead,) = [step for step in steps() if step.state == "dead"]
    assert dead.last_error.startswith("Poisoned at ")
    sizes = [len(batch) for batch in seen.batches]
    assert sizes[0] == 1000
    assert sizes[-1] == 1
    assert len(sizes) < 40


def test_the_last_attempt_is_alone(acme, seen, write_steps):
    write_steps(3, attempt=3)
    runner.drain(acme.id, kinds=[KIND])
    assert [len(batch) for batch in seen.batches] == [1, 1, 1]


def test_a_chunk_that_dies_is_split_before_its_cases_go_to_humans(acme, seen, write_steps, steps, run_to_the_end):
    cases = write_steps(1, size=500, cause="model_timeout", priority=3)
    seen.poison = {cases[7], cases[400]}
    run_to_the_end()
    assert sorted(seen.with_humans) == sorted(seen.poison)
    assert sorted(seen.done) == sorted(set(cases) - seen.poison)
    chunk, *singles = steps()
    assert (chunk.state, chunk.attempt) == ("done", 4)
    assert chunk.last_error.startswith("split into 500 single steps; Poisoned at ")
    assert {(step.cause, step.priority, step.case_count) for step in singles} == {("model_timeout", 3, 1)}


def test_a_worker_lost_at_the_last_attempt_still_reaches_humans(acme, seen, write_steps, steps):
    (case_id,) = write_steps(1, attempt=4)
    runner.run_batch(KIND, tenant_id=acme.id)
    assert seen.batches == []
    assert seen.with_humans == [case_id]
    assert [step.state for step in steps()] == ["dead"]


def test_a_worker_lost_at_the_last_attempt_of_a_chunk_splits_it(acme, seen, write_steps, steps):
    write_steps(1, size=3, attempt=4)
    runner.run_batch(KIND, tenant_id=acme.id)
    assert sorted(step.state for step in steps()) == ["done", "ready", "ready", "ready"]


def test_giving_up_is_tried_again_and_then_left_for_a_person_to_see(acme, seen, write_steps, steps, run_to_the_end):
    seen.poison, seen.humans_are_away = {*write_steps(1)}, True
    run_to_the_end()
    (step,) = steps()
    assert (step.state, step.attempt) == ("dead", 8)
    assert "then Poisoned" in step.last_error


def test_a_kind_without_a_last_resort_is_dead_at_once(acme, seen, settings, write_steps, steps, run_to_the_end):
    terms = {**settings.STEP_KINDS[KIND]}
    del terms["on_dead"]
    settings.STEP_KINDS = {**settings.STEP_KINDS, KIND: terms}
    seen.poison = {*write_steps(1)}
    run_to_the_end()
    (step,) = steps()
    assert (step.state, step.attempt, seen.with_humans) == ("dead", 4, [])

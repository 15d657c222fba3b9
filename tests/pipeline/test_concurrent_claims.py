"""Many workers at one queue: every step is done once, whoever claims beside whom."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from hitl_platform.pipeline import runner
from tests.pipeline.kinds import KIND

WORKERS = 6


@pytest.fixture(autouse=True)
def _committed(committed):
    """Each worker has a connection of its own and sees what is committed."""


def run_beside_each_other(acme) -> list[int]:
    barrier = threading.Barrier(WORKERS)

    def work() -> int:
        barrier.wait()
        try:
            return runner.drain(acme.id, kinds=[KIND])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WORKERS) as pool:
        return [future.result() for future in [pool.submit(work) for _ in range(WORKERS)]]


def test_each_step_is_done_once(acme, seen, settings, write_steps, steps):
    settings.STEP_KINDS = {**settings.STEP_KINDS, KIND: {**settings.STEP_KINDS[KIND], "cases": 20}}
    cases = write_steps(1_000)
    shares = run_beside_each_other(acme)
    assert sum(shares) == 1_000
    assert Counter(seen.done) == Counter(cases)
    assert {(step.state, step.attempt) for step in steps()} == {("done", 1)}
    assert max(len(batch) for batch in seen.batches) == 20


def test_mixed_chunks_and_singles_stay_within_the_budget(acme, seen, settings, write_steps):
    settings.STEP_KINDS = {**settings.STEP_KINDS, KIND: {**settings.STEP_KINDS[KIND], "cases": 50}}
    cases = [*write_steps(20, size=30), *write_steps(200), *write_steps(20, size=7)]
    run_beside_each_other(acme)
    assert Counter(seen.done) == Counter(cases)
    assert max(len(batch) for batch in seen.batches) <= 50

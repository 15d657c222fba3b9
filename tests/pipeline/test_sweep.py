"""The sweeper: rings again, frees what died, does the work while the broker is away, and sees no content."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.db.utils import ProgrammingError

from hitl_platform.celery import app
from hitl_platform.pipeline import runner, sweeper
from hitl_platform.pipeline.kinds import get_kind
from hitl_platform.tenants.scope import tenant_scope
from tests.pipeline.kinds import KIND


@pytest.fixture(autouse=True)
def _committed(committed):
    """The sweeper reads what is committed, over a connection of its own."""


def unhint(acme, *, seconds: int) -> None:
    with tenant_scope(acme.id), connection.cursor() as cursor:
        cursor.execute("update pipeline_step set hinted_at = now() - make_interval(secs => %s)", [seconds])


def test_it_rings_for_what_nobody_was_told_of_lately(acme, globex, write_steps):
    write_steps(3)
    assert sweeper.stale_pairs(stale_seconds=5) == []
    unhint(acme, seconds=6)
    assert sweeper.stale_pairs(stale_seconds=5) == [(acme.id, KIND)]
    assert sweeper.stale_pairs(stale_seconds=5) == []


def test_a_long_backlog_is_not_rewritten_to_ring_for_it(acme, write_steps, steps):
    write_steps(200)
    unhint(acme, seconds=6)
    sweeper.stale_pairs(stale_seconds=5)
    recent = [step for step in steps() if (step.run_at - step.hinted_at).total_seconds() < 1]
    assert len(recent) == 1


def test_it_frees_what_died_with_backoff(acme, write_steps, steps, end_leases):
    write_steps(2)
    runner._claim(get_kind(KIND), tenant_id=acme.id)
    assert sweeper.free_expired() == 0
    end_leases()
    assert sweeper.free_expired() == 2
    assert {(step.state, step.attempt, step.lease_token) for step in steps()} == {("ready", 1, None)}
    assert all(step.run_at > step.created_at for step in steps())


def test_a_worker_that_wakes_up_after_the_sweep_keeps_nothing(acme, seen, write_steps, end_leases, steps):
    write_steps(1)

    def sleep_past_the_lease() -> None:
        end_leases()
        assert sweeper.free_expired() == 1

    seen.meanwhile = sleep_past_the_lease
    runner.run_batch(KIND, tenant_id=acme.id)
    assert seen.done == []
    assert [step.state for step in steps()] == ["ready"]


def test_it_does_the_work_while_the_broker_is_away(acme, seen, write_steps, monkeypatch):
    cases = write_steps(5)
    unhint(acme, seconds=6)
    monkeypatch.setattr(app.conf, "broker_url", "redis://127.0.0.1:1/0")
    sweeping = sweeper.Sweeper()
    assert sweeping.sweep() == 5
    assert sorted(seen.done) == sorted(cases)
    assert sweeping.broker_is_away
    more = write_steps(1)
    assert sweeping.sweep() == 1, "what is new does not wait until its hint is stale"
    assert seen.done[-1:] == more


def test_it_does_what_workers_leave_lying_although_the_broker_is_well(acme, seen, write_steps, make_due, monkeypatch):
    cases = write_steps(3)
    make_due()
    sweeping = sweeper.Sweeper()
    assert sweeping.sweep() == 0, "a second is not long"
    monkeypatch.setattr(sweeper, "STANDSTILL_SECONDS", 0.5)
    assert sweeper.Sweeper().sweep() == 3
    assert sorted(seen.done) == sorted(cases)


def test_work_that_somebody_is_at_stands_not_still(acme, seen, write_steps, make_due, monkeypatch):
    monkeypatch.setattr(sweeper, "STANDSTILL_SECONDS", 0.5)
    write_steps(1)
    runner._claim(get_kind(KIND), tenant_id=acme.id)
    write_steps(1)
    make_due()
    assert sweeper.Sweeper().sweep() == 0


def test_two_sweepers_free_each_step_once(acme, write_steps, end_leases, steps):
    write_steps(300)
    runner.run_batch(KIND, tenant_id=acme.id)
    write_steps(300)
    runner._claim(get_kind(KIND), tenant_id=acme.id)
    end_leases()
    barrier = threading.Barrier(2)

    def free() -> int:
        barrier.wait()
        try:
            return sweeper.free_expired()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        freed = [future.result() for future in [pool.submit(free) for _ in range(2)]]
    assert sum(freed) == 300


def test_it_may_not_read_what_a_step_is_about(acme, write_steps):
    write_steps(1)
    for column in ("subject_id", "case_ids", "cause", "last_error", "dedupe_key", "lease_token"):
        with connections["sweeper"].cursor() as cursor, pytest.raises(ProgrammingError, match="permission denied"):
            cursor.execute(f"select {column} from pipeline_step")


@pytest.mark.parametrize(
    "statement",
    [
        "update pipeline_step set case_ids = '{}'",
        "update pipeline_step set tenant_id = gen_random_uuid()",
        "update pipeline_step set attempt = 0",
        "delete from pipeline_step",
        "insert into pipeline_step (id) values (gen_random_uuid())",
        "select 1 from cases_case",
        "select 1 from ledger_auditevent",
    ],
)
def test_it_may_do_nothing_else(acme, write_steps, statement):
    write_steps(1)
    with connections["sweeper"].cursor() as cursor, pytest.raises(ProgrammingError, match="permission denied"):
        cursor.execute(statement)


def test_work_at_a_standstill_fails_the_probe(acme, write_steps, make_due, capsys):
    call_command("check_workers")
    assert "Nothing due" in capsys.readouterr().out
    write_steps(1)
    make_due()
    with pytest.raises(CommandError, match=f"{KIND} at tenant {acme.id}"):
        call_command("check_workers", "--seconds", "0.5")
    runner._claim(get_kind(KIND), tenant_id=acme.id)
    call_command("check_workers", "--seconds", "0.5")


def test_one_round_by_hand(acme, write_steps):
    write_steps(1)
    call_command("sweep", "--once")

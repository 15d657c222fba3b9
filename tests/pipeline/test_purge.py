"""Done rows leave after some days; the chores come round without a clock of their own."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from hitl_platform.pipeline import runner, tasks
from hitl_platform.pipeline.steps import KEEP_DAYS, plan_chores
from hitl_platform.tenants.scope import tenant_scope
from tests.pipeline.kinds import KIND


def age(step, *, days: int) -> None:
    """Give a step the id that it would have had, had it been written days ago."""
    milliseconds = int((timezone.now() - timedelta(days=days)).timestamp() * 1000)
    aged = UUID(int=milliseconds << 80 | step.id.int & (1 << 80) - 1)
    with tenant_scope(step.tenant_id), connection.cursor() as cursor:
        cursor.execute("update pipeline_step set id = %s where id = %s", [aged, step.id])


def test_what_is_old_and_done_leaves(acme, seen, write_steps, steps):
    write_steps(2)
    runner.drain(acme.id, kinds=[KIND])
    (dead,) = write_steps(1, attempt=4)
    runner.drain(acme.id, kinds=[KIND])
    (waiting,) = write_steps(1, run_at=timezone.now() + timedelta(hours=1))
    written = steps()
    for step in written[1:]:
        age(step, days=KEEP_DAYS + 1)
    with tenant_scope(acme.id):
        plan_chores(acme.id, day=timezone.now().date())
    runner.drain(acme.id, kinds=["purge"])
    assert {step.subject_id for step in steps() if step.kind == KIND} == {written[0].subject_id, dead, waiting}


def test_each_purge_writes_down_the_next_days(acme, steps):
    today = timezone.now().date()
    with tenant_scope(acme.id):
        plan_chores(acme.id, day=today)
        plan_chores(acme.id, day=today)
    runner.drain(acme.id, kinds=["purge"])
    done, next_one = steps()
    assert (done.state, next_one.state) == ("done", "ready")
    assert next_one.dedupe_key == (today + timedelta(days=1)).isoformat()
    assert timedelta(hours=23) < next_one.run_at - datetime.now(UTC) < timedelta(hours=25)


def test_the_days_first_work_writes_the_chores_down(acme, seen, write_steps, steps):
    tasks._planned.clear()
    write_steps(1)
    tasks.answer_doorbell(KIND, str(acme.id))
    assert sorted(step.kind for step in steps()) == [KIND, "purge"]

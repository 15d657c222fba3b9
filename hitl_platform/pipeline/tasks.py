"""The Celery tasks: somebody rang, so look what is due; and the one calendar job."""

import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date
from functools import cache
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.core.management import call_command
from django.db import close_old_connections, connection
from django.utils import timezone

from hitl_platform.pipeline import doorbell
from hitl_platform.pipeline.kinds import kind_names
from hitl_platform.pipeline.runner import run_batch
from hitl_platform.pipeline.steps import plan_chores
from hitl_platform.tenants.scope import tenant_scope

# after this long the rest goes to the back of the line, so that no tenant's backlog holds the worker; well
# under the task's time limit, which must leave room for one batch more
ROUNDS_SECONDS = 10.0

logger = logging.getLogger(__name__)
_planned: dict[UUID, date] = {}


@shared_task(name=doorbell.TASK, ignore_result=True)  # type: ignore[untyped-decorator]  # Celery ships no types
def answer_doorbell(kind: str, tenant_id: str) -> int:
    """Run batches of `kind` at a tenant for a bounded time, and ring again if more is due; return the steps run.

    The message is a hint and carries no authority: whatever it says, only rows that are due anyway are
    claimed, inside the tenant that they belong to. A message that makes no sense is logged and dropped.
    """
    tenant = _tenant(tenant_id)
    if kind not in kind_names() or tenant is None:
        logger.warning("doorbell dropped: no such kind, or no tenant id")
        return 0
    if not connection.in_atomic_block:
        close_old_connections()
    deadline = time.monotonic() + min(ROUNDS_SECONDS, settings.CELERY_TASK_TIME_LIMIT / 3)
    total = ran = run_batch(kind, tenant_id=tenant)
    while ran:
        if time.monotonic() > deadline:
            doorbell.ring(kind, tenant_id=tenant)
            break
        ran = _run_two_batches(kind, tenant)
        total += ran
    if total:
        _plan_today(tenant)
    return total


@shared_task(name="hitl.clear_sessions", ignore_result=True)  # type: ignore[untyped-decorator]  # Celery ships no types
def clear_sessions() -> None:
    """Delete sessions that have ended; beat asks for it each day."""
    call_command("clearsessions")


def _run_two_batches(kind: str, tenant_id: UUID) -> int:
    """Where there is more than one batch, two side by side: one is thought about while the other is written."""
    if connection.in_atomic_block:
        return run_batch(kind, tenant_id=tenant_id)
    other = _second_hand(os.getpid()).submit(_run_beside, kind, tenant_id)
    try:
        mine = run_batch(kind, tenant_id=tenant_id)
    finally:
        wait([other])
    return mine + other.result()


def _run_beside(kind: str, tenant_id: UUID) -> int:
    close_old_connections()
    return run_batch(kind, tenant_id=tenant_id)


@cache
def _second_hand(_process: int) -> ThreadPoolExecutor:
    """One thread more for this process, with a connection that it keeps; a forked child gets its own."""
    return ThreadPoolExecutor(1, thread_name_prefix="second-batch")


def _plan_today(tenant_id: UUID) -> None:
    today = timezone.now().date()
    if _planned.get(tenant_id) != today:
        with tenant_scope(tenant_id):
            plan_chores(tenant_id, day=today)
        _planned[tenant_id] = today


def _tenant(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None

"""The pipeline's own chore: done rows leave, so that the table stays small.

Chores come round each day without a clock of their own: a tenant's first work of the day writes them down,
and each purge writes the next day's, so that a tenant that went quiet is tidied too.
"""

import time
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from hitl_platform.pipeline import statements
from hitl_platform.pipeline.kinds import CHORES
from hitl_platform.pipeline.runner import ClaimedStep, Finish
from hitl_platform.pipeline.services import enqueue
from hitl_platform.tenants.scope import tenant_scope

KEEP_DAYS = 7
CHUNK = 5_000
# of a lease of a minute; what is left goes to the next day's step
WORK_SECONDS = 30.0


def purge_done_steps(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Delete this tenant's steps that are done and were written more than KEEP_DAYS days ago.

    In short transactions, and by the time inside their ids: done rows have no index of their own.
    """
    tenant_id, before = steps[0].tenant_id, _earliest_id(days=KEEP_DAYS)
    deadline = time.monotonic() + WORK_SECONDS
    while time.monotonic() < deadline:
        with tenant_scope(tenant_id), connection.cursor() as cursor:
            cursor.execute(statements.PURGE, {"tenant": tenant_id, "before": before, "rows": CHUNK})
            if cursor.rowcount < CHUNK:
                break
    with finish.closing():
        plan_chores(tenant_id, day=timezone.now().date() + timedelta(days=1))


def plan_chores(tenant_id: UUID, *, day: date) -> None:
    """Write a day's chores of a tenant down, once however often it is asked."""
    begins_at = timezone.now() + timedelta(days=(day - timezone.now().date()).days)
    for kind in CHORES:
        enqueue(
            kind,
            tenant_id=tenant_id,
            subject_id=tenant_id,
            case_ids=(),
            dedupe_key=day.isoformat(),
            run_at=begins_at,
            priority=-1,
        )


def _earliest_id(*, days: int) -> UUID:
    milliseconds = int((timezone.now() - timedelta(days=days)).timestamp() * 1000)
    return UUID(int=milliseconds << 80)

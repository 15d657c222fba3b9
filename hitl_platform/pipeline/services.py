"""Writing obligations down, and asking for a dead one once more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models.functions import Now

from hitl_platform.kernel.bound_cursor import bound_cursor
from hitl_platform.kernel.errors import require
from hitl_platform.kernel.ids import uuid7s
from hitl_platform.ledger.commands import command, record
from hitl_platform.pipeline import doorbell, permissions, queries, statements
from hitl_platform.pipeline.kinds import get_kind
from hitl_platform.pipeline.models import Step
from hitl_platform.pipeline.states import STEP
from hitl_platform.tenants.actor import Actor


@dataclass(frozen=True, slots=True)
class NewStep:
    """An obligation to be written down.

    `case_ids` are the cases it stands for; None means that the subject is the one case. `run_at` None
    means at once. Of `priority`, higher goes first.
    """

    subject_id: UUID
    case_ids: Sequence[UUID] | None = None
    dedupe_key: str = ""
    cause: str = ""
    run_at: datetime | None = None
    priority: int = 0


def enqueue(
    kind: str,
    *,
    tenant_id: UUID,
    subject_id: UUID,
    case_ids: Sequence[UUID] | None = None,
    dedupe_key: str = "",
    cause: str = "",
    run_at: datetime | None = None,
    priority: int = 0,
) -> int:
    """Write one obligation in the transaction in force; return 0 where it was written before, else 1."""
    step = NewStep(subject_id, case_ids, dedupe_key, cause, run_at, priority)
    return enqueue_many(kind, tenant_id=tenant_id, rows=[step])


def enqueue_many(kind: str, *, tenant_id: UUID, rows: Sequence[NewStep], attempt: int = 0) -> int:
    """Write many obligations of one kind in one statement; return how many are new.

    Runs inside a command or a finish() of the same tenant. The doorbell rings at commit where any of them
    is due. `attempt` counts earlier failures that the rows inherit. Raises LookupError for an unknown kind.
    """
    get_kind(kind)
    if not rows:
        return 0
    with bound_cursor() as cursor:
        cursor.execute(
            statements.ENQUEUE,
            {
                "tenant": tenant_id,
                "kind": kind,
                "attempt": attempt,
                "ids": uuid7s(len(rows)),
                "subjects": [row.subject_id for row in rows],
                # arrays of arrays must be rectangular, so each inner one travels as its text
                "cases": [_array_text((row.subject_id,) if row.case_ids is None else row.case_ids) for row in rows],
                "dedupes": [row.dedupe_key for row in rows],
                "causes": [row.cause for row in rows],
                "run_ats": [row.run_at for row in rows],
                "priorities": [row.priority for row in rows],
            },
        )
        due = [is_due for (is_due,) in cursor.fetchall()]
    if any(due):
        doorbell.ring_on_commit(kind, tenant_id=tenant_id)
    return len(due)


@command
def retry_step(*, actor: Actor, step_id: UUID) -> Step:
    """Make a dead step ready again, with all its attempts before it."""
    step = queries.get_step(actor, step_id, lock=True)
    require(permissions.can_retry_step(actor))
    step.state = STEP.apply("retry", step.state)
    step.attempt, step.run_at, step.done_at, step.hinted_at = 0, Now(), None, Now()
    step.save(update_fields=["state", "attempt", "run_at", "done_at", "hinted_at"])
    case_id = step.case_ids[0] if len(step.case_ids) == 1 else None
    record("step.retried", step, actor=actor, case_id=case_id, body={"kind": step.kind, "error": step.last_error})
    doorbell.ring_on_commit(step.kind, tenant_id=actor.tenant_id)
    return step


def _array_text(ids: Sequence[UUID]) -> str:
    return "{" + ",".join(map(str, ids)) + "}"

"""Claim a batch, work outside any transaction, complete in one: the effects and the row's end are one commit."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from hitl_platform.ledger.commands import open_command
from hitl_platform.pipeline import statements
from hitl_platform.pipeline.failures import describe
from hitl_platform.pipeline.kinds import Kind, get_kind, kind_names
from hitl_platform.pipeline.services import NewStep, enqueue_many
from hitl_platform.pipeline.states import STEP
from hitl_platform.tenants.scope import in_scope, tenant_scope

logger = logging.getLogger(__name__)


class LostLease(RuntimeError):
    """The lease ended and the step is someone else's now: nothing of this attempt may be kept."""


class Unfinished(RuntimeError):
    """The handler returned without finish(): its steps would be neither done nor failed."""


@dataclass(frozen=True, slots=True)
class ClaimedStep:
    """A step under this worker's token. `attempt` counts from 1."""

    id: UUID
    tenant_id: UUID
    kind: str
    subject_id: UUID
    case_ids: tuple[UUID, ...]
    cause: str
    attempt: int
    token: int
    dedupe_key: str
    priority: int


class Finish:
    """Ends one batch, once: `with finish(): …effects…` commits them with the steps' end, or nothing at all."""

    def __init__(self, *, terms: Kind, steps: Sequence[ClaimedStep], verb: str = "complete", error: str | None = None):
        self._terms, self._steps, self._verb, self._error = terms, steps, verb, error
        self.is_done = False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """The completing transaction, in the tenant's scope, as one command of the ledger.

        Raises LostLease where a token no longer matches, NothingRecorded where effects went unrecorded.
        """
        with self.closing(), open_command(f"finish of {self._terms.name}", tenant_id=self._steps[0].tenant_id):
            yield

    @contextmanager
    def closing(self) -> Iterator[None]:
        """The completing transaction without a record, for the pipeline's own housekeeping."""
        if self.is_done:
            raise RuntimeError("finish() ends a batch once")
        with tenant_scope(self._steps[0].tenant_id):
            # first, so that a lost lease is found before the work of writing, and the rows stay locked
            _must_hold(self._steps, statements.CLOSE, state=STEP.target(self._verb), error=self._error)
            yield
        self.is_done = True

    def heartbeat(self) -> None:
        """Extend the lease by its full length from now, between parts of long work; raises LostLease."""
        with tenant_scope(self._steps[0].tenant_id):
            _must_hold(self._steps, statements.EXTEND, lease=self._terms.lease_seconds)


def run_batch(kind: str, *, tenant_id: UUID) -> int:
    """Claim and do one batch of what is due; return how many steps were claimed.

    A handler's failure is written to its steps, never raised. Raises LookupError for an unknown kind and
    RuntimeError inside a scope, whose transaction would hold every lock of the work.
    """
    if in_scope():
        raise RuntimeError("steps run outside any scope: each opens its own")
    terms = get_kind(kind)
    steps = _claim(terms, tenant_id=tenant_id)
    for step in steps:
        if step.attempt > terms.max_attempts:
            _give_up(terms, step, error=None)
    work = [step for step in steps if step.attempt <= terms.max_attempts]
    if work:
        _attempt(terms, work)
    return len(steps)


def drain(tenant_id: UUID, *, kinds: Sequence[str] | None = None) -> int:
    """Run batches until nothing of `kinds` (all, if None) is due at this tenant; return how many steps ran."""
    total = 0
    while True:
        ran = sum(run_batch(kind, tenant_id=tenant_id) for kind in kinds or kind_names())
        if not ran:
            return total
        total += ran


def _claim(terms: Kind, *, tenant_id: UUID) -> list[ClaimedStep]:
    with tenant_scope(tenant_id), connection.cursor() as cursor:
        cursor.execute(
            statements.CLAIM,
            {
                "tenant": tenant_id,
                "kind": terms.name,
                "budget": terms.cases,
                "narrowing": terms.narrowing,
                "lease": terms.lease_seconds,
            },
        )
        rows = cursor.fetchall()
    steps = [
        ClaimedStep(id_, tenant_id, terms.name, subject_id, tuple(case_ids), cause, attempt, token, dedupe, priority)
        for id_, subject_id, case_ids, cause, attempt, token, dedupe, priority in rows
    ]
    return sorted(steps, key=lambda step: (-step.priority, step.id))


def _attempt(terms: Kind, steps: Sequence[ClaimedStep]) -> None:
    finish = Finish(terms=terms, steps=steps)
    try:
        terms.handler(steps, finish)
        if not finish.is_done:
            raise Unfinished(terms.handler_path)
    except LostLease:
        logger.warning("%s: lease lost after %d attempt(s), effects rolled back", terms.name, steps[0].attempt)
    except Exception as error:  # noqa: BLE001 - the worker's outermost loop: a failure is the step's, not the worker's
        reason = describe(error)
        logger.error("%s: attempt failed for %d step(s): %s", terms.name, len(steps), reason)  # noqa: TRY400 - its message may hold what a case says
        if not finish.is_done:
            _fail(terms, steps, error=reason)


def _fail(terms: Kind, steps: Sequence[ClaimedStep], *, error: str) -> None:
    """Free the steps for another attempt, and give up those that had their last."""
    again = [step for step in steps if step.attempt < terms.max_attempts]
    if again:
        with tenant_scope(again[0].tenant_id):
            _match(again, statements.FREE, error=error)
    for step in steps:
        if step.attempt >= terms.max_attempts:
            _give_up(terms, step, error=error)


def _give_up(terms: Kind, step: ClaimedStep, *, error: str | None) -> None:
    """Split a chunk into its cases; give the case of a single step to humans.

    A step comes here again where giving up failed or its worker was killed; after as many tries as it had
    attempts it is dead without help, for a person to see.
    """
    try:
        if len(step.case_ids) > 1:
            _split(terms, step, error=error)
            return
        finish = Finish(terms=terms, steps=[step], verb="bury", error=error)
        if terms.on_dead is not None and step.attempt < 2 * terms.max_attempts:
            terms.on_dead([step], finish)
        if not finish.is_done:
            with finish():
                logger.error("%s: step %s is dead", terms.name, step.id)
    except LostLease:
        logger.warning("%s: lease lost while giving up step %s", terms.name, step.id)
    except Exception as failure:  # noqa: BLE001 - the worker's outermost loop
        reason = f"{error or 'given up'}; then {describe(failure)}"
        logger.error("%s: giving up step %s failed: %s", terms.name, step.id, reason)  # noqa: TRY400 - its message may hold what a case says
        with tenant_scope(step.tenant_id):
            _match([step], statements.FREE, error=reason)


def _split(terms: Kind, step: ClaimedStep, *, error: str | None) -> None:
    reason = f"split into {len(step.case_ids)} single steps; {error or 'its worker was lost'}"
    with Finish(terms=terms, steps=[step], verb="split", error=reason).closing():
        singles = [
            NewStep(case_id, (case_id,), f"split:{step.id}", step.cause, None, step.priority)
            for case_id in step.case_ids
        ]
        # one failure is theirs already: they start in smaller batches than the chunk was
        enqueue_many(terms.name, tenant_id=step.tenant_id, rows=singles, attempt=1)


def _must_hold(steps: Sequence[ClaimedStep], statement: str, **values: Any) -> None:
    if _match(steps, statement, **values) != len(steps):
        raise LostLease(f"{steps[0].kind}: of {len(steps)} step(s) under token {steps[0].token} some are not ours")


def _match(steps: Sequence[ClaimedStep], statement: str, **values: Any) -> int:
    held: dict[str, Any] = {"tenant": steps[0].tenant_id, "ids": [step.id for step in steps], "token": steps[0].token}
    with connection.cursor() as cursor:
        cursor.execute(statement, held | values)
        return int(cursor.rowcount)

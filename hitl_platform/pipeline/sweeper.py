"""The sweeper: rings again for what is due and frees what died. It may not read what a step is about."""

import logging
import time
from dataclasses import dataclass
from uuid import UUID

from django.db import connections

from hitl_platform.pipeline import doorbell, statements
from hitl_platform.pipeline.kinds import kind_names
from hitl_platform.pipeline.runner import run_batch

ALIAS = "sweeper"
STALE_SECONDS = 5
ROWS = 1_000
# after this long without anybody at work on it, due work is done here although the broker took the doorbells:
# a worker can be alive and deaf, which only work that is not done tells
STANDSTILL_SECONDS = 60.0
# how long it does steps itself before it looks at the leases again
HELP_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Sweeper:
    """Rounds of freeing and ringing; what nobody hears of, or nobody does, it does itself, as hitl_app."""

    def __init__(self) -> None:
        self.broker_is_away = False
        self._next_look = 0.0

    def sweep(self) -> int:
        """One round; return how many steps were done here, which is 0 while broker and workers are well."""
        free_expired()
        # while nobody hears the bell there is no point in waiting until a hint is stale
        pairs = stale_pairs(stale_seconds=0 if self.broker_is_away else STALE_SECONDS)
        unheard = [
            (tenant_id, kind)
            for tenant_id, kind in pairs
            if kind in kind_names() and not doorbell.ring(kind, tenant_id=tenant_id)
        ]
        if pairs:
            self.broker_is_away = bool(unheard)
        return _run(unheard or self._left_lying())

    def _left_lying(self) -> list[tuple[UUID, str]]:
        """Pairs at a standstill, looked for as often as hints grow stale."""
        if time.monotonic() < self._next_look:
            return []
        self._next_look = time.monotonic() + STALE_SECONDS
        still = [each for each in standstills(longer_than=STANDSTILL_SECONDS) if each.kind in kind_names()]
        if still:
            logger.warning("sweeper: %d kind(s) of work stand still; doing them here", len(still))
        return [(each.tenant_id, each.kind) for each in still]


def free_expired() -> int:
    """Give every step whose lease ended back, with backoff; return how many.

    One that has had its last attempt comes back too: the worker that claims it next splits or buries it.
    """
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(statements.SWEEP_EXPIRED, {"rows": ROWS})
        freed = int(cursor.rowcount)
    if freed:
        logger.warning("sweeper: %d lease(s) ended, steps freed", freed)
    return freed


def stale_pairs(*, stale_seconds: int) -> list[tuple[UUID, str]]:
    """The (tenant, kind) pairs whose first due step was not rung for lately; marks them as rung for."""
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(statements.SWEEP_DUE, {"stale": stale_seconds})
        return [(tenant_id, kind) for tenant_id, kind in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Standstill:
    """Work that is due and that nobody does: the liveness of workers is measured by it."""

    kind: str
    tenant_id: UUID
    seconds: float


def standstills(*, longer_than: float) -> list[Standstill]:
    """What has been due for more than `longer_than` seconds while none of its tenant and kind is being done."""
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(statements.STANDSTILLS, {"seconds": longer_than})
        return [Standstill(*row) for row in cursor.fetchall()]


def close_connections() -> None:
    """Drop both connections, so that the next round opens new ones after the database was away."""
    for alias in (ALIAS, "default"):
        connections[alias].close()


def _run(pairs: list[tuple[UUID, str]]) -> int:
    deadline = time.monotonic() + HELP_SECONDS
    total = 0
    while pairs and time.monotonic() < deadline:
        ran = [(pair, run_batch(pair[1], tenant_id=pair[0])) for pair in pairs]
        total += sum(count for _, count in ran)
        pairs = [pair for pair, count in ran if count]
    return total

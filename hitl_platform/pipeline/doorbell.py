"""The doorbell: a Celery message that says "something of this kind is due at this tenant".

It is a hint and no more. A step whose doorbell was lost is found by the sweeper a few seconds later, so
publishing never fails a request and never holds one up: it happens behind the request, and after a failure
nothing is tried for a while.
"""

import logging
import threading
import time
from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from celery import current_app
from django.db import connection, transaction
from kombu import pools
from kombu.connection import Connection
from kombu.exceptions import KombuError, OperationalError
from redis.exceptions import RedisError

from hitl_platform.pipeline.ringer import Ringer

TASK = "hitl.doorbell"
# a message nobody took in this time is stale: the sweeper has rung again since
EXPIRES_SECONDS = 60
SILENT_SECONDS = 3.0
BROKER_TIMEOUT = 1.0
FAILURES = (KombuError, OperationalError, RedisError, OSError)

logger = logging.getLogger(__name__)
# how many doorbells were rung, failed, or skipped while the broker was away, in this process
counts: Counter[str] = Counter()


class Circuit:
    """Open for a while after a failure, so that a broker that is away costs one timeout and not one each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether calls are spared now. One caller at a time gets through to find out that it is over."""
        with self._lock:
            now = time.monotonic()
            if now < self._open_until:
                return True
            if self._open_until:
                self._open_until = now + SILENT_SECONDS
            return False

    def failed(self) -> bool:
        """Open it; return whether it was closed before."""
        with self._lock:
            first = self._open_until == 0.0
            self._open_until = time.monotonic() + SILENT_SECONDS
            return first

    def succeeded(self) -> bool:
        """Close it; return whether it was open before."""
        with self._lock:
            was_open, self._open_until = self._open_until > 0.0, 0.0
            return was_open


circuit = Circuit()


@dataclass(frozen=True, slots=True)
class _Ring:
    kind: str
    tenant_id: UUID

    def __call__(self) -> None:
        ringer.ask(self)


ringer: Ringer[_Ring] = Ringer(lambda bell: ring(bell.kind, tenant_id=bell.tenant_id))


def ring_on_commit(kind: str, *, tenant_id: UUID) -> None:
    """Ring once per kind and tenant soon after the transaction in force commits."""
    bell = _Ring(kind, tenant_id)
    if not any(entry[1] == bell for entry in connection.run_on_commit):
        transaction.on_commit(bell)


def ring(kind: str, *, tenant_id: UUID) -> bool:
    """Publish one doorbell; return whether the broker took it. Never raises for a broker that is away."""
    if circuit.is_open:
        counts["skipped"] += 1
        return False
    try:
        with pools.producers[_connection()].acquire(block=True, timeout=BROKER_TIMEOUT) as producer:
            current_app.send_task(
                TASK,
                args=[kind, str(tenant_id)],
                producer=producer,
                retry=False,
                ignore_result=True,
                expires=EXPIRES_SECONDS,
            )
    except FAILURES as error:
        counts["failed"] += 1
        if circuit.failed():
            logger.warning("doorbell silent: the broker is away (%s); the sweeper takes over", type(error).__name__)
        return False
    counts["rung"] += 1
    if circuit.succeeded():
        logger.warning("doorbell rings again: the broker is back")
    return True


def _connection() -> Connection:
    # its own short timeouts: a worker may wait for the broker, a request may not
    return Connection(  # type: ignore[no-untyped-call]  # kombu ships no types for it
        current_app.conf.broker_url,
        connect_timeout=BROKER_TIMEOUT,
        transport_options={
            "socket_timeout": BROKER_TIMEOUT,
            "socket_connect_timeout": BROKER_TIMEOUT,
            "retry_on_timeout": False,
            "max_retries": 0,
        },
    )

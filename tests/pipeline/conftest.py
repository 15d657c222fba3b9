from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from hitl_platform.kernel.ids import uuid7s
from hitl_platform.pipeline import doorbell
from hitl_platform.pipeline.models import Step
from hitl_platform.pipeline.services import NewStep, enqueue_many
from hitl_platform.tenants.models import Tenant
from hitl_platform.tenants.scope import tenant_scope
from tests.pipeline import kinds


@pytest.fixture(autouse=True)
def seen(settings: Any) -> Iterator[kinds.Seen]:
    settings.STEP_KINDS = {**settings.STEP_KINDS, kinds.KIND: kinds.TERMS}
    kinds.seen.__init__()  # type: ignore[misc]  # a fresh one in place: handlers hold the object
    yield kinds.seen
    doorbell.circuit.succeeded()


@pytest.fixture
def write_steps(acme: Tenant) -> Callable[..., list[UUID]]:
    """Write `count` steps of `size` cases each at acme; answers the cases."""

    def write(count: int, *, size: int = 1, attempt: int = 0, **values: Any) -> list[UUID]:
        cases = uuid7s(count * size)
        rows = [NewStep(cases[i * size], cases[i * size : (i + 1) * size], **values) for i in range(count)]
        with tenant_scope(acme.id):
            assert enqueue_many(kinds.KIND, tenant_id=acme.id, rows=rows, attempt=attempt) == count
        return cases

    return write


@pytest.fixture
def steps(acme: Tenant) -> Callable[[], list[Step]]:
    """Every step at acme, in the order of writing."""

    def read() -> list[Step]:
        with tenant_scope(acme.id):
            return list(Step.objects.order_by("id"))

    return read


@pytest.fixture
def make_due(acme: Tenant) -> Callable[[], None]:
    """Let the backoff of every waiting step be over."""

    def shift() -> None:
        with tenant_scope(acme.id), connection.cursor() as cursor:
            cursor.execute("update pipeline_step set run_at = now() - interval '1 second' where state = 'ready'")

    return shift


@pytest.fixture
def end_leases(acme: Tenant) -> Callable[[], None]:
    """Let every lease have ended, as after a worker's death."""

    def shift() -> None:
        with tenant_scope(acme.id), connection.cursor() as cursor:
            cursor.execute("update pipeline_step set lease_until = now() - interval '1 second' where state = 'leased'")

    return shift

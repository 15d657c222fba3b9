from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from hitl_platform.ledger.commands import command, record
from hitl_platform.ledger.events import COLUMNS, event_line
from hitl_platform.ledger.merkle import leaf_hash, root_of
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Tenant
from hitl_platform.tenants.scope import tenant_scope
from tests.databases import seal_committed


@command
def note(*, actor: Actor, text: str, personal: dict[str, str] | None = None, verb: str = "tenant.noted") -> UUID:
    """A command of the tests: one event about the actor's tenant."""
    tenant = Tenant.objects.get(pk=actor.tenant_id)
    return record(verb, tenant, actor=actor, body={"text": text}, personal=personal)


@pytest.fixture
def write(cast: Any) -> Callable[..., list[UUID]]:
    """Write `count` events, a transaction each."""

    def write(actor: Actor, count: int = 1, **values: Any) -> list[UUID]:
        return [note(actor=actor, text=f"{nth}", **values) for nth in range(count)]

    return write


def sealed(tenant: Tenant) -> list[tuple[int, str, bytes]]:
    """The leaves of a tenant: seq, event id, hash."""
    query = "select seq, event_id::text, leaf_hash from ledger_auditleaf where tenant_id = %s order by seq"
    with connections["sealer"].cursor() as cursor:
        cursor.execute(query, [tenant.pk])
        return [(seq, event, bytes(leaf)) for seq, event, leaf in cursor.fetchall()]


def checkpoints(tenant: Tenant) -> dict[int, bytes]:
    """The roots that were signed, by size."""
    with connections["sealer"].cursor() as cursor:
        cursor.execute("select size, root from ledger_checkpoint where tenant_id = %s", [tenant.pk])
        return {size: bytes(root) for size, root in cursor.fetchall()}


def expected_leaves(tenant: Tenant) -> list[tuple[int, str, bytes]]:
    """The leaves as one undisturbed round would write them: all events in the order of their transactions."""
    query = f"select {COLUMNS} from ledger_auditevent e where tenant_id = %s order by epoch, e.xid, e.id"
    with connections["migrator"].cursor() as cursor:
        cursor.execute(query, [tenant.pk])
        return [(seq, row[0], leaf_hash(event_line(row))) for seq, row in enumerate(cursor.fetchall())]


def assert_sealed_right(tenant: Tenant) -> None:
    """Every event has its place, and every root that was ever signed is the one of an undisturbed run."""
    leaves = sealed(tenant)
    assert leaves == expected_leaves(tenant)
    roots = checkpoints(tenant)
    assert len(leaves) in roots
    for size, root in roots.items():
        assert root == root_of([leaf for _, _, leaf in leaves[:size]])


@pytest.fixture
def seal() -> Callable[[], int]:
    """Seal what is committed."""
    return seal_committed


def in_database(query: str, *parameters: Any, alias: str = "migrator", tenant: Tenant | None = None) -> None:
    """Run one statement as a role."""
    if tenant is not None:
        with tenant_scope(tenant.pk, using=alias), connections[alias].cursor() as cursor:
            cursor.execute(query, parameters)
        return
    with connections[alias].cursor() as cursor:
        cursor.execute(query, parameters)

"""The tenant in force: the one ambient value, because it is a wall and not a decision.

A scope is a transaction whose `app.tenant` setting row-level security reads. It is set by
`set_config(..., true)` alone: a session-wide SET behind a transaction pooler leaks to other clients.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.db import connections, transaction

from hitl_platform.kernel.bound_cursor import bound_cursor

_tenant: ContextVar[UUID | None] = ContextVar("tenant", default=None)


class NoTenantScope(RuntimeError):
    """Tenant data was asked for outside a scope, or for another tenant than the one in force."""


@contextmanager
def tenant_scope(tenant_id: UUID, *, using: str = "default") -> Iterator[None]:
    """Open a transaction in which only `tenant_id`'s rows exist.

    Inside a scope of the same tenant this joins it; inside another tenant's it raises NoTenantScope.
    """
    outer = _tenant.get()
    if outer is not None:
        if outer != tenant_id:
            raise NoTenantScope("a scope of one tenant cannot open another's")
        yield
        return
    token = _tenant.set(tenant_id)
    try:
        with transaction.atomic(using=using):
            _set_config(using, str(tenant_id))
            yield
            # under an outer transaction (tests) the setting would outlive the scope; an error undoes it by itself
            connection = connections[using]
            if connection.in_atomic_block and len(connection.savepoint_ids) > 0 and not connection.needs_rollback:
                _set_config(using, "")
    finally:
        _tenant.reset(token)


def current_tenant_id() -> UUID:
    """The tenant in force; raises NoTenantScope where none is."""
    tenant_id = _tenant.get()
    if tenant_id is None:
        raise NoTenantScope("tenant data is reachable only inside tenant_scope(...)")
    return tenant_id


def in_scope() -> bool:
    """Whether a tenant is in force."""
    return _tenant.get() is not None


def _set_config(using: str, value: str) -> None:
    with bound_cursor(using) as cursor:
        cursor.execute("select set_config('app.tenant', %s, true)", [value])

"""Definitions of case types, kept in memory: a version never changes once it is stored."""

from functools import lru_cache
from uuid import UUID

from cases.models import CaseTypeVersion
from hitl_platform.tenants.scope import current_tenant_id


def type_version(version_id: UUID) -> CaseTypeVersion:
    """One version of a case type, inside a scope."""
    return _of_tenant(current_tenant_id(), version_id)


@lru_cache(maxsize=256)
def _of_tenant(tenant_id: UUID, version_id: UUID) -> CaseTypeVersion:
    return CaseTypeVersion.objects.get(tenant_id=tenant_id, pk=version_id)

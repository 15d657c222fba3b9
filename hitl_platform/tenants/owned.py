"""What every row of a tenant has: the base model, its manager, and foreign keys that stay inside the tenant."""

from typing import Any, TypeVar

from django.db import models

from hitl_platform.kernel.ids import uuid7
from hitl_platform.tenants.scope import current_tenant_id

M = TypeVar("M", bound=models.Model)


class TenantManager(models.Manager[M]):
    """Rows of the tenant in force; raises NoTenantScope where none is, so that a forgotten scope is loud."""

    def get_queryset(self) -> models.QuerySet[M]:
        return super().get_queryset().filter(tenant_id=current_tenant_id())


class TenantForeignKey(models.ForeignKey[Any, Any]):
    """A foreign key whose constraint is composite, `(tenant_id, x_id)`, erected by the `Walls` operation.

    Referential checks ignore row-level security: a plain constraint accepts another tenant's row.
    """

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        kwargs.setdefault("db_index", False)
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        # ForeignKey leaves db_index out where it is True; ours is the other way round
        kwargs.pop("db_index", None)
        if getattr(self, "db_index", False):
            kwargs["db_index"] = True
        return name, path, args, kwargs


class TenantOneToOneField(models.OneToOneField[Any, Any]):
    """A one-to-one link inside the tenant; its constraint is composite like TenantForeignKey's."""

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        return name, path, args, kwargs


class TenantOwned(models.Model):
    """A row of one tenant. Subclasses whose key is a TenantOneToOneField override `id` with None."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(
        "tenants.Tenant",
        models.PROTECT,
        db_constraint=False,
        db_index=False,
        editable=False,
        related_name="+",
    )

    objects = TenantManager()

    class Meta:
        abstract = True
        # rows reached through a relation stay inside the walls as well
        base_manager_name = "objects"

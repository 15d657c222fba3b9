"""The walls of a tenant table, erected by one migration operation.

Row-level security enabled and forced with one policy, a unique `(tenant_id, id)` for composite foreign
keys to point at, the composite foreign keys themselves, and the grants of the application's role.
"""

from typing import Any

from django.apps.registry import Apps
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation

POLICY = "tenant_wall"
PREDICATE = "tenant_id = (select app.tenant())"


class Walls(Operation):
    """Wall off the table of `model`; `grants` are the privileges of hitl_app on it.

    With `tenant_first_key` the primary key itself becomes `(tenant_id, id)`: one index less on a table that
    grows fast. Not for tables that the sweeper or the sealer reads by id over all tenants.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, model: str, grants: str = "select, insert, update", *, tenant_first_key: bool = False) -> None:
        self.model = model
        self.grants = grants
        self.tenant_first_key = tenant_first_key

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Walls are the database's own: Django's state of the models stays as it is."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        statements = wall_statements(
            to_state.apps, app_label, self.model, grants=self.grants, tenant_first_key=self.tenant_first_key
        )
        for statement in statements:
            schema_editor.execute(statement)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model)
        table = model._meta.db_table
        for name, _ in _foreign_keys(model):
            schema_editor.execute(f"alter table {table} drop constraint if exists {name}")
        schema_editor.execute(f"alter table {table} drop constraint if exists {unique_name(table)}")
        if self.tenant_first_key:
            key = model._meta.pk.column
            schema_editor.execute(f"alter table {table} add constraint {table}_pkey primary key ({key})")
        schema_editor.execute(f"drop policy if exists {POLICY} on {table}")
        schema_editor.execute(f"alter table {table} no force row level security")
        schema_editor.execute(f"alter table {table} disable row level security")
        schema_editor.execute(f"revoke all on {table} from hitl_app")

    def describe(self) -> str:
        return f"Erect the tenant walls of {self.model}"


def wall_statements(
    apps: Apps, app_label: str, model_name: str, *, grants: str, tenant_first_key: bool = False
) -> list[str]:
    """The SQL that walls off one model's table."""
    model = apps.get_model(app_label, model_name)
    table, key = model._meta.db_table, model._meta.pk.column
    wall = f"add constraint {unique_name(table)} unique (tenant_id, {key})"
    if tenant_first_key:
        wall = f"drop constraint {table}_pkey, add constraint {unique_name(table)} primary key (tenant_id, {key})"
    return [
        f"alter table {table} {wall}",
        *(f"alter table {table} add constraint {name} {body}" for name, body in _foreign_keys(model)),
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy {POLICY} on {table} for all to hitl_app using ({PREDICATE}) with check ({PREDICATE})",
        f"grant {grants} on {table} to hitl_app",
    ]


def unique_name(table: str) -> str:
    """The constraint that composite foreign keys to `table` point at."""
    return f"{table}_within_tenant"


def composite_fields(model: type[models.Model]) -> list[models.ForeignKey[Any, Any]]:
    """The foreign keys of `model` to other tenant tables."""
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and not getattr(field, "db_constraint", True) and field.name != "tenant"
    ]


def _foreign_keys(model: type[models.Model]) -> list[tuple[str, str]]:
    table = model._meta.db_table
    keys = []
    for field in composite_fields(model):
        target = field.remote_field.model._meta
        body = f"foreign key (tenant_id, {field.column}) references {target.db_table} (tenant_id, {target.pk.column})"
        keys.append((f"{table}_{field.column}_within_tenant", body))
    if not keys:
        # the chain of composite keys must end at the tenant itself
        keys.append((f"{table}_tenant_exists", "foreign key (tenant_id) references tenants_tenant (id)"))
    return keys

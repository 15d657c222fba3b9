"""Walks PostgreSQL's catalogue and names everything that is not as `isolation.py` says."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db import connections

from hitl_platform.tenants.isolation import (
    APPEND_ONLY,
    DEFINER_FUNCTIONS,
    GLOBAL_GRANTS,
    GLOBAL_UNIQUES,
    ROLE_POLICIES,
    ROLE_TABLES,
    TENANT_TABLE,
    TENANT_WALL,
    WALL,
    Policy,
)
from hitl_platform.tenants.provisioning import BACKUP, BYPASSING, ROLES


def breaches(*, using: str = "default") -> list[str]:
    """Every way in which the catalogue differs from the walls, a sentence each; empty when tenants are apart."""
    with connections[using].cursor() as cursor:
        walk = _Walk(cursor)
        return [
            *walk.tables(),
            *walk.policies(),
            *walk.foreign_keys(),
            *walk.uniques(),
            *walk.grants(),
            *walk.roles(),
            *walk.views_and_functions(),
        ]


class _Walk:
    def __init__(self, cursor: Any) -> None:
        self.cursor = cursor
        self.tenant_tables = {
            row[0]
            for row in self._rows(
                "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid"
                " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"
                " and a.attname = 'tenant_id' and not a.attisdropped"
            )
        } | {TENANT_TABLE}

    def _rows(self, query: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        self.cursor.execute(query, parameters)
        return list(self.cursor.fetchall())

    def tables(self) -> Iterator[str]:
        query = (
            "select relname, relrowsecurity, relforcerowsecurity from pg_class"
            " where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
        )
        for table, enabled, forced in self._rows(query):
            if table in self.tenant_tables:
                if not enabled:
                    yield f"{table}: row-level security is off"
                if not forced:
                    yield f"{table}: row-level security is not forced on its owner"
            elif table not in GLOBAL_GRANTS:
                yield f"{table}: has no tenant and is not on the list of global tables"
        nullable = (
            "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid where a.attname = 'tenant_id'"
            " and not a.attnotnull and c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"
        )
        for (table,) in self._rows(nullable):
            yield f"{table}: tenant_id may be null"

    def policies(self) -> Iterator[str]:
        found: dict[str, set[Policy]] = defaultdict(set)
        query = (
            "select tablename, policyname, roles, cmd, qual, with_check from pg_policies where schemaname = 'public'"
        )
        for table, name, roles, command, using, check in self._rows(query):
            for role in roles.strip("{}").split(",") if isinstance(roles, str) else roles:
                found[table].add(Policy(name, role, command, using, check))
        for table in sorted(self.tenant_tables):
            wall = TENANT_WALL if table == TENANT_TABLE else WALL
            if wall not in found[table]:
                yield f"{table}: the policy {wall.name} is missing or reads differently"
            for policy in sorted(found[table] - {wall}, key=str):
                allowed = ROLE_POLICIES.get(policy.role, frozenset())
                if table not in allowed or not policy.name.startswith(policy.role.removeprefix("hitl_")):
                    yield f"{table}: policy {policy.name} for {policy.role} is not one of ours"

    def foreign_keys(self) -> Iterator[str]:
        query = (
            "select c.conrelid::regclass::text, c.confrelid::regclass::text, c.conname,"
            " (select array_agg(a.attname::text) from unnest(c.conkey) k join pg_attribute a"
            "  on a.attrelid = c.conrelid and a.attnum = k)"
            " from pg_constraint c where c.contype = 'f' and c.connamespace = 'public'::regnamespace"
        )
        anchored = {TENANT_TABLE}
        for table, target, name, columns in self._rows(query):
            if target in self.tenant_tables and table in self.tenant_tables:
                if "tenant_id" in columns:
                    anchored.add(table)
                else:
                    yield f"{table}: foreign key {name} to {target} does not carry the tenant"
            elif target in self.tenant_tables:
                yield f"{table}: a global table points into tenant table {target} by {name}"
        for table in sorted(self.tenant_tables - anchored):
            yield f"{table}: no foreign key ties its rows to a tenant"

    def uniques(self) -> Iterator[str]:
        query = (
            "select t.relname, i.relname, x.indisprimary, a.attname from pg_index x"
            " join pg_class t on t.oid = x.indrelid join pg_class i on i.oid = x.indexrelid"
            " left join pg_attribute a on a.attrelid = t.oid and a.attnum = x.indkey[0]"
            " where x.indisunique and t.relnamespace = 'public'::regnamespace"
        )
        for table, index, primary, first in self._rows(query):
            if table in self.tenant_tables and not primary and first != "tenant_id" and index not in GLOBAL_UNIQUES:
                yield f"{table}: unique index {index} does not begin with the tenant and tells of other tenants' rows"

    def grants(self) -> Iterator[str]:
        query = (
            "select c.relname, pg_get_userbyid(a.grantee), a.privilege_type, a.grantee = 0 from pg_class c,"
            " aclexplode(c.relacl) a"
            " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')"
        )
        for table, role, privilege, everybody in self._rows(query):
            verb = privilege.lower()
            if everybody:
                yield f"{table}: everybody may {verb}"
            elif role == "hitl_app":
                if verb not in ("select", "insert", "update", "delete"):
                    yield f"{table}: hitl_app may {verb}"
                if table in APPEND_ONLY and verb in ("update", "delete"):
                    yield f"{table}: is append-only, yet hitl_app may {verb}"
                if table in GLOBAL_GRANTS and verb not in GLOBAL_GRANTS[table]:
                    yield f"{table}: hitl_app may {verb}, which the list of global tables does not grant"
            elif role == BACKUP and verb != "select":
                yield f"{table}: {role} may {verb}, and it only reads"
            elif role in ROLE_TABLES and table not in ROLE_TABLES[role]:
                yield f"{table}: {role} may {verb}, which is not its work"

    def roles(self) -> Iterator[str]:
        query = (
            "select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication from pg_roles"
            " where rolname = any(%s)"
        )
        seen = set()
        for role, superuser, bypass, createrole, createdb, replication in self._rows(query, [list(ROLES)]):
            seen.add(role)
            if superuser or createrole or createdb or replication:
                yield f"role {role}: has powers that it must not have"
            if bypass != (role in BYPASSING):
                yield f"role {role}: BYPASSRLS is {'on' if bypass else 'off'}"
        yield from (f"role {role}: does not exist" for role in sorted(set(ROLES) - seen))
        owners = (
            "select relname, pg_get_userbyid(relowner) from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind in ('r', 'p', 'S', 'v') and pg_get_userbyid(relowner) <> 'hitl_migrator'"
            " and not exists (select 1 from pg_depend d where d.objid = pg_class.oid and d.deptype = 'e')"
        )
        for table, owner in self._rows(owners):
            yield f"{table}: belongs to {owner} instead of hitl_migrator"
        members = (
            "select m.rolname, g.rolname from pg_auth_members x join pg_roles m on m.oid = x.member"
            " join pg_roles g on g.oid = x.roleid where m.rolname = any(%s)"
        )
        for role, group in self._rows(members, [list(ROLES)]):
            yield f"role {role}: is a member of {group}"

    def views_and_functions(self) -> Iterator[str]:
        views = (
            "select relname from pg_class where relnamespace in ('public'::regnamespace, 'app'::regnamespace)"
            " and relkind in ('v', 'm') and not coalesce(reloptions::text like '%%security_invoker=true%%', false)"
        )
        for (view,) in self._rows(views):
            yield f"view {view}: does not run with its caller's rights"
        functions = (
            "select p.proname, p.prosecdef, p.proconfig::text, n.nspname from pg_proc p"
            " join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'app')"
            " and not exists (select 1 from pg_depend d where d.objid = p.oid and d.deptype = 'e')"
        )
        found = self._rows(functions)
        for function, definer, config, schema in found:
            if definer and (schema != "app" or function not in DEFINER_FUNCTIONS):
                yield f"function {function}: runs with its owner's rights and is not one of the two doors"
            if definer and "search_path=pg_catalog" not in (config or ""):
                yield f"function {function}: its search_path is not fixed"
        missing = DEFINER_FUNCTIONS - {row[0] for row in found}
        yield from (f"function app.{name}: does not exist" for name in sorted(missing))

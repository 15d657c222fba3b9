"""Nothing in the ledger changes: the application may not, and nobody can, the owner included."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connections

from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Tenant
from hitl_platform.tenants.scope import tenant_scope
from tests.ledger.conftest import in_database

TABLES = ("ledger_auditevent", "ledger_auditleaf", "ledger_checkpoint")
CHANGES = ("update {} set tenant_id = tenant_id", "delete from {}", "truncate {}")


@pytest.fixture
def one_event(committed: Any, olga: Actor, write: Callable[..., Any], seal: Callable[[], int]) -> None:
    write(olga)
    assert seal()


def assert_refused(statement: str, *parameters: Any, match: str = "permission denied", **where: Any) -> None:
    with pytest.raises(DatabaseError, match=match):
        in_database(statement, *parameters, **where)


def test_hitl_app_may_not_change_it(one_event: None, acme: Tenant) -> None:
    for table in TABLES:
        for change in CHANGES:
            assert_refused(change.format(table), alias="default", tenant=acme)


def test_its_owner_cannot_change_it(one_event: None) -> None:
    for table in TABLES:
        for change in CHANGES:
            # a foreign key refuses a plain truncate of the events before the trigger can
            cascade = " cascade" if change.startswith("truncate") else ""
            assert_refused(change.format(table) + cascade, match="append-only")


def test_the_sealer_may_only_add(one_event: None) -> None:
    for table in TABLES:
        for change in CHANGES:
            assert_refused(change.format(table), alias="sealer")


def test_hitl_app_cannot_choose_the_stamps_of_an_event_nor_seal(one_event: None, acme: Tenant) -> None:
    for column, value in (("xid", "'1'"), ("at", "now()"), ("epoch", "1")):
        statement = (
            f"insert into ledger_auditevent (id, tenant_id, verb, actor, subject_type, body, personal, {column})"
            f" values (gen_random_uuid(), %s, 'a.b', '{{}}', 'x', '{{}}', '{{}}', {value})"
        )
        assert_refused(statement, acme.pk, alias="default", tenant=acme)
    for table in ("ledger_auditleaf", "ledger_checkpoint", "ledger_sealerstate"):
        assert_refused(f"insert into {table} select * from {table}", alias="default", tenant=acme)


def test_the_sealer_sees_events_and_nothing_else_of_a_tenant(one_event: None) -> None:
    with connections["sealer"].cursor() as cursor:
        cursor.execute("select count(*) from ledger_auditevent")
        assert cursor.fetchone()[0] > 0
    for table in ("ledger_auditpersonal", "tenants_tenant", "tenants_user", "tenants_membership", "cases_case"):
        assert_refused(f"select 1 from {table}", alias="sealer")


def test_without_a_scope_and_in_another_tenant_there_is_nothing(one_event: None, globex: Tenant) -> None:
    for table in (*TABLES, "ledger_auditpersonal"):
        with connections["default"].cursor() as cursor:
            cursor.execute(f"select count(*) from {table}")
            assert cursor.fetchone()[0] == 0
        with tenant_scope(globex.pk), connections["default"].cursor() as cursor:
            cursor.execute(f"select count(*) from {table} where tenant_id <> %s", [globex.pk])
            assert cursor.fetchone()[0] == 0

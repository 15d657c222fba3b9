"""What each wall holds back. `test_each_wall_is_needed.py` takes them down one by one and expects red here."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import IntegrityError, ProgrammingError, connection, transaction

from cases.models import CaseType, CaseTypeVersion
from hitl_platform.kernel.ids import uuid7
from hitl_platform.tenants.catalogue import breaches
from hitl_platform.tenants.models import Membership, Tenant
from hitl_platform.tenants.scope import NoTenantScope, tenant_scope


def test_policy_hides_the_other_tenants_rows(acme: Tenant, globex: Tenant) -> None:
    with tenant_scope(acme.id), connection.cursor() as cursor:
        cursor.execute("select distinct tenant_id from tenants_membership")
        assert cursor.fetchall() == [(acme.id,)]


def test_policy_takes_no_row_for_the_other_tenant(acme: Tenant, globex: Tenant) -> None:
    with tenant_scope(acme.id), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        CaseType(tenant_id=globex.id, key="stolen", name="Stolen").save(force_insert=True)


def test_force_walls_even_the_owner(acme: Tenant) -> None:
    with _superuser_that_rolls_back() as probe:
        probe.execute("create role hitl_probe nologin")
        probe.execute("grant usage on schema public, app to hitl_probe")
        probe.execute("alter table tenants_membership owner to hitl_probe")
        probe.execute("set local role hitl_probe")
        assert probe.execute("select count(*) from tenants_membership").fetchone() == (0,)


@pytest.mark.parametrize("statement", ["update ledger_auditevent set verb = 'x'", "delete from ledger_auditevent"])
def test_grants_leave_events_as_they_are(acme: Tenant, statement: str) -> None:
    with tenant_scope(acme.id), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement)


@pytest.mark.parametrize(
    "statement", ["truncate tenants_membership", "create table mine (id int)", "drop table cases_case"]
)
def test_grants_leave_the_schema_as_it_is(acme: Tenant, statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
        connection.cursor().execute(statement)


def test_composite_key_refuses_the_other_tenants_row(acme: Tenant, globex: Tenant) -> None:
    with tenant_scope(globex.id):
        foreign = CaseType(tenant_id=globex.id, key="theirs", name="Theirs")
        foreign.save(force_insert=True)
    parts = ("payload_schema", "labels", "costs", "reason_codes", "layout", "attributes_schema", "facets")
    empty: dict[str, Any] = {part: {} for part in parts}
    with tenant_scope(acme.id), pytest.raises(IntegrityError, match="within_tenant"), transaction.atomic():
        CaseTypeVersion(tenant_id=acme.id, id=uuid7(), case_type_id=foreign.pk, version=1, question="?", **empty).save(
            force_insert=True
        )


def test_manager_is_loud_outside_a_scope(acme: Tenant) -> None:
    with pytest.raises(NoTenantScope):
        Membership.objects.exists()


def test_role_of_the_application_has_no_way_around(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select current_user, rolsuper, rolbypassrls from pg_roles where rolname = current_user")
        assert cursor.fetchone() == ("hitl_app", False, False)
        cursor.execute("select count(*) from tenants_membership")
        assert cursor.fetchone() == (0,)


def test_the_catalogue_is_as_the_walls_say(db: None) -> None:
    assert breaches() == []


@contextmanager
def _superuser_that_rolls_back() -> Iterator["psycopg.Connection[Any]"]:
    name = connection.settings_dict["NAME"]
    probe = psycopg.connect(settings.SUPERUSER_DATABASE_URL, dbname=name)
    try:
        yield probe
    finally:
        probe.rollback()
        probe.close()

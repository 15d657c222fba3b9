import pytest
from django.db import ProgrammingError, connection, transaction

from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership, Tenant
from hitl_platform.tenants.scope import NoTenantScope, current_tenant_id, tenant_scope


def test_rows_outside_a_scope_are_refused_loudly(acme: Tenant) -> None:
    with pytest.raises(NoTenantScope):
        Membership.objects.count()


def test_a_scope_holds_its_own_rows_alone(acme: Tenant, globex: Tenant) -> None:
    with tenant_scope(acme.id):
        ours = Membership.objects.count()
        with connection.cursor() as cursor:
            cursor.execute("select count(*), count(distinct tenant_id) from tenants_membership")
            assert cursor.fetchone() == (ours, 1)
    with tenant_scope(globex.id):
        assert Membership.objects.count() not in (0, ours)


def test_without_a_scope_the_database_itself_shows_nothing(acme: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from tenants_membership")
        assert cursor.fetchone() == (0,)
    with tenant_scope(acme.id):
        pass
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from tenants_membership")
        assert cursor.fetchone() == (0,), "the setting outlived its scope"


def test_a_scope_of_the_same_tenant_joins_and_of_another_is_refused(acme: Tenant, globex: Tenant) -> None:
    with tenant_scope(acme.id):
        with tenant_scope(acme.id):
            assert current_tenant_id() == acme.id
        assert current_tenant_id() == acme.id
        with pytest.raises(NoTenantScope), tenant_scope(globex.id):
            pass


def test_a_failure_inside_rolls_back_and_closes_the_scope(acme: Tenant) -> None:
    def rename_and_fail() -> None:
        with tenant_scope(acme.id):
            Tenant.objects.filter(pk=acme.id).update(name="changed")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        rename_and_fail()
    with pytest.raises(NoTenantScope):
        current_tenant_id()
    with tenant_scope(acme.id):
        assert Tenant.objects.get().name == "Acme"


def test_another_tenants_row_cannot_be_written(acme: Tenant, globex: Tenant, alice: Actor) -> None:
    with (
        tenant_scope(acme.id),
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
    ):
        Membership.objects.create(tenant_id=globex.id, user_id=alice.id, roles=["owner"])

import pytest

from hitl_platform.access.entry import find_member, memberships_of
from hitl_platform.access.services import add_member, create_tenant, create_user, set_roles
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.models import Membership, Tenant, User
from hitl_platform.tenants.scope import tenant_scope

STRONG = "a long and uncommon sentence"


def test_a_person_enters_a_tenant_with_roles(olga: Actor) -> None:
    user = create_user(email="New@Example.org", name="New", password=STRONG)
    add_member(actor=olga, user=user, roles=["reviewer", "reviewer"])
    (membership,) = memberships_of(user)
    assert (membership.tenant_id, membership.roles) == (olga.tenant_id, frozenset({"reviewer"}))
    assert user.email == "new@example.org"


def test_one_address_is_one_person(db: None, olga: Actor) -> None:
    create_user(email="new@example.org", name="New", password=STRONG)
    with pytest.raises(Conflict):
        create_user(email="NEW@example.org", name="Other", password=STRONG)


@pytest.mark.parametrize(
    ("email", "name", "password", "field"),
    [
        ("nonsense", "N", STRONG, "email"),
        ("n@example.org", " ", STRONG, "name"),
        ("n@example.org", "N", "short", "password"),
    ],
)
def test_bad_input_names_its_field(db: None, email: str, name: str, password: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        create_user(email=email, name=name, password=password)
    assert list(refusal.value.fields) == [field]


def test_only_owners_staff(mona: Actor, alice: Actor) -> None:
    user = create_user(email="new@example.org", name="New", password=None)
    with pytest.raises(Forbidden):
        add_member(actor=mona, user=user, roles=["reviewer"])
    with tenant_scope(mona.tenant_id):
        membership = Membership.objects.get(user_id=alice.id)
    with pytest.raises(Forbidden):
        set_roles(actor=mona, membership_id=membership.pk, roles=["owner"])


def test_nobody_changes_their_own_roles(olga: Actor) -> None:
    with tenant_scope(olga.tenant_id):
        own = Membership.objects.get(user_id=olga.id)
    with pytest.raises(Forbidden, match="their own roles"):
        set_roles(actor=olga, membership_id=own.pk, roles=["owner", "reviewer"])


def test_an_inactive_membership_opens_nothing(olga: Actor, alice: Actor) -> None:
    with tenant_scope(olga.tenant_id):
        membership = Membership.objects.get(user_id=alice.id)
    set_roles(actor=olga, membership_id=membership.pk, roles=["reviewer"], is_active=False)
    user = find_member(alice.id)
    assert user is not None
    assert memberships_of(user) == []
    with tenant_scope(olga.tenant_id):
        event = AuditEvent.objects.get(verb="membership.roles_set", subject_id=membership.pk)
    assert event.body["before"] == {"roles": ["reviewer"], "is_active": True}


def test_unknown_roles_are_named(olga: Actor) -> None:
    user = create_user(email="new@example.org", name="New", password=None)
    with pytest.raises(Invalid, match="roles are wrong"):
        add_member(actor=olga, user=user, roles=["emperor"])


def test_another_tenants_membership_is_not_there(gil: Actor, alice: Actor) -> None:
    with tenant_scope(alice.tenant_id):
        membership = Membership.objects.get(user_id=alice.id)
    with pytest.raises(NotFound):
        set_roles(actor=gil, membership_id=membership.pk, roles=["reviewer"])


def test_a_new_tenant_sees_nothing_of_others(acme: Tenant) -> None:
    tenant = create_tenant(slug="initech", name="Initech")
    user = create_user(email="new@example.org", name="New", password=None)
    add_member(actor=system_actor(tenant.id, "operator"), user=user, roles=["owner"])
    with tenant_scope(tenant.id):
        assert list(Tenant.objects.values_list("slug", flat=True)) == ["initech"]
        assert Membership.objects.count() == 1
        assert User.objects.filter(memberships__tenant_id=tenant.id).count() == 1
        assert AuditEvent.objects.filter(verb="tenant.created").count() == 1

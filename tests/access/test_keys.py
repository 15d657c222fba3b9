from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from hitl_platform.access.keys import find_live_key, secret_hash
from hitl_platform.access.management.commands.create_key import Command
from hitl_platform.access.services import create_key, revoke_key
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import KeyScope, ServiceKey
from hitl_platform.tenants.scope import tenant_scope


def test_a_key_opens_its_own_tenant_with_its_scopes(olga: Actor) -> None:
    key, secret = create_key(actor=olga, name="loan desk", scopes=["cases:write"])
    found = find_live_key(secret)
    assert found is not None
    assert (found.actor.tenant_id, found.actor.scopes) == (olga.tenant_id, frozenset({"cases:write"}))
    assert secret.startswith(key.prefix)
    assert len(secret) > 45


def test_only_the_hash_of_the_secret_is_kept(olga: Actor) -> None:
    key, secret = create_key(actor=olga, name="loan desk", scopes=["cases:write"])
    with tenant_scope(olga.tenant_id), connection.cursor() as cursor:
        cursor.execute(
            "select k::text, (select string_agg(e::text, ' ') from ledger_auditevent e)"
            " from tenants_servicekey k where id = %s",
            [key.pk],
        )
        row, events = cursor.fetchone()
    assert secret not in row + events
    assert secret_hash(secret).hex() in row


@pytest.mark.parametrize("secret", ["", "hitl_", "hitl_" + "x" * 43, "Bearer", "hitl_\x00"])
def test_an_unknown_secret_opens_nothing(db: None, secret: str) -> None:
    assert find_live_key(secret) is None


def test_a_revoked_key_opens_nothing_from_then_on(olga: Actor) -> None:
    key, secret = create_key(actor=olga, name="loan desk", scopes=["cases:write"])
    revoke_key(actor=olga, key_id=key.pk)
    assert find_live_key(secret) is None
    with pytest.raises(Conflict):
        revoke_key(actor=olga, key_id=key.pk)


def test_an_expired_key_opens_nothing(olga: Actor) -> None:
    key, secret = create_key(actor=olga, name="loan desk", scopes=["cases:write"])
    with tenant_scope(olga.tenant_id):
        ServiceKey.objects.filter(pk=key.pk).update(expires_at=timezone.now())
    assert find_live_key(secret) is None


@pytest.mark.parametrize("days", [-1, 0, 731, 1_000_000])
def test_a_key_lives_for_two_years_at_most(olga: Actor, days: int) -> None:
    with pytest.raises(Invalid) as refusal:
        create_key(actor=olga, name="loan desk", scopes=["cases:write"], life=timedelta(days=days))
    assert set(refusal.value.fields) == {"days"}


def test_the_command_tells_what_scopes_open_and_gives_few_by_default() -> None:
    parser = Command().create_parser("manage.py", "create_key")
    told = parser.format_help()
    assert [scope for scope in KeyScope.values if scope not in told] == []
    assert parser.get_default("scopes") == "cases:read,cases:write"


def test_two_live_keys_of_one_name_allow_rotation_and_a_third_is_refused(olga: Actor) -> None:
    first, _ = create_key(actor=olga, name="loan desk", scopes=["cases:write"])
    create_key(actor=olga, name="loan desk", scopes=["cases:write"])
    for same in ("loan desk", " loan desk "):
        with pytest.raises(Conflict, match="Two keys of this name are live"):
            create_key(actor=olga, name=same, scopes=["cases:write"])
    revoke_key(actor=olga, key_id=first.pk)
    create_key(actor=olga, name="loan desk", scopes=["cases:write"])


@pytest.mark.parametrize(
    ("name", "scopes", "field"),
    [("desk", [], "scopes"), ("desk", ["cases:eat"], "scopes"), (" ", ["cases:read"], "name")],
)
def test_bad_input_names_its_field(olga: Actor, name: str, scopes: list[str], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        create_key(actor=olga, name=name, scopes=scopes)
    assert list(refusal.value.fields) == [field]


def test_reviewers_make_and_revoke_no_keys(alice: Actor, integrator: Actor) -> None:
    for actor in (alice, integrator):
        with pytest.raises(Forbidden):
            create_key(actor=actor, name="mine", scopes=["cases:read"])
        with pytest.raises(Forbidden):
            revoke_key(actor=actor, key_id=integrator.id)


def test_another_tenants_key_is_not_there(gil: Actor, integrator: Actor) -> None:
    with pytest.raises(NotFound):
        revoke_key(actor=gil, key_id=integrator.id)


def test_it_records_who_made_which_key(olga: Actor) -> None:
    key, _ = create_key(actor=olga, name="loan desk", scopes=KeyScope.values)
    with tenant_scope(olga.tenant_id):
        event = AuditEvent.objects.get(verb="service_key.created", subject_id=key.pk)
    assert event.actor["id"] == str(olga.id)
    assert event.body["prefix"] == key.prefix


def test_use_is_noted_at_most_once_a_minute(api: APIClient, integrator: Actor) -> None:
    with tenant_scope(integrator.tenant_id):
        ServiceKey.objects.filter(pk=integrator.id).update(last_used_at=None)
    api.get("/api/v1/cases/")
    with tenant_scope(integrator.tenant_id):
        first = ServiceKey.objects.get(pk=integrator.id).last_used_at
    assert first is not None
    assert timezone.now() - first < timedelta(minutes=1)
    api.get("/api/v1/cases/")
    with tenant_scope(integrator.tenant_id):
        assert ServiceKey.objects.get(pk=integrator.id).last_used_at == first

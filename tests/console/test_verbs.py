"""What changes a thing goes through its service: it works, asks first, is refused where the service refuses."""

import json

import pytest
from django.urls import reverse

from cases.models import Case, CaseTypeVersion
from hitl_platform.access.services import create_key
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.tenants.models import KeyScope, Membership, ServiceKey
from hitl_platform.tenants.scope import tenant_scope
from reviews.models import PanelTemplate, Queue, QueueUserPermission, RoutingPolicy
from tests.console.conftest import DEFINITION, POLICY


def verb(name, *arguments):
    return reverse(f"console:{name}", args=arguments)


@pytest.fixture
def verbs_of(acme):
    """The verbs of the events at acme."""

    def read():
        with tenant_scope(acme.id):
            return set(AuditEvent.objects.values_list("verb", flat=True))

    return read


def test_a_case_type_is_created_and_revised_as_a_new_version(console, acme, acme_things, verbs_of):
    values = {"key": "claim", "name": "Claim", "definition": json.dumps(DEFINITION)}
    assert console.post(verb("cases_casetype_create"), values).status_code == 302
    revise = verb("cases_casetype_revise", acme_things.case_type.pk)
    assert "Shall this loan be granted?" in console.get(revise).content.decode()
    response = console.post(revise, {"definition": json.dumps({**DEFINITION, "question": "Grant it?"})})
    assert response.status_code == 302
    with tenant_scope(acme.id):
        versions = CaseTypeVersion.objects.filter(case_type=acme_things.case_type).order_by("version")
        assert [each.question for each in versions] == ["Shall this loan be granted?", "Grant it?"]
    assert {"case_type.created", "case_type.revised"} <= verbs_of()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": NaN}', '{"a": 1, "a": 2}', json.dumps({"question": "?"})])
def test_a_wrong_definition_is_explained_in_the_form(console, acme_things, text):
    response = console.post(verb("cases_casetype_revise", acme_things.case_type.pk), {"definition": text})
    assert response.status_code == 200
    assert "text-red" in response.content.decode()


def test_templates_queues_and_policies_are_edited_as_new_versions(console, client_for, cast, acme, acme_things):
    template = {"key": "pair", "name": "Pair", "seats": "3", "mode": "majority", "advice": "hidden"}
    assert console.post(verb("reviews_paneltemplate_revise", acme_things.template.pk), template).status_code == 302
    settings = {"name": "Loans", "template_key": "pair", "lease_seconds": "600", "undo_seconds": "5", "is_active": "on"}
    settings |= {"skills": "fraud:2, lang-de", "gold_first": "3", "gold_rate": "0.05", "second_review_rate": "0.1"}
    settings |= {"routine_rate": "0.02", "variety_rate": "0.1"}
    refused = console.post(verb("reviews_queue_settings", acme_things.queue.pk), settings | {"skills": "fraud:9"})
    assert "fraud:9” is no skill" in refused.content.decode()
    assert console.post(verb("reviews_queue_settings", acme_things.queue.pk), settings).status_code == 302
    policy = acme_things.policy.pk
    assert console.post(verb("reviews_routingpolicy_approve", policy)).status_code == 403, "nobody approves own policy"
    other = client_for(cast.people["max"])
    assert other.post(verb("reviews_routingpolicy_approve", policy)).status_code == 302
    assert other.post(verb("reviews_routingpolicy_activate", policy)).status_code == 302
    draft = {"case_type_key": "loan", "definition": json.dumps(POLICY)}
    assert console.post(verb("reviews_routingpolicy_draft"), draft).status_code == 302
    with tenant_scope(acme.id):
        assert PanelTemplate.objects.get(key="pair", version=2).seats == 3
        queue = Queue.objects.get(key="loans")
        assert (queue.lease_seconds, queue.gold_first, queue.gold_rate) == (600, 3, 0.05)
        assert queue.skills == [{"skill": "fraud", "level": 2}, {"skill": "lang-de", "level": 1}]
        states = RoutingPolicy.objects.order_by("version").values_list("state", flat=True)
        assert list(states) == ["active", "draft"]


def test_a_queue_is_granted_and_revoked(console, acme, alice, acme_things):
    values = {"user_id": str(alice.id), "permission": "work_queue"}
    assert console.post(verb("reviews_queue_grant", acme_things.queue.pk), values).status_code == 302
    with tenant_scope(acme.id):
        assert QueueUserPermission.objects.filter(user_id=alice.id).count() == 1
    assert console.post(verb("reviews_queue_revoke", acme_things.queue.pk), values).status_code == 302
    with tenant_scope(acme.id):
        assert not QueueUserPermission.objects.filter(user_id=alice.id).exists()


def test_a_member_of_another_organisation_is_no_choice(console, gil, acme_things):
    values = {"user_id": str(gil.id), "permission": "work_queue"}
    response = console.post(verb("reviews_queue_grant", acme_things.queue.pk), values)
    assert response.status_code == 200
    assert "is not one of the available choices" in response.content.decode()


def test_a_keys_secret_is_shown_once(console, acme):
    values = {"name": "crm", "scopes": ["cases:write"], "days": "30"}
    page = console.post(verb("tenants_servicekey_create"), values).content.decode()
    secret = page.split('id="secret">')[1].split("<")[0]
    assert secret.startswith("hitl_")
    with tenant_scope(acme.id):
        key = ServiceKey.objects.get(name="crm")
    later = console.get(reverse("console:tenants_servicekey_change", args=[key.pk])).content.decode()
    assert secret not in later
    assert console.post(verb("tenants_servicekey_revoke", key.pk)).status_code == 302
    with tenant_scope(acme.id):
        assert ServiceKey.objects.get(pk=key.pk).revoked_at is not None


def test_a_manager_makes_no_members(console):
    assert console.get(verb("tenants_membership_admit")).status_code == 403


def test_an_owner_adds_members_and_sets_their_roles(client_for, olga, acme, verbs_of):
    console = client_for(olga)
    values = {"email": "nina@example.org", "name": "Nina", "roles": ["reviewer"]}
    assert console.post(verb("tenants_membership_admit"), values).status_code == 302
    with tenant_scope(acme.id):
        member = Membership.objects.get(user__email="nina@example.org")
    values = {"roles": ["reviewer", "adjudicator"], "is_active": "on"}
    assert console.post(verb("tenants_membership_roles", member.pk), values).status_code == 302
    with tenant_scope(acme.id):
        assert Membership.objects.get(pk=member.pk).roles == ["adjudicator", "reviewer"]
    assert {"membership.added", "membership.roles_set"} <= verbs_of()


def test_a_case_is_withdrawn(console, acme, acme_things):
    response = console.post(verb("cases_case_withdraw", acme_things.case.pk), {"reason": "sent twice"})
    assert response.status_code == 302
    with tenant_scope(acme.id):
        assert Case.objects.get(pk=acme_things.case.pk).state == "withdrawn"


def test_a_refusal_by_the_service_leaves_nothing(console, mona, acme):
    for _ in range(2):
        create_key(actor=mona, name="crm", scopes=[KeyScope.CASES_READ.value])
    values = {"name": "crm", "scopes": ["cases:write"], "days": "30"}
    response = console.post(verb("tenants_servicekey_create"), values)
    assert response.status_code == 200
    assert "Two keys of this name are live" in response.content.decode()
    with tenant_scope(acme.id):
        assert ServiceKey.objects.filter(name="crm").count() == 2


@pytest.mark.parametrize("name", ["cases_casetype_revise", "reviews_queue_grant", "reviews_paneltemplate_revise",
                                  "reviews_routingpolicy_retire", "cases_case_withdraw"])  # fmt: skip
def test_another_tenants_things_are_not_there(name, client_for, gil, acme_things):
    things = {"casetype": "case_type", "queue": "queue", "paneltemplate": "template", "routingpolicy": "policy"}
    thing = getattr(acme_things, things.get(name.split("_")[1], "case"))
    assert client_for(gil).post(verb(name, thing.pk), {}).status_code == 404


def test_a_post_without_token_is_refused(mona, client_for, acme_things):
    client = client_for(mona)
    client.handler.enforce_csrf_checks = True
    response = client.post(verb("cases_case_withdraw", acme_things.case.pk), {"reason": ""})
    assert response.status_code == 403

"""Every object can be seen, by its own tenant alone, and nothing can be edited."""

import pytest
from django.urls import reverse

from hitl_platform.access.services import add_member, create_user
from hitl_platform.console import urls
from hitl_platform.console.site import site
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.scope import tenant_scope
from reviews.references import reference_of

assert urls.urlpatterns, "importing the addresses registers the pages"
MODELS = sorted(site._registry, key=lambda model: model._meta.label)
PAGES = [model._meta for model in MODELS]


def address(meta, page, *arguments):
    return reverse(f"console:{meta.app_label}_{meta.model_name}_{page}", args=arguments)


def test_every_floor_is_there():
    assert {meta.app_label for meta in PAGES} == {
        "cases",
        "ledger",
        "models_registry",
        "pipeline",
        "reviews",
        "tenants",
    }
    assert "cases.caseattributes" not in {meta.label_lower for meta in PAGES}, "they leave through audits alone"


@pytest.mark.parametrize("meta", PAGES, ids=lambda meta: meta.label)
def test_lists_and_objects_open(meta, acme, olga, acme_things, dead_step, client_for):
    console = client_for(olga)
    response = console.get(address(meta, "changelist"))
    assert response.status_code == 200
    with tenant_scope(acme.id):
        row = meta.model.objects.first()
    if row is not None:
        assert console.get(address(meta, "change", row.pk)).status_code == 200
        assert console.get(address(meta, "history", row.pk)).status_code == 200


@pytest.mark.parametrize("meta", PAGES, ids=lambda meta: meta.label)
def test_nothing_is_added_changed_or_deleted_by_the_admin(meta, acme, acme_things, dead_step, olga, client_for):
    console = client_for(olga)
    assert console.post(address(meta, "add"), {}).status_code == 403
    with tenant_scope(acme.id):
        row = meta.model.objects.first()
    if row is not None:
        assert console.post(address(meta, "change", row.pk), {"name": "other"}).status_code == 403
        assert console.post(address(meta, "delete", row.pk), {"post": "yes"}).status_code == 403
        assert console.post(address(meta, "changelist"), {"action": "delete_selected"}).status_code in (200, 302, 403)
        with tenant_scope(acme.id):
            assert meta.model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("meta", PAGES, ids=lambda meta: meta.label)
def test_another_tenants_objects_are_not_there(meta, acme, acme_things, dead_step, gil, client_for):
    console = client_for(gil)
    with tenant_scope(acme.id):
        row = meta.model.objects.first()
    assert console.get(address(meta, "changelist")).status_code == 200
    if row is not None:
        page = console.get(address(meta, "changelist")).content.decode()
        assert str(row.pk) not in page
        for name in ("change", "history"):
            assert console.get(address(meta, name, row.pk)).status_code == 404


def test_a_case_shows_what_it_says_and_its_story(console, acme_things):
    case = acme_things.case
    page = console.get(reverse("console:cases_case_change", args=[case.pk])).content.decode()
    assert "L-1" in page
    assert "&quot;amount&quot;: 900" in page
    history = console.get(reverse("console:cases_case_history", args=[case.pk])).content.decode()
    assert "case.submitted" in history


def test_a_case_is_found_by_its_exact_id(console, acme_things):
    found = console.get(reverse("console:cases_case_changelist"), {"q": "L-1"}).content.decode()
    assert str(acme_things.case.pk) in found
    missed = console.get(reverse("console:cases_case_changelist"), {"q": "L"}).content.decode()
    assert str(acme_things.case.pk) not in missed


@pytest.mark.parametrize("spelt", [reference_of, lambda pk: f" {pk.hex[-8:]} ", lambda pk: str(pk)[-12:], str])
def test_a_case_is_found_by_the_name_that_reviewers_know(console, client_for, gil, acme_things, spelt):
    case = acme_things.case
    for name in ("cases_case", "reviews_panel"):
        where = reverse(f"console:{name}_changelist")
        assert ("L-1" in results(console.get(where, {"q": spelt(case.pk)}))) == (name == "cases_case")
    assert "L-1" not in results(client_for(gil).get(where, {"q": spelt(case.pk)}))


def test_who_may_judge_finds_no_case_by_that_name(console, client_for, acme, acme_things):
    """Names of hidden seats lead to no case: to find only the others would tell which they are."""
    user = create_user(email="hal@example.org", name="Hal", password=None)
    add_member(actor=system_actor(acme.id, "operator"), user=user, roles=["manager", "reviewer"])
    hal = client_for(Actor("user", user.id, acme.id, roles=frozenset({"manager", "reviewer"}), name="Hal"))
    where = reverse("console:cases_case_changelist")
    assert "L-1" in results(hal.get(where, {"q": "L-1"}))
    for name in (reference_of(acme_things.case.pk), str(acme_things.case.pk)):
        assert "L-1" not in results(hal.get(where, {"q": name}))
        assert "L-1" in results(console.get(where, {"q": name}))


def results(response):
    """The rows of a list as text."""
    return response.content.decode().split('id="result_list"')[-1] if b'id="result_list"' in response.content else ""


@pytest.mark.parametrize(
    "query",
    [
        "tenant__name=x",
        "case_type__tenant__slug__startswith=a",
        "_connector=OR",
        "external_id__regex=.*",
        "state__in=decided",
    ],
)
def test_a_lookup_that_is_no_filter_is_refused(console, acme_things, query):
    response = console.get(f"{reverse('console:cases_case_changelist')}?{query}")
    assert response.status_code in (302, 400)


def test_the_page_of_events_is_not_written_to_by_looking(console, acme, acme_things):
    with tenant_scope(acme.id):
        before = AuditEvent.objects.count()
    console.get("/console/ledger/")
    console.get("/console/pipeline/")
    console.get("/console/")
    with tenant_scope(acme.id):
        assert AuditEvent.objects.count() == before

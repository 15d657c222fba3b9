"""Steps by kind and state, the dead with their errors, and another try."""

from django.urls import reverse

from hitl_platform.ledger.models import AuditEvent
from hitl_platform.pipeline.models import Step
from hitl_platform.tenants.scope import tenant_scope


def test_it_shows_what_is_due_and_what_is_dead(console, acme_things, dead_step):
    page = console.get("/console/pipeline/").content.decode()
    assert "doomed" in page
    assert "score" in page
    assert "ArithmeticError at tests/console/conftest.py" in page
    assert "1234" not in page


def test_a_dead_step_is_retried_with_an_event(console, acme, dead_step):
    response = console.post(reverse("console:pipeline_step_retry", args=[dead_step.pk]), follow=True)
    assert response.redirect_chain == [("/console/pipeline/", 302)]
    assert "ready again" in response.content.decode()
    with tenant_scope(acme.id):
        assert Step.objects.get(pk=dead_step.pk).state == "ready"
        assert AuditEvent.objects.filter(verb="step.retried", subject_id=dead_step.pk).count() == 1


def test_a_step_page_says_nothing_of_leases(console, dead_step):
    page = console.get(reverse("console:pipeline_step_change", args=[dead_step.pk])).content.decode()
    assert "ArithmeticError" in page
    assert "Lease" not in page
    assert str(dead_step.subject_id) not in page.split("<h1", 1)[1].split("</h1>")[0]


def test_asking_does_not_retry(console, acme, dead_step):
    page = console.get(reverse("console:pipeline_step_retry", args=[dead_step.pk])).content.decode()
    assert "gets all its attempts anew" in page
    with tenant_scope(acme.id):
        assert Step.objects.get(pk=dead_step.pk).state == "dead"


def test_who_may_only_look_gets_no_button(client_for, ada, dead_step):
    console = client_for(ada)
    assert "Retry</button>" not in console.get("/console/pipeline/").content.decode()
    assert console.post(reverse("console:pipeline_step_retry", args=[dead_step.pk])).status_code == 403


def test_another_tenants_step_is_not_there(client_for, gil, dead_step):
    assert client_for(gil).post(reverse("console:pipeline_step_retry", args=[dead_step.pk])).status_code == 404


def test_home_says_that_steps_are_dead(console, dead_step):
    assert "1 dead step" in console.get("/console/").content.decode()


def test_home_of_another_tenant_says_nothing_of_them(client_for, gus, dead_step):
    assert "1 dead step" not in client_for(gus).get("/console/").content.decode()

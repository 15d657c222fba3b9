"""What the console calls things: plurals, one refusal a line."""

import html
import json

import pytest
from django.urls import reverse

from cases.models import Case
from hitl_platform.console import urls
from hitl_platform.console.site import site
from hitl_platform.tenants.scope import tenant_scope
from reviews.queue_forms import CONDITION_HELP

assert urls.urlpatterns, "importing the addresses registers the pages"
METAS = sorted((model._meta for model in site._registry), key=lambda meta: meta.label)


@pytest.mark.parametrize("meta", METAS, ids=lambda meta: meta.label)
def test_plurals(meta):
    one, many = str(meta.verbose_name), str(meta.verbose_name_plural)
    assert one == one.lower()
    wrong = {f"{one}s"} if one.endswith(("s", "x", "z")) or (one[-1] == "y" and one[-2] not in "aeiou") else set()
    assert many not in wrong


def test_each_reason_stands_on_a_line_of_its_own(console, acme_things):
    wrong = {"rules": [{"name": "", "when": "case.nothing == 1", "action": "fly"}], "thresholds": {"x": 2}}
    page = console.post(
        reverse("console:reviews_routingpolicy_revise", args=[acme_things.policy.pk]),
        {"definition": json.dumps(wrong)},
    ).content.decode()
    alert = page.split('role="alert"')[1].split("</div>")[0]
    assert alert.count("<li>") >= 4
    assert CONDITION_HELP in html.unescape(page)


def test_codes_are_words_and_people_have_names(console, acme, acme_things, mona):
    page = console.get(reverse("console:reviews_routingpolicy_change", args=[acme_things.policy.pk])).content.decode()
    assert "Draft" in page
    assert mona.name in page
    case = console.get(reverse("console:cases_case_change", args=[acme_things.case.pk])).content.decode()
    assert "L-1 | L-1" not in case
    listed = console.get(reverse("console:cases_case_changelist")).content.decode()
    assert ">Received<" in listed
    assert "In review" in listed


def test_an_overdue_case_needs_somebody(console, acme, acme_things):
    assert "case overdue" not in console.get("/console/").content.decode()
    with tenant_scope(acme.id):
        Case.objects.filter(pk=acme_things.case.pk).update(due_at=acme_things.case.created_at)
    assert console.get("/console/").content.decode().count("case overdue") == 1
    listed = reverse("console:cases_case_changelist")
    assert "L-1" in console.get(listed, {"overdue": "yes"}).content.decode()
    with tenant_scope(acme.id):
        Case.objects.filter(pk=acme_things.case.pk).update(due_at=None)
    assert "L-1" not in console.get(listed, {"overdue": "yes"}).content.decode()

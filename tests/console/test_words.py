"""What the console calls things: plurals, one refusal a line."""

import json

import pytest
from django.urls import reverse

from hitl_platform.console import urls
from hitl_platform.console.site import site

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
    assert "docs/routing.md" in page

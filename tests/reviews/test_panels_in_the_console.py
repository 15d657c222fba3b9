"""Templates and panels in the console: settings are kept, effects told, contradictions shown at their field."""

from typing import Any

from django.urls import reverse

from reviews.models import PanelTemplate
from tests.reviews.conftest import Office

SETTINGS = {"key": "tree", "name": "Tree", "seats": 3, "mode": "majority", "advice": "after_answer"}


def test_a_template_is_made_and_its_effect_told(office: Office, client_for: Any) -> None:
    console = client_for(office.manager)
    address = reverse("console:reviews_paneltemplate_create")
    page = console.get(address).content.decode()
    assert "With a model" in page
    assert "About 1.1 readers a case" in page
    answer = console.post(address, {**SETTINGS, "confirms_model": "on"}, follow=True).content.decode()
    assert "About 1.1 readers a case" in answer
    chain = {**SETTINGS, "key": "chain", "seats": 2, "mode": "chain", "stages": "maker\nchecker, audit:2, settle"}
    assert console.post(address, chain).status_code == 302
    with office.scope():
        tree, made = PanelTemplate.objects.get(key="tree"), PanelTemplate.objects.get(key="chain")
    assert (tree.confirms_model, tree.seats_max, tree.panel_share) == (True, 3, 1.0)
    assert made.stages == [
        {"name": "maker", "skill": "", "veto": ""}, {"name": "checker", "skill": "audit:2", "veto": "settle"},
    ]  # fmt: skip
    refused = console.post(address, {**SETTINGS, "confirms_model": "on", "advice": "shown"})
    assert refused.status_code == 200
    assert "cannot confirm it" in refused.content.decode()


def test_a_manager_asks_one_more_and_then_an_adjudicator(office: Office, client_for: Any) -> None:
    (case,) = office.bring()
    console, panel = client_for(office.manager), office.panel(case)
    for name in ("add_seat", "dispute"):
        address = reverse(f"console:reviews_panel_{name}", args=[panel.pk])
        assert console.post(address, {"why": "a large sum"}).status_code == 302
    assert [(seat.kind, seat.state) for seat in office.seats(case)] == [
        ("reviewer", "cancelled"), ("reviewer", "cancelled"), ("adjudicator", "open"),
    ]  # fmt: skip
    assert console.post(reverse("console:reviews_panel_add_seat", args=[panel.pk]), {"why": "more"}).status_code == 403

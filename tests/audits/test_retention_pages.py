"""The pages of retention: for whom they open, what they show, what they do, and what they cost."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from audits.models import LegalHold, RetentionRule
from hitl_platform.access.services import set_roles
from hitl_platform.tenants.models import Membership, User
from hitl_platform.tenants.scope import tenant_scope
from tests.audits.letting_go import SUBJECT, Told, let_time_pass, tell_everything
from tests.portal.scene import CASE_TYPE
from tests.portal.test_costs import BELL, SHELL

PAGES = ("/audits/retention/", "/audits/retention/new/", "/audits/retention/holds/")
RULE = {
    "case_type": CASE_TYPE, "basis": "Regulation B", "reduce_after": "six_months",
    "kept_fields": "amount, purpose",
    "erase_after": "other", "erase_months": "30",
}  # fmt: skip


@pytest.fixture
def told(cast: Any, api: Any, store: Path) -> Told:
    return tell_everything(cast, api)


@pytest.fixture
def browsers(client_for: Callable[..., Client], cast: Any) -> Callable[[str], Client]:
    return lambda name: client_for(cast.people[name])


def write_rule(client: Client) -> str:
    answer = client.post("/audits/retention/new/", RULE)
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


@pytest.mark.parametrize("path", [*PAGES, "/audits/retention/erase/"])
def test_they_open_for_those_who_answer_for_it(browsers: Callable[[str], Client], path: str) -> None:
    assert browsers("ada").get(path).status_code == 200
    assert browsers("olga").get(path).status_code == (403 if "erase" in path else 200)
    for name in ("alice", "sam", "mona", "mel"):
        assert browsers(name).get(path).status_code == 403
    assert Client().get(path).status_code == 302


def test_a_rule_from_writing_to_its_round(told: Told, browsers: Callable[[str], Client]) -> None:
    let_time_pass(told, days=300)
    ada, olga = browsers("ada"), browsers("olga")
    page = write_rule(ada)
    shown = ada.get(page).content.decode()
    assert "Somebody else sets it in force." in shown
    assert re.search(r"to be reduced</dt><dd>2<", shown)
    assert browsers("gus").get(page).status_code in (403, 404)
    refused = ada.post(f"{page}activate", follow=True).content.decode()
    assert "Somebody who did not make it approves a rule of retention." in refused
    assert "The rule is in force." in olga.post(f"{page}activate", follow=True).content.decode()
    told.desk.run()
    after = ada.get(page).content.decode()
    assert "Nothing is due" in after
    assert "Finished" in after
    assert "Nothing is due under this rule." in ada.post(f"{page}run", follow=True).content.decode()
    with tenant_scope(told.tenant().pk):
        rule = RetentionRule.objects.get()
        assert (rule.reduce_after_months, rule.erase_after_months, rule.kept_fields) == (6, 30, ["amount", "purpose"])
    assert "out of force" in olga.post(f"{page}retire", follow=True).content.decode()


def test_what_is_wrong_stands_beside_its_field(told: Told, browsers: Callable[[str], Client]) -> None:
    answer = browsers("ada").post("/audits/retention/new/", {**RULE, "kept_fields": "amuont"})
    assert answer.status_code == 400
    assert "No version of this case type has amuont." in answer.content.decode()


def test_a_hold_from_placing_to_lifting(told: Told, browsers: Callable[[str], Client]) -> None:
    ada = browsers("ada")
    assert "There is no such case." in ada.post(PAGES[2], {"case": "nothing", "reason": "why"}).content.decode()
    page = ada.post(PAGES[2], {"case": str(told.case.pk), "reason": "Before the court"}, follow=True).content.decode()
    assert "Before the court" in page
    assert "held already" in ada.post(PAGES[2], {"case": str(told.case.pk), "reason": "twice"}).content.decode()
    look = ada.get("/audits/retention/erase/", {"what": "subject", "which": SUBJECT}).content.decode()
    assert "under legal hold" in look
    assert 'class="button harm"' not in look
    with tenant_scope(told.tenant().pk):
        hold = LegalHold.objects.get()
    assert "Lifted." in ada.post(f"{PAGES[2]}{hold.pk}/lift", {"reason": "settled"}, follow=True).content.decode()
    assert ada.post(f"{PAGES[2]}{hold.pk}/lift", {"reason": "settled"}).status_code == 409


def test_erasing_is_looked_at_and_then_meant(told: Told, browsers: Callable[[str], Client]) -> None:
    ada, path = browsers("ada"), "/audits/retention/erase/"
    asked = {"what": "subject", "which": SUBJECT}
    assert "One case" in ada.get(path, asked).content.decode()
    assert ada.post(path, {**asked, "reason": "asked"}).status_code == 400
    assert told.row().erased_at is None
    assert (
        "Erased: 1 case." in ada.post(path, {**asked, "reason": "asked", "meant": "on"}, follow=True).content.decode()
    )
    assert told.row().erased_at is not None
    assert "No case is about this subject." in ada.get(path, asked).content.decode()


def test_a_person_who_has_left_is_erased(told: Told, browsers: Callable[[str], Client], cast: Any) -> None:
    ada, path = browsers("ada"), "/audits/retention/erase/"
    asked = {"what": "person", "which": "bob@example.org"}
    assert "Nobody of this address has left." in ada.get(path, asked).content.decode()
    with tenant_scope(told.tenant().pk):
        membership = Membership.objects.get(user__email="bob@example.org")
    set_roles(actor=cast.people["olga"], membership_id=membership.pk, roles=["reviewer"], is_active=False)
    assert "bob@example.org" in ada.get(path, asked).content.decode()
    ada.post(path, {**asked, "reason": "asked", "meant": "on"})
    assert User.objects.get(pk=membership.user_id).name == "Former member"


@pytest.mark.parametrize("rules", [1, 6])
def test_queries_do_not_grow(
    told: Told, browsers: Callable[[str], Client], rules: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    let_time_pass(told, days=300)
    ada = browsers("ada")
    page = [write_rule(ada) for _ in range(rules)][-1]
    ada.get(PAGES[0])
    with django_assert_num_queries(SHELL + BELL + 3):
        ada.get(PAGES[0])
    with django_assert_num_queries(SHELL + BELL + 3):
        ada.get(page)
    with django_assert_num_queries(SHELL + BELL + 1):
        ada.get(PAGES[2])

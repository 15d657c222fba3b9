"""Pages of bias audits: who finds them, what they show, what they cost, that they work without scripts."""

import csv
import hashlib
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from audits.models import BiasAudit
from audits.report_csv import safe
from audits.services.bias import request_bias_audit, sign_bias_audit
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from tests.audits.test_bias_audits import events, run
from tests.audits.worlds import ASKED, World, make_world
from tests.cast import Cast
from tests.portal.reading import read

# session, member; the scope's begin, its setting, the setting's end, the scope's; unread notices
SHELL = 7
FORM = {
    "attributes": ["sex", "race"], "since": "2026-05-01", "until": "2026-05-31", "favourable": ["approve"],
    "unfavourable": ["decline"], "truth": "outcomes", "reference": "best", "minimum_cell": "10",
    "rule_sets": ["nyc_ll144", "four_fifths"], "title": "May, by sex and race",
}  # fmt: skip


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast, cases=300, reviewing=0.5)


@pytest.fixture
def few(cast: Cast) -> World:
    return make_world(cast, cases=24)


@pytest.fixture
def officer(client_for: Callable[[Actor], Client], ada: Actor) -> Client:
    return client_for(ada)


def test_an_officer_asks_follows_and_reads_and_an_owner_signs(
    world: World, officer: Client, client_for: Any, olga: Actor
) -> None:
    assert b"No audit yet" in officer.get("/audits/").content
    asked = officer.post("/audits/new/?type=loan", FORM)
    address = asked.headers["Location"]
    with tenant_scope(olga.tenant_id):
        audit = BiasAudit.objects.get()
    page = officer.get(address).content.decode()
    assert "Freeze the population" in page
    assert "every 2s" in page
    run(audit)
    page = officer.get(address).content.decode()
    for words in (
        "Where it enters",
        "first judgment",
        "AI alone",
        "Definitions",
        "What the data cannot say",
        "Local Law 144",
    ):
        assert words in page, words
    assert events(audit)[-1] == "bias_audit.read"
    assert officer.post(f"{address}sign", {"statement": "Read."}).status_code == 403
    signed = client_for(olga).post(f"{address}sign", {"statement": "Read, and assigned."}, follow=True)
    assert "Read, and assigned." in signed.content.decode()


def test_what_is_asked_wrongly_is_told_beside_its_field(few: World, officer: Client) -> None:
    wrong = officer.post("/audits/new/?type=loan", FORM | {"since": "2026-06-30", "attributes": []})
    assert wrong.status_code == 400
    told = wrong.content.decode()
    assert "Choose at least one." in told
    wrong = officer.post("/audits/new/?type=loan", FORM | {"since": "2026-06-30"})
    assert "It ends before it begins." in wrong.content.decode()


def test_cancel_and_resume(few: World, officer: Client, ada: Actor) -> None:
    audit = request_bias_audit(actor=ada, asked=ASKED)
    assert "Cancelled" in officer.post(f"/audits/{audit.pk}/cancel", follow=True).content.decode()
    assert officer.post(f"/audits/{audit.pk}/cancel").status_code == 409
    assert "Waiting" in officer.post(f"/audits/{audit.pk}/resume", follow=True).content.decode()


@pytest.mark.parametrize("who", ["alice", "mona", "mel"])
def test_others_find_nothing(few: World, client_for: Any, cast: Cast, ada: Actor, who: str) -> None:
    audit = request_bias_audit(actor=ada, asked=ASKED)
    client = client_for(cast.people[who])
    assert client.get("/audits/").status_code == 403
    assert client.get(f"/audits/{audit.pk}/").status_code == 404
    assert client.post(f"/audits/{audit.pk}/cancel").status_code == 404
    assert b'href="/audits/"' not in client.get("/my-work/").content
    assert client_for(cast.people["gil"]).get(f"/audits/{audit.pk}/").status_code == 404


def test_small_groups_are_suppressed_and_undefined_is_said(world: World, officer: Client, ada: Actor) -> None:
    audit = run(request_bias_audit(actor=ada, asked=ASKED | {"minimum_cell": 40}))
    page = officer.get(f"/audits/{audit.pk}/").content.decode()
    assert "suppressed" in page
    assert ">not defined<" in page or "not compared" in page


def test_the_report_costs_the_same_however_many_cases(
    world: World, officer: Client, ada: Actor, olga: Actor, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    audit = run(request_bias_audit(actor=ada, asked=ASKED))
    officer.get("/audits/")
    # the audits and how many, open findings, schedules, watched ratios
    with django_assert_num_queries(SHELL + 5):
        officer.get("/audits/")
    # the audit twice (whether it is readable, and the reading of it), the reading's savepoint and event, the findings,
    # who took part, labels, names of people and queues
    with django_assert_num_queries(SHELL + 11):
        officer.get(f"/audits/{audit.pk}/")
    sign_bias_audit(actor=olga, audit_id=audit.pk, statement="Read.")
    assert read(officer.get(f"/audits/{audit.pk}/"))


def test_what_is_carried_away_is_the_report_and_is_recorded(
    world: World, officer: Client, ada: Actor, client_for: Any, cast: Cast
) -> None:
    audit = run(request_bias_audit(actor=ada, asked=ASKED | {"rule_sets": ["nyc_ll144"], "title": "=HYPERLINK(1)"}))
    address = f"/audits/{audit.pk}/report"
    document = officer.get(f"{address}.json").content
    assert hashlib.sha256(document).hexdigest() == audit.report_sha256
    paper = officer.get(f"{address}.pdf")
    assert (paper.content[:5], paper.headers["Content-Type"]) == (b"%PDF-", "application/pdf")
    assert paper.content == officer.get(f"{address}.pdf").content
    lines = list(csv.reader(io.StringIO(officer.get(f"{address}.csv").content.decode())))
    assert ["Final decisions", "By sex", "male", "Impact ratio", "1.0000"] in lines
    assert events(audit)[-4:] == ["bias_audit.exported"] * 4
    assert client_for(cast.people["mona"]).get(f"{address}.pdf").status_code == 404


def test_a_number_leads_to_its_cases_and_a_suppressed_one_to_none(world: World, officer: Client, ada: Actor) -> None:
    audit = run(request_bias_audit(actor=ada, asked=ASKED))
    groups = json.loads(audit.report)["deciders"]["final decision"]["audits"]["sex\u00d7race"]["groups"]
    shown = next(name for name, found in groups.items() if not found.get("suppressed") and "unknown" not in name)
    hidden = next(name for name, found in groups.items() if found.get("suppressed"))
    query = {"of": "final decision", "by": "sex\u00d7race", "group": shown, "answer": "favourable"}
    page = officer.get(f"/audits/{audit.pk}/cases/", query).content.decode()
    assert f"{groups[shown]['favourable_n']} case" in page
    assert events(audit)[-1] == "bias_audit.read"
    assert officer.get(f"/audits/{audit.pk}/cases/", query | {"group": hidden}).status_code == 404
    assert officer.get(f"/audits/{audit.pk}/cases/", {"of": "panel"}).status_code == 404
    sent = {"of": "sent to people", "by": "sex", "group": "female"}
    assert "sent to people" in officer.get(f"/audits/{audit.pk}/cases/", sent).content.decode()


def test_no_cell_of_a_spreadsheet_is_a_formula() -> None:
    assert [safe(cell) for cell in ("=1+1", "+49 170", "-12.5", "@a", "+8.1", "female")] == [
        "'=1+1", "'+49 170", "-12.5", "'@a", "+8.1", "female",
    ]  # fmt: skip

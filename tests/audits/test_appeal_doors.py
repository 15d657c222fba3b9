"""Appeals by API, by a link without a login, and on the pages of those who answer them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from audits.appeal_links import Linked, sign_link
from audits.appeal_measures import LEAST_TOLD, reversals_by_group
from audits.models import Appeal
from audits.services.appeal_links import make_appeal_link
from audits.services.appeals import answer_appeal
from hitl_platform.kernel.errors import Forbidden
from hitl_platform.kernel.ids import uuid7
from hitl_platform.tenants.actor import Actor
from tests.audits.appealing import STATEMENT, Court, open_court
from tests.reviews.conftest import Office

APPEALS = "/api/v1/appeals/"
SENT = "/audits/appeal/sent/"


@pytest.fixture
def court(office: Office, ada: Actor) -> Court:
    cache.clear()
    return open_court(office, ada)


def links_path(court: Court, case_id: Any, ends: timedelta = timedelta(days=1)) -> str:
    token = sign_link(Linked(court.office.tenant.id, case_id), expires_at=timezone.now() + ends)
    return f"/audits/appeal/{token}/"


def test_the_integrator_brings_one_in_follows_it_and_takes_it_back(court: Court, api: APIClient) -> None:
    case = court.decided()
    body = {"case_type": "loan", "external_id": case.external_id, "statement": STATEMENT}
    first = api.post(APPEALS, body, format="json", headers={"Idempotency-Key": "a"})
    again = api.post(APPEALS, body, format="json", headers={"Idempotency-Key": "b"})
    assert (first.status_code, again.status_code) == (201, 200)
    told = first.json()
    assert (told["state"], told["outcome"], told["case_id"]) == ("in_review", "", str(case.pk))
    assert STATEMENT not in first.content.decode()
    assert again.json()["id"] == told["id"]
    assert api.get(first["Location"]).json() == told
    listed = api.get(APPEALS, {"state": "in_review", "external_id": case.external_id, "with_count": "true"}).json()
    assert (listed["count"], listed["items"]) == (1, [told])
    assert api.post(f"{APPEALS}{told['id']}/withdraw", {}, format="json").json()["state"] == "withdrawn"
    assert api.post(f"{APPEALS}{told['id']}/withdraw", {}, format="json").status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"statement": "x"},
        {"case_id": "not-a-uuid", "statement": "x"},
        {"case_type": "loan", "statement": "x"},
        {"case_id": str(uuid7()), "case_type": "loan", "external_id": "y", "statement": "x"},
        {"case_id": str(uuid7()), "statement": ""},
    ],
)
def test_a_body_that_is_no_appeal_is_refused(court: Court, api: APIClient, body: dict[str, str]) -> None:
    assert api.post(APPEALS, body, format="json").status_code == 400


def test_another_tenants_case_is_not_there(court: Court, foreign_api: APIClient) -> None:
    case = court.decided()
    body = {"case_id": str(case.pk), "statement": "It is mine."}
    assert foreign_api.post(APPEALS, body, format="json").status_code == 404
    assert foreign_api.get(f"{APPEALS}{court.appeal(case).pk}/").status_code == 404


def test_a_person_appeals_by_a_link(court: Court, mona: Actor) -> None:
    case = court.decided()
    url, _ = make_appeal_link(actor=mona, case_id=case.pk)
    path = url[url.index("/audits/") :]
    person = Client()
    page = person.get(path)
    assert page.status_code == 200
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert "no-store" in page["Cache-Control"]
    answer = person.post(path, {"statement": STATEMENT})
    assert (answer.status_code, answer["Location"]) == (302, SENT)
    with court.office.scope():
        appeal = Appeal.objects.get(case=case)
    assert (appeal.door, appeal.state, appeal.statement) == ("link", "in_review", STATEMENT)


def test_a_link_tells_nothing_of_its_case(court: Court) -> None:
    """One that is undecided, one that is appealed, one that never was: the same pages but for the form's token."""
    appealed = court.decided()
    court.appeal(appealed)
    (undecided,) = court.office.bring()
    answers = []
    for case_id in (undecided.pk, appealed.pk, uuid7()):
        path, person = links_path(court, case_id), Client()
        form = person.get(path)
        sent = person.post(path, {"statement": "Something."})
        answers.append((form.status_code, _plain(form), sent.status_code, sent["Location"]))
    assert len(set(answers)) == 1
    assert answers[0][2:] == (302, SENT)
    with court.office.scope():
        assert Appeal.objects.count() == 1


def _plain(page: Any) -> str:
    """A page without its CSRF token."""
    return "".join(line for line in page.content.decode().splitlines() if "csrfmiddlewaretoken" not in line)


def test_what_opens_nothing_is_refused_in_the_same_words(court: Court) -> None:
    good = links_path(court, court.decided().pk)
    bad = [good[:-3] + "xx/", links_path(court, uuid7(), timedelta(days=-1)), "/audits/appeal/nothing/"]
    pages = [Client().get(path) for path in bad]
    assert {page.status_code for page in pages} == {404}
    assert len({page.content for page in pages}) == 1


def test_links_are_limited(court: Court) -> None:
    path = links_path(court, uuid7())
    person = Client()
    assert {person.get(path).status_code for _ in range(60)} == {200}
    assert person.get(path).status_code == 429


def test_officers_see_the_list_and_answer(court: Court, ada: Actor, client_for: Callable[[Actor], Client]) -> None:
    officer = client_for(ada)
    assert "No appeal waits" in officer.get("/audits/appeals/").content.decode()
    appeal = court.appeal(court.decided())
    listed = officer.get("/audits/appeals/").content.decode()
    assert f"/audits/appeals/{appeal.pk}/" in listed
    page = officer.get(f"/audits/appeals/{appeal.pk}/").content.decode()
    assert STATEMENT in page
    assert "Answer the person" not in page
    assert [event.body["what"] for event in court.office.events("access.read")] == ["appeal"]
    court.hear("approve")
    path = f"/audits/appeals/{appeal.pk}/"
    assert officer.post(path, {"outcome": "upheld", "answer": "No."}).status_code == 400
    assert officer.post(path, {"outcome": "reversed", "answer": "You are right."}).status_code == 302
    assert "You are right." in officer.get(path).content.decode()
    assert "1 of 1" in officer.get("/audits/appeals/?show=decided").content.decode()


def test_the_reviewer_of_an_appeal_knows_it_is_one(court: Court, client_for: Callable[[Actor], Client]) -> None:
    court.appeal(court.decided("alice"))
    seat = court.claim("bob")
    assert seat is not None
    bob = client_for(court.office.people["bob"])
    page = bob.get(f"/seats/{seat.pk}/").content.decode()
    assert STATEMENT in page
    assert "Appeal" in page
    told = bob.get(f"/api/v1/seats/{seat.pk}").json()
    assert (told["is_appeal"], told["plea"], told["why"]) == (True, STATEMENT, "appeal")
    carol = client_for(court.office.people["carol"])
    assert STATEMENT not in carol.get(f"/seats/{seat.pk}/").content.decode()


def test_where_they_are_heard_is_said_on_a_page(
    court: Court, ada: Actor, client_for: Callable[[Actor], Client]
) -> None:
    officer = client_for(ada)
    assert "Appeals" in officer.get("/audits/appeals/rules/").content.decode()
    path = "/audits/appeals/rules/loan/"
    assert 'value="30d"' in officer.get(path).content.decode()
    form = {"queue": "appeals", "template": "appeal", "answer_within": "soon", "calendar": "", "open_days": "90"}
    refused = officer.post(path, form)
    assert refused.status_code == 400
    assert "A whole number and a unit" in refused.content.decode()
    assert officer.post(path, form | {"answer_within": "10d"}).status_code == 302
    assert officer.post(path, form | {"answer_within": "10d", "queue": "loans"}).status_code in (302, 400)


@pytest.mark.parametrize("who", ["alice", "mel"])
@pytest.mark.parametrize("path", ["/audits/appeals/", "/audits/appeals/rules/", "/audits/appeals/rules/loan/"])
def test_pages_of_appeals_are_for_those_who_answer_them(
    court: Court, cast: Any, client_for: Callable[[Actor], Client], who: str, path: str
) -> None:
    assert client_for(cast.people[who]).get(path).status_code == 403
    assert Client().get(path).status_code == 302


def test_the_list_costs_the_same_however_many_wait(
    court: Court, ada: Actor, client_for: Callable[[Actor], Client]
) -> None:
    officer = client_for(ada)

    def cost() -> int:
        officer.get("/audits/appeals/")
        with CaptureQueriesContext(connection) as asked:
            officer.get("/audits/appeals/")
        return len(asked)

    court.appeal(court.decided())
    one = cost()
    for _ in range(3):
        # whoever judges sits on no appeal of it, so that the queue stays open
        (case,) = court.office.bring()
        court.office.judge(court.office.people["dave"], "decline")
        court.office.drain("consensus")
        court.appeal(case)
    assert cost() == one <= 20


def test_reversals_by_group_are_for_auditors_and_tell_of_no_few(
    court: Court, ada: Actor, mona: Actor, client_for: Callable[[Actor], Client]
) -> None:
    for sex in ("female",) * LEAST_TOLD + ("male",):
        appeal = court.appeal(court.decided(attributes={"sex": sex}))
        court.hear("approve" if sex == "female" else "decline")
        outcome = "reversed" if sex == "female" else "upheld"
        answer_appeal(actor=ada, appeal_id=appeal.pk, outcome=outcome, answer="Because.")
    path = "/audits/appeals/?type=loan&by=sex"
    page = client_for(ada).get(path).content.decode().partition("Reversals by group")[2]
    assert f"{LEAST_TOLD} of {LEAST_TOLD}" in page
    assert f"Fewer than {LEAST_TOLD}: not told" in page
    assert "female" not in client_for(mona).get(path).content.decode()
    with court.office.scope(), pytest.raises(Forbidden):
        reversals_by_group(mona, case_type_id=court.office.queue.case_type_id, attribute="sex")

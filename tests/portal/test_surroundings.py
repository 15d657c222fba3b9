"""What surrounds a case: the history of its subject and cases like it, and nothing of what a model decided."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cases.models import Case, Decision
from cases.services import post_outcome
from hitl_platform.kernel.ids import uuid7
from hitl_platform.tenants.scope import tenant_scope
from reviews import similar
from reviews.models import Queue, Seat
from reviews.references import reference_of
from reviews.services.gold import approve_gold, propose_gold
from reviews.services.practice import answer_practice
from tests.cast import Cast
from tests.portal.reading import read
from tests.portal.scene import QUEUE, Desk, open_desk
from tests.portal.test_case_page import send, take

Browser = Callable[[str], Client]
SUBJECT = "applicant-77"
NUMBER = re.compile(r"\d[\d.,]*")


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    similar._kept.clear()


@pytest.fixture
def decided(browser_of: Browser, cast: Cast) -> Desk:
    """Two cases of one subject, the first of them decided by a person, as was a third; similar cases are shown."""
    return decided_desk(browser_of, cast, advice="hidden", template={"shows_similar": True})


def decided_desk(browser_of: Browser, cast: Cast, **given: object) -> Desk:
    desk = open_desk(cast, cases=0, undo_seconds=0, **given)  # type: ignore[arg-type]  # as open_desk takes them
    decide(desk, browser_of("bob"), label="decline", subject=SUBJECT)
    decide(desk, browser_of("bob"), label="approve", amount=9000, months=40)
    desk.cases.append(desk.submit(subject=SUBJECT, amount=1300))
    desk.run()
    return desk


def decide(desk: Desk, client: Client, *, label: str, **payload: object) -> None:
    """One more case, and what somebody says of it."""
    desk.cases.append(desk.submit(**payload))  # type: ignore[arg-type]  # a subject, and fields of the payload
    desk.run()
    seat, page = take(client)
    if page.has_form("/answer"):
        send(client, seat, verb="answer", label=label)
    send(client, seat, label=label)
    desk.run()


def change(desk: Desk, **columns: object) -> None:
    """The first case as it might be."""
    with tenant_scope(desk.cast.tenants["acme"].id):
        Case.objects.filter(pk=desk.cases[0].pk).update(**columns)


def by_model(desk: Desk) -> None:
    """The first case, decided by the model in the end."""
    tenant = desk.cast.tenants["acme"].id
    with tenant_scope(tenant):
        decision = Decision.objects.create(
            tenant_id=tenant, case_id=desk.cases[0].pk, sequence=2, label="decline", made_by="model",
            decided_at=timezone.now(), event_id=uuid7(),
        )  # fmt: skip
    change(desk, decision_id=decision.pk)


def surroundings(client: Client) -> str:
    seat, _ = take(client)
    response = client.get(f"/seats/{seat}/background/")
    assert response.status_code == 200
    return read(response).text


def test_the_subjects_other_cases_and_the_nearest_decided_ones(browser_of: Browser, decided: Desk) -> None:
    text = surroundings(browser_of("alice"))
    before = text[text.index("Other cases of the same subject") : text.index("Similar decided cases")]
    assert "Decline" in before
    assert "1\u202f200 DM" in text[text.index("Similar decided cases") :]
    assert "The nearest of the last decided cases" in text


def test_labels_and_similar_cases_only_where_the_template_shows_them(browser_of: Browser, cast: Cast) -> None:
    decided_desk(browser_of, cast, advice="hidden")
    text = surroundings(browser_of("alice"))
    assert "Similar" not in text.replace("History and similar cases", "")
    assert "Decline" not in text
    assert "decided" in text


def test_nobody_but_the_holder_sees_them(browser_of: Browser, decided: Desk) -> None:
    seat, _ = take(browser_of("alice"))
    for name in ("bob", "mona", "gil"):
        assert browser_of(name).get(f"/seats/{seat}/background/").status_code == 404


def test_cases_of_other_subjects_are_left_out(browser_of: Browser, decided: Desk) -> None:
    change(decided, subject_ref="somebody else")
    assert "None that you may see." in surroundings(browser_of("alice"))


def test_a_reader_never_sees_a_case_of_their_own(browser_of: Browser, decided: Desk, cast: Cast) -> None:
    change(decided, subject_user_id=cast.people["alice"].id)
    text = surroundings(browser_of("alice"))
    assert "None that you may see." in text
    assert "Too few cases like it have been decided yet." in text


class TestBlind:
    @pytest.mark.parametrize("advice", ["hidden", "after_answer"])
    def test_what_a_model_decided_is_not_told(self, browser_of: Browser, cast: Cast, advice: str) -> None:
        desk = decided_desk(browser_of, cast, advice=advice, with_model=True, template={"shows_similar": True})
        by_model(desk)
        text = surroundings(browser_of("alice"))
        assert "Decline" not in text
        assert "Too few cases like it have been decided yet." in text

    def test_after_the_blind_answer_it_is(self, browser_of: Browser, cast: Cast) -> None:
        desk = decided_desk(browser_of, cast, advice="after_answer", with_model=True, template={"shows_similar": True})
        by_model(desk)
        client = browser_of("alice")
        seat, _ = take(client)
        assert "Decline" not in read(client.get(f"/seats/{seat}/background/")).text
        send(client, seat, verb="answer", label="approve")
        assert "Decline" in read(client.get(f"/seats/{seat}/background/")).text

    def test_contributions_come_with_the_advice_and_never_before(self, browser_of: Browser, cast: Cast) -> None:
        open_desk(cast, cases=1, advice="after_answer", with_model=True)
        client = browser_of("alice")
        seat, page = take(client)
        before = page.source + client.get(f"/api/v1/seats/{seat}/").content.decode()
        for hidden in ("What moved the model", "movers", "log_odds", "strongly", "slightly"):
            assert hidden not in before, hidden
        after = send(client, seat, verb="answer", label="decline")
        assert "What moved the model" in read(after).text
        assert '"log_odds"' in client.get(f"/api/v1/seats/{seat}/").content.decode()


def test_another_tenants_cases_are_never_compared(browser_of: Browser, decided: Desk, cast: Cast) -> None:
    surroundings(browser_of("alice"))
    assert {tenant for tenant, _ in similar._kept} == {cast.tenants["acme"].id}
    with tenant_scope(cast.tenants["globex"].id):
        assert not Case.objects.filter(subject_ref=SUBJECT).exists()


def test_three_queries_more_than_the_seat_and_none_for_more_cases(
    browser_of: Browser, decided: Desk, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = browser_of("alice")
    seat, _ = take(client)
    client.get(f"/seats/{seat}/background/")
    with django_assert_max_num_queries(13):
        client.get(f"/seats/{seat}/background/")


class TestHiddenCases:
    """What stood beside a case gives nothing away when it comes hidden itself."""

    def test_nothing_beside_a_case_has_a_reference(self, browser_of: Browser, decided: Desk) -> None:
        text = surroundings(browser_of("alice"))
        for case in decided.cases[:1]:
            assert reference_of(case.pk) not in text

    def test_a_case_with_a_known_answer_stands_beside_no_other(self, browser_of: Browser, decided: Desk) -> None:
        client = browser_of("alice")
        assert "Decline" in surroundings(client)
        # what is kept of the decided cases is older than the item
        gold(decided)
        seat = seat_in_hand(client)
        text = read(client.get(f"/seats/{seat}/background/")).text
        assert "Decline" not in text
        assert "None that you may see." in text
        assert "Too few cases like it have been decided yet." in text

    def test_a_hidden_case_has_a_name_that_nobody_has_read(self, browser_of: Browser, decided: Desk) -> None:
        gold(decided)
        with tenant_scope(decided.cast.tenants["acme"].id):
            Queue.objects.update(gold_first=1)
        client = browser_of("carol")
        seat, page = take(client)
        with tenant_scope(decided.cast.tenants["acme"].id):
            hidden = Seat.objects.get(pk=seat)
            assert (hidden.purpose, hidden.case_id) == ("gold", decided.cases[0].pk)
        assert reference_of(hidden.case_id) not in page.source
        assert reference_of(hidden.panel_id) in page.source
        send(client, seat, label="approve")
        assert reference_of(hidden.case_id) not in read(client.get("/")).source

    def test_a_case_that_comes_again_has_as_many_beside_it_as_a_new_one(
        self, browser_of: Browser, decided: Desk
    ) -> None:
        client = browser_of("alice")
        new = re.sub(r"[0-9A-F]{4}-[0-9A-F]{4}", "", surroundings(client))
        # the seat in hand becomes a second look at what was decided
        with tenant_scope(decided.cast.tenants["acme"].id):
            Seat.objects.filter(pk=seat_in_hand(client)).update(case_id=decided.cases[1].pk, purpose="second_review")
        again = re.sub(r"[0-9A-F]{4}-[0-9A-F]{4}", "", surroundings(client))
        lists = [text[text.index("Similar decided cases") :] for text in (new, again)]
        assert [text.count("distance") for text in lists] == [1, 1]
        assert {"Decline" in text for text in lists} == {True}, "one and the same neighbour, and never itself"
        assert len({NUMBER.sub("N", text) for text in lists}) == 1
        assert len({tuple(re.findall(r"nearest of.*", text)) for text in lists}) == 1, "and no number differs"

    def test_who_practised_with_a_case_never_gets_it_hidden(self, browser_of: Browser, decided: Desk) -> None:
        alice = decided.cast.people["alice"]
        post_outcome(
            actor=decided.cast.keys["acme"], case_id=decided.cases[0].pk, label="decline", observed_at=timezone.now()
        )
        answer_practice(actor=alice, queue_key=QUEUE, case_id=decided.cases[0].pk, label="approve")
        gold(decided)
        with tenant_scope(decided.cast.tenants["acme"].id):
            Queue.objects.update(gold_first=1)
        seat, _ = take(browser_of("alice"))
        with tenant_scope(decided.cast.tenants["acme"].id):
            assert Seat.objects.get(pk=seat).purpose == "live"


def gold(desk: Desk) -> None:
    """The first case, with a known answer from now on."""
    item = propose_gold(
        actor=desk.cast.people["mona"], case_type_key="credit", external_id=desk.cases[0].external_id,
        label="decline", why="It was not paid back.",
    )  # fmt: skip
    approve_gold(actor=desk.cast.people["max"], item_id=item.pk)


def seat_in_hand(client: Client) -> str:
    """The seat that the client has taken before."""
    (queue,) = client.get("/api/v1/queues/").json()
    assert queue["mine"] == 1
    return str(client.post("/api/v1/queues/credit/claim", {}, content_type="application/json").json()["seat"]["id"])

"""The first page: what waits, what is with me, what I finished; and why there is nothing."""

import re
from collections.abc import Callable

from django.test import Client

from tests.cast import Cast
from tests.portal.reading import read, seat_of
from tests.portal.scene import Desk, open_desk

Browser = Callable[[str], Client]


def test_counts_and_the_way_to_the_next_case(browser_of: Browser, desk: Desk) -> None:
    page = read(browser_of("alice").get("/"))
    assert "Credit applications" in page.text
    assert "waiting for you 3" in page.text
    assert page.has_form("/queues/credit/next")


def test_two_places_on_one_panel_are_one_case(browser_of: Browser, cast: Cast) -> None:
    open_desk(cast, cases=3, seats=2)
    alice = browser_of("alice")
    assert "waiting for you 3" in read(alice.get("/")).text
    coming = read(alice.get("/queues/credit/")).text
    references = re.findall(r"Case ([0-9A-F]{4}-[0-9A-F]{4})", coming)
    assert len(references) == len(set(references)) == 3


def test_what_is_with_me_comes_first(browser_of: Browser, desk: Desk) -> None:
    alice = browser_of("alice")
    seat = seat_of(alice.post("/queues/credit/next", follow=True))
    page = read(alice.get("/"))
    assert page.text.index("With you now") < page.text.index("Next case")
    assert f"/seats/{seat}/" in page.source
    assert "Lease 14:5" in page.text


def test_a_held_case_is_told_apart(browser_of: Browser, desk: Desk) -> None:
    alice = browser_of("alice")
    seat = seat_of(alice.post("/queues/credit/next", follow=True))
    alice.post(f"/seats/{seat}/hold")
    assert "On hold" in read(alice.get("/")).text


def test_what_i_finished_today_is_listed_and_can_be_undone(browser_of: Browser, desk: Desk) -> None:
    alice = browser_of("alice")
    response = alice.post("/queues/credit/next", follow=True)
    seat, fields = seat_of(response), read(response).fields_of("/submit")
    alice.post(f"/seats/{seat}/submit", {**fields, "label": "ask"})
    page = read(alice.get("/"))
    assert "Finished today 1" in page.text
    assert "Ask for documents" in page.text
    assert page.has_form(f"/seats/{seat}/undo")


def test_somebody_without_queue_is_told_whom_to_ask(browser_of: Browser, desk: Desk) -> None:
    page = read(browser_of("dave").get("/"))
    assert "No queue is yours yet" in page.text
    assert "Ask the manager" in page.text


def test_the_console_is_offered_to_those_it_is_for(browser_of: Browser, desk: Desk) -> None:
    assert 'href="/console/"' in read(browser_of("mona").get("/")).source
    assert "/console/" not in read(browser_of("alice").get("/")).source


def test_a_stranger_is_sent_to_the_login(cast: Cast) -> None:
    assert Client().get("/")["Location"] == "/accounts/login/?next=/"


def test_another_tenant_sees_nothing_of_it(browser_of: Browser, desk: Desk) -> None:
    assert "Credit" not in read(browser_of("gil").get("/")).text


def test_the_zone_is_the_browsers(browser_of: Browser, desk: Desk) -> None:
    alice = browser_of("alice")
    response = alice.post("/queues/credit/next", follow=True)
    seat, fields = seat_of(response), read(response).fields_of("/submit")
    alice.post(f"/seats/{seat}/submit", {**fields, "label": "approve"})
    alice.cookies["zone"] = "Asia/Tokyo"
    assert "JST" in read(alice.get("/")).source
    alice.cookies["zone"] = "../../etc/passwd"
    assert "UTC" in read(alice.get("/")).source


class TestQueuePage:
    def test_tells_the_order_and_why(self, browser_of: Browser, desk: Desk) -> None:
        page = read(browser_of("alice").get("/queues/credit/"))
        assert "What comes next" in page.text
        assert page.text.count("Longest wait") == 3
        assert "lease 15 min" in page.text

    def test_an_empty_queue_says_that_it_is_empty(self, browser_of: Browser, cast: Cast) -> None:
        open_desk(cast, cases=0)
        page = read(browser_of("alice").get("/queues/credit/"))
        assert "This queue is empty" in page.text
        assert not page.has_form("/queues/credit/next")

    def test_a_queue_that_is_empty_for_me_says_why(self, browser_of: Browser, cast: Cast) -> None:
        open_desk(cast, cases=1, seats=2)
        alice, bob = browser_of("alice"), browser_of("bob")
        response = alice.post("/queues/credit/next", follow=True)
        alice.post(f"/seats/{seat_of(response)}/submit", {**read(response).fields_of("/submit"), "label": "ask"})
        assert "1 on cases that you have already judged" in read(alice.get("/queues/credit/")).text
        bob.post("/queues/credit/next")
        assert "1 with other reviewers now" in read(alice.get("/queues/credit/")).text

    def test_next_of_an_empty_queue_leads_to_its_page(self, browser_of: Browser, cast: Cast) -> None:
        open_desk(cast, cases=0)
        assert browser_of("alice").post("/queues/credit/next")["Location"] == "/queues/credit/"

    def test_a_manager_sees_it_without_working_there(self, browser_of: Browser, desk: Desk) -> None:
        mona = browser_of("mona")
        assert "You do not work in this queue" in read(mona.get("/queues/credit/")).text
        assert mona.post("/queues/credit/next").status_code == 403

    def test_others_do_not_know_of_it(self, browser_of: Browser, desk: Desk) -> None:
        unknown = read(browser_of("dave").get("/queues/nonsense/"))
        for name in ("dave", "gil"):
            response = browser_of(name).get("/queues/credit/")
            assert response.status_code == 404
            assert read(response).text == unknown.text

    def test_on_to_the_next_queue_with_work(self, browser_of: Browser, desk: Desk) -> None:
        alice = browser_of("alice")
        assert alice.get("/queues/other/after")["Location"] == "/queues/credit/"
        assert alice.get("/queues/credit/after")["Location"] == "/"

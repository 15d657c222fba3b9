"""The case page and its verbs: decide, answer first, skip, hold, undo; the lease, and what is kept when it ends."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import User
from hitl_platform.tenants.scope import tenant_scope
from reviews.models import Judgment, Seat
from tests.cast import Cast
from tests.portal.reading import Page, read, seat_of
from tests.portal.scene import PROTECTED, Desk, open_desk

Browser = Callable[[str], Client]


def take(client: Client) -> tuple[UUID, Page]:
    """Claim the next case; the seat and its page."""
    response = client.post("/queues/credit/next", follow=True)
    assert response.status_code == 200
    return seat_of(response), read(response)


def send(client: Client, seat: UUID, *, verb: str = "submit", page: Page | None = None, **fields: Any) -> Any:
    """Send a form of the seat's page with these fields."""
    page = page or read(client.get(f"/seats/{seat}/"))
    return client.post(f"/seats/{seat}/{verb}", {**page.fields_of(f"/{verb}"), **fields}, follow=True)


def let_lease_end(seat: UUID, *, actor: Actor) -> None:
    """Time passes: the lease of this seat is over."""
    with tenant_scope(actor.tenant_id):
        row = Seat.objects.get(pk=seat)
        assert row.lease_ends_at is not None
        row.lease_ends_at -= timedelta(days=1)
        row.save(update_fields=["lease_ends_at"])


def judgments(actor: Actor) -> list[Judgment]:
    with tenant_scope(actor.tenant_id):
        return list(Judgment.objects.filter(reviewer_id=actor.id, superseded_at__isnull=True).order_by("judged_at"))


class TestContent:
    def test_the_case_is_laid_out_by_its_type(self, browser_of: Browser, desk: Desk) -> None:
        _, page = take(browser_of("alice"))
        for words in (
            "Should this applicant get the credit on the terms asked for?", "Key figures", "Amount 1\u202f200 DM",
            "Term 13 months", "Purpose Used car", "Why you are asked", "No model answers for this kind of case.",
        ):  # fmt: skip
            assert words in page.text
        assert "Not given" in page.text

    def test_labels_have_keys_and_reasons_know_their_labels(self, browser_of: Browser, desk: Desk) -> None:
        _, page = take(browser_of("alice"))
        for number, label in enumerate(("approve", "decline", "ask"), 1):
            assert f'value="{label}" required data-key="{number}"' in page.source
        assert 'data-for="decline"' in page.source

    def test_a_hostile_text_stays_text(self, browser_of: Browser, cast: Cast) -> None:
        desk = open_desk(cast, cases=0)
        desk.submit(statement="<script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}")
        desk.run()
        _, page = take(browser_of("alice"))
        assert "<script>alert(1)" not in page.source
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.source
        assert "<script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}" in page.text


class TestSubmit:
    def test_decides_and_brings_the_next_case(self, browser_of: Browser, desk: Desk, alice: Actor) -> None:
        client = browser_of("alice")
        seat, _ = take(client)
        response = send(client, seat, label="decline", reason_codes=["income", "other"], rationale="Too much.")
        assert seat_of(response) != seat
        assert [code for _, code in response.redirect_chain] == [307, 302]
        (judgment,) = judgments(alice)
        assert (judgment.seat_id, judgment.label, judgment.rationale) == (seat, "decline", "Too much.")
        assert judgment.reason_codes == ["income", "other"]
        assert judgment.first_viewed_at is not None
        assert "Submitted Decline on Case" in read(response).text

    def test_the_last_case_leads_to_the_empty_queue(self, browser_of: Browser, cast: Cast) -> None:
        open_desk(cast, cases=1)
        client = browser_of("alice")
        seat, _ = take(client)
        response = send(client, seat, label="approve")
        assert response.request["PATH_INFO"] == "/queues/credit/"
        assert "This queue is empty" in read(response).text

    def test_work_time_is_kept(self, browser_of: Browser, desk: Desk, alice: Actor) -> None:
        client = browser_of("alice")
        seat, _ = take(client)
        send(client, seat, label="approve", active_seconds="0.01")
        assert judgments(alice)[0].active_seconds == pytest.approx(0.01)

    def test_without_label_it_asks_for_one_and_keeps_the_rest(self, browser_of: Browser, desk: Desk) -> None:
        client = browser_of("alice")
        seat, _ = take(client)
        response = send(client, seat, rationale="Half a thought")
        assert response.status_code == 400
        assert "Choose a label first." in read(response).text
        assert "Half a thought" in read(response).text

    def test_a_reason_that_does_not_fit_is_said_beside_the_reasons(self, browser_of: Browser, desk: Desk) -> None:
        client = browser_of("alice")
        seat, _ = take(client)
        response = send(client, seat, label="approve", reason_codes=["income"])
        assert response.status_code == 400
        assert "is no reason for" in read(response).text

    def test_an_unknown_label_is_refused(self, browser_of: Browser, desk: Desk, alice: Actor) -> None:
        client = browser_of("alice")
        seat, _ = take(client)
        assert send(client, seat, label="nonsense").status_code == 400
        assert judgments(alice) == []

    def test_twice_is_once(self, browser_of: Browser, desk: Desk, alice: Actor) -> None:
        client = browser_of("alice")
        seat, page = take(client)
        send(client, seat, page=page, label="approve")
        again = send(client, seat, page=page, label="decline")
        assert again.status_code == 409
        assert "You submitted Approve" in read(again).text
        assert [judgment.label for judgment in judgments(alice)] == ["approve"]

    def test_a_submitted_case_can_be_read_again(self, browser_of: Browser, desk: Desk) -> None:
        client = browser_of("alice")
        seat, _ = take(client)
        send(client, seat, label="approve")
        page = read(client.get(f"/seats/{seat}/"))
        assert "You submitted Approve" in page.text
        assert "Amount 1\u202f200 DM" in page.text
        assert not page.has_form("/submit")


class TestLeaseEnds:
    def test_a_stale_submit_is_refused_and_its_draft_kept(
        self, browser_of: Browser, desk: Desk, alice: Actor, bob: Actor
    ) -> None:
        client = browser_of("alice")
        seat, page = take(client)
        let_lease_end(seat, actor=alice)
        response = send(client, seat, page=page, label="decline", rationale="Nearly done")
        assert response.status_code == 409
        assert "Your lease on this case has ended." in read(response).text
        assert "Nearly done" in read(response).text
        assert judgments(alice) == []

    def test_whom_it_went_to_sees_no_draft_of_mine(self, browser_of: Browser, cast: Cast, alice: Actor) -> None:
        open_desk(cast, cases=1)
        client = browser_of("alice")
        seat, page = take(client)
        let_lease_end(seat, actor=alice)
        taken, _ = take(browser_of("bob"))
        assert taken == seat
        assert send(client, seat, page=page, label="decline", rationale="Mine alone").status_code == 409
        assert "Mine alone" not in read(browser_of("bob").get(f"/seats/{seat}/")).text
        mine = read(client.get(f"/seats/{seat}/"))
        assert "Mine alone" in mine.text
        assert "Amount 1\u202f200 DM" not in mine.text

    def test_the_next_claim_gives_it_back_with_its_draft(self, browser_of: Browser, desk: Desk, alice: Actor) -> None:
        client = browser_of("alice")
        seat, page = take(client)
        let_lease_end(seat, actor=alice)
        send(client, seat, page=page, label="decline", rationale="Nearly done")
        again, page = take(client)
        assert again == seat
        assert "Nearly done" in page.text
        assert 'value="decline" required checked' in page.source

    def test_heartbeat_keeps_it_alive(self, browser_of: Browser, desk: Desk) -> None:
        client = browser_of("alice")
        seat, page = take(client)
        response = client.post(f"/seats/{seat}/heartbeat", page.fields_of("/submit"))
        assert 895 <= response.json()["lease_seconds"] <= 900

    def test_heartbeat_after_the_end_is_refused(self, browser_of: Browser, desk: Desk, alice: Actor) -> None:
        client = browser_of("alice")
        seat, page = take(client)
        let_lease_end(seat, actor=alice)
        assert client.post(f"/seats/{seat}/heartbeat", page.fields_of("/submit")).status_code == 409

    def test_a_draft_is_kept_while_writing(self, browser_of: Browser, desk: Desk) -> None:
        client = browser_of("alice")
        seat, page = take(client)
        fields = page.fields_of("/submit") | {"label": "ask", "rationale": "Unfinished", "reason_codes": ["missing"]}
        assert client.post(f"/seats/{seat}/draft", fields).status_code == 204
        page = read(client.get(f"/seats/{seat}/"))
        assert "Unfinished" in page.text
        assert 'value="ask" required checked' in page.source
        assert 'value="missing" checked' in page.source

    def test_a_draft_too_large_is_refused(self, browser_of: Browser, desk: Desk) -> None:
        client = browser_of("alice")
        seat, _ = take(client)
        assert client.post(f"/seats/{seat}/draft", {"rationale": "x" * 5001}).status_code == 400


class TestOtherVerbs:
    def test_skip_gives_it_back_and_goes_on(self, browser_of: Browser, desk: Desk) -> None:
        client = browser_of("alice")
        seat, _ = take(client)
        response = client.post(f"/seats/{seat}/release", follow=True)
        assert seat_of(response) != seat

    def test_hold_stops_the_lease_and_resume_starts_it(self, browser_of: Browser, desk: Desk) -> None:
        client = browser_of("alice")
        seat, _ = take(client)
        held = read(client.post(f"/seats/{seat}/hold", follow=True))
        assert "On hold" in held.text
        assert "data-lease" not in held.source
        resumed = read(client.post(f"/seats/{seat}/resume", follow=True))
        assert "data-lease" in resumed.source

    def test_undo_brings_the_page_back(self, browser_of: Browser, desk: Desk, alice: Actor) -> None:
        client = browser_of("alice")
        seat, _ = take(client)
        send(client, seat, label="approve")
        response = client.post(f"/seats/{seat}/undo", follow=True)
        assert seat_of(response) == seat
        assert read(response).has_form("/submit")
        assert judgments(alice) == []

    def test_undo_after_its_time_is_refused(self, browser_of: Browser, cast: Cast) -> None:
        open_desk(cast, undo_seconds=0)
        client = browser_of("alice")
        seat, _ = take(client)
        response = send(client, seat, label="approve")
        assert not read(response).has_form("/undo")
        assert client.post(f"/seats/{seat}/undo").status_code == 409


class TestAnswerFirst:
    @pytest.fixture
    def advised(self, cast: Cast) -> Desk:
        return open_desk(cast, advice="after_answer", with_model=True)

    def test_the_blind_answer_comes_first_then_the_advice(
        self, browser_of: Browser, advised: Desk, alice: Actor
    ) -> None:
        client = browser_of("alice")
        seat, page = take(client)
        assert "Your own answer first" in page.text
        assert not page.has_form("/submit")
        assert "The model says" not in page.text
        revealed = read(send(client, seat, verb="answer", label="decline"))
        assert "Your first answer: Decline" in revealed.text
        assert "The model says" in revealed.text
        assert revealed.has_form("/submit")
        send(client, seat, label="approve")
        (judgment,) = judgments(alice)
        assert (judgment.first_label, judgment.label, judgment.advice_shown) == ("decline", "approve", True)

    def test_the_last_word_needs_the_first(self, browser_of: Browser, advised: Desk) -> None:
        client = browser_of("alice")
        seat, page = take(client)
        fields = page.fields_of("/answer") | {"label": "approve"}
        assert client.post(f"/seats/{seat}/submit", fields).status_code == 409

    def test_the_first_answer_is_frozen(self, browser_of: Browser, advised: Desk) -> None:
        client = browser_of("alice")
        seat, page = take(client)
        send(client, seat, verb="answer", page=page, label="decline")
        assert send(client, seat, verb="answer", page=page, label="approve").status_code == 409
        assert "Your first answer: Decline" in read(client.get(f"/seats/{seat}/")).text

    def test_an_answer_without_label_is_asked_for(self, browser_of: Browser, advised: Desk) -> None:
        client = browser_of("alice")
        seat, page = take(client)
        response = send(client, seat, verb="answer", page=page)
        assert response.status_code == 400
        assert "Choose a label first." in read(response).text


class TestDispute:
    def test_the_adjudicator_sees_the_judgments_side_by_side(self, browser_of: Browser, cast: Cast, sam: Actor) -> None:
        desk = open_desk(cast, cases=1, seats=2, mode="unanimous", undo_seconds=0)
        for name, label, words in (("alice", "approve", "Carries it."), ("bob", "decline", "Never.")):
            seat, _ = take(browser_of(name))
            send(browser_of(name), seat, label=label, rationale=words, reason_codes=["other"])
        desk.run()
        client = browser_of("sam")
        assert "Disputes first" in read(client.get("/queues/credit/")).text
        seat, page = take(client)
        for words in (
            "2 judgments side by side",
            "Reviewer 1",
            "Approve",
            "Carries it.",
            "Reviewer 2",
            "Decline",
            "Never.",
        ):
            assert words in page.text
        assert "Alice" not in page.text
        assert "Settle the dispute" in page.text
        send(client, seat, label="decline")
        assert [(judgment.kind, judgment.label) for judgment in judgments(sam)] == [("adjudicator", "decline")]

    def test_simulated_reviewers_are_told_apart(self, browser_of: Browser, cast: Cast, alice: Actor) -> None:
        User.objects.filter(pk=alice.id).update(simulated=True)
        desk = open_desk(cast, cases=1, seats=2, mode="unanimous", undo_seconds=0)
        for name, label in (("alice", "approve"), ("bob", "decline")):
            seat, _ = take(browser_of(name))
            send(browser_of(name), seat, label=label)
        desk.run()
        _, page = take(browser_of("sam"))
        assert page.text.count("Simulated") == 1


class TestWhoMay:
    VERBS = ("submit", "answer", "release", "hold", "resume", "heartbeat", "draft", "undo")

    def test_a_case_of_somebody_else_shows_nothing_of_it(self, browser_of: Browser, desk: Desk) -> None:
        seat, _ = take(browser_of("alice"))
        page = read(browser_of("bob").get(f"/seats/{seat}/"))
        assert "This case is not with you" in page.text
        assert "1200" not in page.text

    @pytest.mark.parametrize("verb", VERBS)
    def test_others_change_nothing(self, browser_of: Browser, desk: Desk, verb: str, alice: Actor) -> None:
        seat, page = take(browser_of("alice"))
        fields = page.fields_of("/submit") | {"label": "approve"}
        # a worker of the queue may keep a draft of his own; with a token that may once have been his he is too late
        expected = {204} if verb == "draft" else {403, 409}
        assert browser_of("bob").post(f"/seats/{seat}/{verb}", fields).status_code in expected
        assert browser_of("dave").post(f"/seats/{seat}/{verb}", fields).status_code == 404
        assert browser_of("gil").post(f"/seats/{seat}/{verb}", fields).status_code == 404
        assert Client().post(f"/seats/{seat}/{verb}", fields)["Location"].startswith("/accounts/login/")
        with tenant_scope(alice.tenant_id):
            assert Seat.objects.get(pk=seat).reviewer_id == alice.id
        assert judgments(alice) == []

    @pytest.mark.parametrize("verb", VERBS)
    def test_nothing_is_changed_by_a_get(self, browser_of: Browser, desk: Desk, verb: str) -> None:
        seat, _ = take(browser_of("alice"))
        assert browser_of("alice").get(f"/seats/{seat}/{verb}").status_code == 405

    def test_a_form_without_its_token_is_refused(self, browser_of: Browser, desk: Desk, alice: Actor) -> None:
        client = browser_of("alice")
        seat, page = take(client)
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = client.cookies
        fields = {"label": "approve", "lease_token": page.fields_of("/submit")["lease_token"]}
        for headers in ({}, {"HTTP_HX_REQUEST": "true"}):
            assert strict.post(f"/seats/{seat}/submit", fields, **headers).status_code == 403
        assert judgments(alice) == []


class TestBlind:
    def test_no_page_of_a_blind_reviewer_holds_what_is_hidden(
        self, browser_of: Browser, cast: Cast, alice: Actor
    ) -> None:
        """The model's answer, others' judgments, attributes, ids of the integrator: in no byte of the response."""
        desk = open_desk(cast, cases=1, seats=3, advice="after_answer", with_model=True)
        bob = browser_of("bob")
        seat, _ = take(bob)
        send(bob, seat, verb="answer", label="ask")
        send(bob, seat, label="ask", rationale="Words of Bob")
        alice_browser = browser_of("alice")
        response = alice_browser.post("/queues/credit/next", follow=True)
        seen = response.content.decode() + str(dict(response.headers))
        for hidden in (
            PROTECTED, "external-id", "Words of Bob", "Bob", "The model says", "probab", "confidence",
            str(desk.cases[0].pk), "Reviewer 1",
        ):  # fmt: skip
            assert hidden not in seen, hidden

    def test_hidden_advice_stays_hidden_to_the_end(self, browser_of: Browser, cast: Cast) -> None:
        open_desk(cast, cases=2, advice="hidden", with_model=True)
        client = browser_of("alice")
        seat, page = take(client)
        assert "The model says" not in page.source
        send(client, seat, label="approve")
        assert "The model says" not in client.get(f"/seats/{seat}/").content.decode()

    def test_shown_advice_is_there_at_once(self, browser_of: Browser, cast: Cast) -> None:
        open_desk(cast, cases=1, advice="shown", with_model=True)
        _, page = take(browser_of("alice"))
        assert "The model says" in page.text
        assert page.has_form("/submit")

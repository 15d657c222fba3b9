"""Marks travel with the judgment; what was submitted stands on the page again after an undo."""

from collections.abc import Callable

import pytest
from django.test import Client

from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from reviews.models import Judgment, SeatDraft
from tests.cast import Cast
from tests.portal.reading import read
from tests.portal.scene import Desk, open_desk
from tests.portal.test_case_page import judgments, send, take

Browser = Callable[[str], Client]
MARK = '[{"field": "purpose", "start": 0, "end": 4}]'


class TestEvidence:
    def test_it_is_kept_with_the_judgment_and_counted_what_there_was_to_read(
        self, browser_of: Browser, desk: Desk, alice: Actor
    ) -> None:
        client = browser_of("alice")
        seat, _ = take(client)
        send(client, seat, label="approve", evidence=MARK)
        (judgment,) = judgments(alice)
        assert judgment.evidence == [{"field": "purpose", "start": 0, "end": 4}]
        assert judgment.content_length > 20

    @pytest.mark.parametrize(
        "evidence", ['[{"field": "purpose", "start": 0, "end": 400}]', "no json", '{"a": 1}', "[7]"]
    )
    def test_what_does_not_lie_in_the_case_is_refused_in_words(
        self, browser_of: Browser, desk: Desk, alice: Actor, evidence: str
    ) -> None:
        client = browser_of("alice")
        seat, _ = take(client)
        response = send(client, seat, label="approve", rationale="Kept words", evidence=evidence)
        assert response.status_code == 400
        assert 'class="danger"' in response.content.decode()
        assert "Kept words" in read(response).text
        assert judgments(alice) == []

    def test_a_draft_keeps_it(self, browser_of: Browser, desk: Desk) -> None:
        client = browser_of("alice")
        seat, page = take(client)
        assert client.post(f"/seats/{seat}/draft", page.fields_of("/submit") | {"evidence": MARK}).status_code == 204
        page = read(client.get(f"/seats/{seat}/"))
        assert '"purpose"' in page.fields_of("/submit")["evidence"]
        assert "Used" in page.text

    def test_the_adjudicator_sees_where_evidence_and_reasons_differ(self, browser_of: Browser, cast: Cast) -> None:
        desk = open_desk(cast, cases=1, seats=2, mode="unanimous", undo_seconds=0)
        for name, label, mark in (("alice", "approve", MARK), ("bob", "decline", "[]")):
            seat, _ = take(browser_of(name))
            send(browser_of(name), seat, label=label, evidence=mark, reason_codes=["other"])
        desk.run()
        _, page = take(browser_of("sam"))
        assert "They differ in: label, evidence." in page.text
        assert "Purpose Used only here" in page.text

    @pytest.mark.parametrize("named", [True, False])
    def test_names_show_only_where_the_panel_says_so(self, browser_of: Browser, cast: Cast, named: bool) -> None:
        desk = open_desk(
            cast, cases=1, seats=2, mode="unanimous", undo_seconds=0, template={"adjudicator_sees_names": named}
        )
        for name, label in (("bob", "approve"), ("alice", "decline")):
            seat, _ = take(browser_of(name))
            send(browser_of(name), seat, label=label)
        desk.run()
        _, page = take(browser_of("sam"))
        assert ("Alice" in page.text, "Reviewer 1" in page.text) == (named, not named)


class TestUndo:
    def test_what_was_said_stands_again_whatever_was_drafted_before(
        self, browser_of: Browser, desk: Desk, alice: Actor
    ) -> None:
        client = browser_of("alice")
        seat, page = take(client)
        client.post(f"/seats/{seat}/draft", page.fields_of("/submit") | {"label": "approve", "rationale": "Old"})
        said = {"label": "decline", "rationale": "New", "reason_codes": ["income"], "evidence": MARK}
        send(client, seat, page=page, **said)
        again = read(client.post(f"/seats/{seat}/undo", follow=True))
        assert 'value="decline" required checked' in again.source
        assert 'value="approve" required checked' not in again.source
        assert 'value="income" checked' in again.source
        assert "New" in again.text
        assert '"purpose"' in again.fields_of("/submit")["evidence"]
        assert "Old" not in again.text

    def test_after_an_answer_that_was_changed_the_last_word_stands_again(self, browser_of: Browser, cast: Cast) -> None:
        open_desk(cast, cases=1, advice="after_answer", with_model=True)
        client = browser_of("alice")
        seat, _ = take(client)
        send(client, seat, verb="answer", label="approve")
        send(client, seat, label="decline")
        again = read(client.post(f"/seats/{seat}/undo", follow=True))
        assert 'value="decline" required checked' in again.source
        assert "Your first answer: Approve" in again.text

    def test_a_draft_older_than_the_answer_does_not_choose_another_label(self, browser_of: Browser, cast: Cast) -> None:
        open_desk(cast, cases=1, advice="after_answer", with_model=True)
        client = browser_of("alice")
        seat, page = take(client)
        client.post(f"/seats/{seat}/draft", page.fields_of("/answer") | {"label": "approve"})
        revealed = read(send(client, seat, verb="answer", page=page, label="decline"))
        assert 'value="decline" required checked' in revealed.source
        assert "Now see what the model says." in revealed.text

    def test_the_draft_is_written_with_the_undo(self, browser_of: Browser, desk: Desk, alice: Actor) -> None:
        client = browser_of("alice")
        seat, _ = take(client)
        send(client, seat, label="ask", active_seconds="0.02")
        client.post(f"/seats/{seat}/undo")
        with tenant_scope(alice.tenant_id):
            body = SeatDraft.objects.get(seat_id=seat).body
            assert Judgment.objects.get(seat_id=seat).superseded_at is not None
        assert (body["label"], body["active_seconds"]) == ("ask", pytest.approx(0.02))


def test_where_htmx_asks_one_answer_holds_the_next_case(browser_of: Browser, desk: Desk) -> None:
    client = browser_of("alice")
    seat, page = take(client)
    fields = page.fields_of("/submit") | {"label": "approve"}
    response = client.post(f"/seats/{seat}/submit", fields, headers={"HX-Request": "true", "HX-Boosted": "true"})
    assert response.status_code == 200
    assert response["HX-Push-Url"].startswith("/seats/")
    assert str(seat) not in response["HX-Push-Url"]
    assert "Submitted Approve on Case" in read(response).text
    assert read(response).has_form("/submit")

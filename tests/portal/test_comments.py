"""Comments: who says something, who may read it, who is told of it."""

from collections.abc import Callable

import pytest
from django.test import Client

from hitl_platform.kernel.errors import Forbidden, Invalid, NotFound
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.notices.models import Notice
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from reviews.models import CaseComment, ContentCare
from reviews.services.comments import add_comment, set_content_care
from tests.cast import Cast
from tests.portal.reading import read
from tests.portal.scene import DEFINITION, PROTECTED, Desk, open_desk
from tests.portal.test_case_page import send, take

Browser = Callable[[str], Client]


def test_it_stands_on_the_page_and_in_the_ledger_without_its_words(
    browser_of: Browser, desk: Desk, alice: Actor
) -> None:
    client = browser_of("alice")
    seat, _ = take(client)
    page = read(client.post(f"/seats/{seat}/comment", {"text": "  <b>Look</b> here  "}, follow=True))
    assert "<b>Look</b> here" in page.text
    assert "<b>Look" not in page.source
    with tenant_scope(alice.tenant_id):
        event = AuditEvent.objects.get(verb="comment.added")
        assert "Look" not in str(event.body)
        assert CaseComment.objects.get().text == "<b>Look</b> here"


def test_a_blank_or_endless_one_is_refused_in_words(browser_of: Browser, desk: Desk) -> None:
    client = browser_of("alice")
    seat, _ = take(client)
    response = client.post(f"/seats/{seat}/comment", {"text": " "})
    assert (response.status_code, "Write something first." in read(response).text) == (400, True)
    assert client.post(f"/seats/{seat}/comment", {"text": "x" * 2001}).status_code == 400


def test_only_the_holder_says_something(
    browser_of: Browser, desk: Desk, alice: Actor, bob: Actor, mona: Actor, gil: Actor
) -> None:
    seat, _ = take(browser_of("alice"))
    for somebody, refusal in ((bob, Forbidden), (mona, Forbidden), (gil, NotFound)):
        with pytest.raises(refusal):
            add_comment(actor=somebody, seat_id=seat, text="Mine?")
    with tenant_scope(alice.tenant_id):
        assert not CaseComment.objects.exists()


class TestWhoReads:
    def test_another_seat_of_the_panel_reads_it_only_after_judging_for_good(
        self, browser_of: Browser, cast: Cast, alice: Actor
    ) -> None:
        open_desk(cast, cases=1, seats=2, undo_seconds=0)
        bob, alices = browser_of("bob"), browser_of("alice")
        bobs, _ = take(bob)
        bob.post(f"/seats/{bobs}/comment", {"text": "Words of the other seat"})
        seat, page = take(alices)
        api = alices.get(f"/api/v1/seats/{seat}/").content.decode()
        assert "Words of the other seat" not in page.source + api
        assert "Words of the other seat" in read(bob.get(f"/seats/{bobs}/")).text
        send(alices, seat, label="approve")
        assert "Words of the other seat" in read(alices.get(f"/seats/{seat}/")).text

    def test_a_judgment_that_can_be_undone_is_not_for_good(self, browser_of: Browser, cast: Cast) -> None:
        open_desk(cast, cases=1, seats=2, undo_seconds=10)
        bob, alices = browser_of("bob"), browser_of("alice")
        bobs, _ = take(bob)
        bob.post(f"/seats/{bobs}/comment", {"text": "Words of the other seat"})
        seat, _ = take(alices)
        send(alices, seat, label="approve")
        assert "Words of the other seat" not in alices.get(f"/seats/{seat}/").content.decode()

    def test_who_takes_the_seat_over_reads_what_was_said_on_it(self, browser_of: Browser, cast: Cast) -> None:
        open_desk(cast, cases=1)
        bob = browser_of("bob")
        seat, _ = take(bob)
        bob.post(f"/seats/{seat}/comment", {"text": "I asked the branch"})
        bob.post(f"/seats/{seat}/release")
        again, page = take(browser_of("alice"))
        assert again == seat
        assert "Bob" in page.text
        assert "I asked the branch" in page.text

    def test_the_adjudicator_reads_all_by_number(self, browser_of: Browser, cast: Cast) -> None:
        desk = open_desk(cast, cases=1, seats=2, mode="unanimous", undo_seconds=0)
        for name, label in (("alice", "approve"), ("bob", "decline")):
            seat, _ = take(browser_of(name))
            browser_of(name).post(f"/seats/{seat}/comment", {"text": f"Words for {label}"})
            send(browser_of(name), seat, label=label)
        desk.run()
        _, page = take(browser_of("sam"))
        assert "Words for approve" in page.text
        assert "Words for decline" in page.text
        assert "Alice" not in page.text
        assert "Bob" not in page.text

    def test_who_does_not_hold_the_case_reads_nothing(self, browser_of: Browser, desk: Desk) -> None:
        alice = browser_of("alice")
        seat, _ = take(alice)
        alice.post(f"/seats/{seat}/comment", {"text": "Secret words"})
        for name in ("bob", "mona"):
            assert "Secret words" not in browser_of(name).get(f"/seats/{seat}/").content.decode()


class TestMentions:
    def test_who_is_named_is_told_and_learns_nothing_of_the_case(
        self, browser_of: Browser, desk: Desk, alice: Actor, bob: Actor
    ) -> None:
        client = browser_of("alice")
        seat, _ = take(client)
        client.post(f"/seats/{seat}/comment", {"text": "What do you think, @Bob? 14200, mail@carol.example"})
        with tenant_scope(alice.tenant_id):
            (notice,) = Notice.objects.filter(kind="mention")
            assert notice.recipient_id == bob.id
            told = f"{notice.subject} {notice.text}"
        for hidden in ("14200", "think", "Alice", PROTECTED):
            assert hidden not in told

    def test_a_name_that_nobody_here_has_is_said_to_be_unknown(
        self, desk: Desk, browser_of: Browser, alice: Actor
    ) -> None:
        seat, _ = take(browser_of("alice"))
        with pytest.raises(Invalid) as refusal:
            add_comment(actor=alice, seat_id=seat, text="Ask @dave and @bob")
        assert "@dave" in str(refusal.value.fields)
        assert "@carol" in str(refusal.value.fields)


def test_care_is_kept_for_the_person_and_for_every_case(browser_of: Browser, cast: Cast, alice: Actor) -> None:
    open_desk(cast, cases=2, definition=DEFINITION | {"layout": {"sensitive": True}})
    client = browser_of("alice")
    seat, page = take(client)
    assert 'name="blurs" checked' in page.source
    response = client.post("/care", {"greys": "on", "seat": str(seat)}, follow=True)
    assert 'name="blurs" checked' not in response.content.decode()
    assert 'name="greys" checked' in response.content.decode()
    set_content_care(actor=alice, blurs=True, greys=False)
    with tenant_scope(alice.tenant_id):
        assert ContentCare.objects.count() == 1
    _, other = take(browser_of("bob"))
    assert 'name="greys" checked' in other.source

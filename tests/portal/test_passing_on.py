"""Passing a case on from its page: skip with a reason, hand over by name, ask for help, a manager's release."""

from collections.abc import Callable

import pytest
from django.test import Client

from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from reviews.models import Escalation, Seat, SeatSkip
from tests.portal.reading import read, seat_of
from tests.portal.scene import QUEUE, Desk
from tests.portal.test_case_page import take

Browser = Callable[[str], Client]


@pytest.mark.parametrize("meaning", ["to_others", "later", "ignore"])
def test_skip_keeps_its_reason_and_goes_on(browser_of: Browser, desk: Desk, alice: Actor, meaning: str) -> None:
    client = browser_of("alice")
    seat, page = take(client)
    assert page.has_form("/skip")
    response = client.post(f"/seats/{seat}/skip", {"meaning": meaning, "reason": "Not my field"}, follow=True)
    assert seat_of(response) != seat
    with tenant_scope(alice.tenant_id):
        assert (SeatSkip.objects.get().meaning, SeatSkip.objects.get().reason) == (meaning, "Not my field")


def test_skip_without_a_reason_changes_nothing(browser_of: Browser, desk: Desk, alice: Actor) -> None:
    client = browser_of("alice")
    seat, _ = take(client)
    assert client.post(f"/seats/{seat}/skip", {"meaning": "later", "reason": " "}).status_code == 400
    with tenant_scope(alice.tenant_id):
        assert Seat.objects.get(pk=seat).reviewer_id == alice.id


def test_hand_over_names_who_may_take_it(browser_of: Browser, desk: Desk, alice: Actor, bob: Actor) -> None:
    client = browser_of("alice")
    seat, _ = take(client)
    page = read(client.get(f"/seats/{seat}/hand-over/"))
    assert "Bob" in page.text
    assert "Alice</option>" not in page.source
    assert "Dave" not in page.text
    done = client.post(f"/seats/{seat}/hand-over/", {"to_user_id": str(bob.id), "note": "You know them"}, follow=True)
    assert "is handed over" in read(done).text
    with tenant_scope(alice.tenant_id):
        assert Seat.objects.get(pk=seat).reserved_for == bob.id
    assert take(browser_of("bob"))[0] == seat


def test_hand_over_to_somebody_who_may_not_is_said_beside_the_name(
    browser_of: Browser, desk: Desk, dave: Actor
) -> None:
    client = browser_of("alice")
    seat, _ = take(client)
    response = client.post(f"/seats/{seat}/hand-over/", {"to_user_id": str(dave.id)})
    assert response.status_code == 400
    assert "does not work in the queue" in read(response).text
    assert browser_of("bob").get(f"/seats/{seat}/hand-over/").status_code == 403
    assert browser_of("gil").get(f"/seats/{seat}/hand-over/").status_code == 404


def test_asking_for_help_leaves_the_case_with_me(browser_of: Browser, desk: Desk, alice: Actor) -> None:
    client = browser_of("alice")
    seat, _ = take(client)
    page = read(client.post(f"/seats/{seat}/ask", {"why": "Is this our policy?"}, follow=True))
    assert "You asked for help." in page.text
    assert page.has_form("/submit")
    with tenant_scope(alice.tenant_id):
        assert Escalation.objects.get().asked_by == alice.id


def test_a_manager_takes_a_case_from_its_holder(browser_of: Browser, desk: Desk, alice: Actor) -> None:
    seat, _ = take(browser_of("alice"))
    mona = browser_of("mona")
    page = read(mona.get(f"/seats/{seat}/"))
    assert page.has_form("/release")
    assert "1200" not in page.text
    assert not read(browser_of("bob").get(f"/seats/{seat}/")).has_form("/release")
    response = mona.post(f"/seats/{seat}/release", follow=True)
    assert response.request["PATH_INFO"] == f"/queues/{QUEUE}/"
    with tenant_scope(alice.tenant_id):
        assert Seat.objects.get(pk=seat).reviewer_id is None

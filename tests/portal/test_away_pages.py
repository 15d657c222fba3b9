"""Being away, and cases that one stands too near to: said before it happens, without a script."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from hitl_platform.tenants.scope import tenant_scope
from reviews.models import Absence, ConflictOfInterest, Seat
from reviews.services import declare_absence
from tests.cast import Cast
from tests.portal.reading import read
from tests.portal.scene import Desk, open_desk
from tests.portal.test_case_page import take

Browser = Callable[[str], Client]
AWAY, NEAR = "/my-work/absences/", "/my-work/conflicts/"


def days(start: float, end: float) -> dict[str, str]:
    now = timezone.localtime()
    return {name: f"{now + timedelta(days=at):%Y-%m-%dT%H:%M}" for name, at in (("starts_at", start), ("ends_at", end))}


class TestAway:
    def test_what_goes_back_is_said_before(self, browser_of: Browser, desk: Desk) -> None:
        client = browser_of("alice")
        assert "At this moment you hold none." in read(client.get(AWAY)).text
        take(client)
        assert "At this moment that is 1 case." in read(client.get(AWAY)).text

    def test_declared_by_a_form_and_ended_by_a_button(self, browser_of: Browser, desk: Desk, cast: Cast) -> None:
        client, alice = browser_of("alice"), cast.people["alice"]
        seat, _ = take(client)
        page = read(client.post(AWAY, days(-0.01, 3) | {"note": "At sea."}, follow=True))
        assert "You are away now." in page.text
        assert "At sea." in page.text
        desk.run()
        with tenant_scope(alice.tenant_id):
            assert Seat.objects.get(pk=seat).state == "open"
            (absence,) = Absence.objects.all()
        assert "You are absent until" in read(client.get("/queues/credit/")).text
        back = f"{AWAY}{absence.pk}/end"
        assert browser_of("bob").post(back).status_code == 404
        assert "You are here again" in read(client.post(back, follow=True)).text
        assert client.post(back).status_code == 409

    @pytest.mark.parametrize(
        ("sent", "told"),
        [
            ({"starts_at": "", "ends_at": ""}, "Give a day and a time."),
            (days(3, 1), "After the start"),
            (days(-3, -1), "This time is over."),
            ({"starts_at": "soon", "ends_at": "later"}, "Enter a valid date/time."),
        ],
    )
    def test_what_is_wrong_stands_at_its_field(
        self, browser_of: Browser, desk: Desk, sent: dict[str, str], told: str
    ) -> None:
        response = browser_of("alice").post(AWAY, sent)
        assert response.status_code == 400
        assert told in read(response).text

    def test_others_are_not_told_of(self, browser_of: Browser, desk: Desk, cast: Cast) -> None:
        bob, now = cast.people["bob"], timezone.now()
        declare_absence(actor=bob, user_id=bob.id, starts_at=now, ends_at=now + timedelta(days=1), note="A clinic.")
        for name in ("alice", "mona"):
            assert "A clinic." not in read(browser_of(name).get(AWAY)).text


class TestNear:
    def test_it_is_shown_with_what_it_takes_and_then_confirmed(self, browser_of: Browser, cast: Cast) -> None:
        desk = open_desk(cast, cases=0)
        desk.submit(subject="A-1")
        desk.run()
        client, alice = browser_of("alice"), cast.people["alice"]
        seat, _ = take(client)
        sent = {"kind": "subject", "subject": "A-1", "note": "My aunt."}
        shown = read(client.post(NEAR, sent)).text
        assert "1 case in your hands goes back to its queue at once" in shown
        with tenant_scope(alice.tenant_id):
            assert not ConflictOfInterest.objects.exists(), "nothing happens before it is confirmed"
        done = read(client.post(NEAR, sent | {"confirmed": "1"}, follow=True)).text
        assert "Declared. Such cases never come to you" in done
        assert "In force" in done
        with tenant_scope(alice.tenant_id):
            assert Seat.objects.get(pk=seat).state == "open"
        again = client.post(NEAR, sent | {"confirmed": "1"})
        assert again.status_code == 400
        assert "declared already" in read(again).text

    def test_a_colleague_is_chosen_by_name(self, browser_of: Browser, desk: Desk, cast: Cast) -> None:
        client, bob = browser_of("alice"), cast.people["bob"]
        sent = {"kind": "person", "colleague": str(bob.id)}
        assert "Nothing that you hold now is concerned." in read(client.post(NEAR, sent)).text
        page = read(client.post(NEAR, sent | {"confirmed": "1"}, follow=True)).text
        assert "Bob" in page
        assert str(bob.id) not in page

    @pytest.mark.parametrize(
        ("sent", "told"),
        [
            ({}, "This field is required."),
            ({"kind": "subject", "confirmed": "1"}, "Say whom it concerns"),
            ({"kind": "party", "party": "Ltd", "confirmed": "1"}, "A party is named in a field"),
            ({"kind": "person", "confirmed": "1"}, "Say whom it concerns"),
        ],
    )
    def test_what_is_wrong_stands_at_its_field(
        self, browser_of: Browser, desk: Desk, sent: dict[str, str], told: str
    ) -> None:
        response = browser_of("alice").post(NEAR, sent)
        assert response.status_code == 400
        assert told in read(response).text


def test_they_are_reached_from_the_menu_and_from_my_work(browser_of: Browser, desk: Desk) -> None:
    client = browser_of("alice")
    for path in ("/", "/my-work/"):
        source = client.get(path).content.decode()
        assert f'href="{AWAY}"' in source
        assert f'href="{NEAR}"' in source


def test_what_they_cost(browser_of: Browser, desk: Desk, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    client = browser_of("alice")
    client.get("/")
    for path in (AWAY, NEAR):
        with django_assert_max_num_queries(11):
            assert len(client.get(path).content) < 30_000

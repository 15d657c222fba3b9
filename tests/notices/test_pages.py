"""The bell, the list and the preferences, through the portal's doors."""

from collections.abc import Callable
from typing import Any

from django.test import Client

from hitl_platform.kernel.ids import uuid7
from hitl_platform.tenants.actor import Actor
from tests.notices.conftest import Desk
from tests.portal.reading import read

Browser = Callable[[Actor], Client]


def test_the_bell_counts_what_is_not_read(desk: Desk, alice: Actor, bob: Actor, browser_of: Browser) -> None:
    client = browser_of(alice)
    assert "not read" not in read(client.get("/")).text
    desk.tell(alice)
    desk.tell(alice, key="two")
    desk.tell(bob)
    assert "2 not read" in read(client.get("/")).text
    assert "1 not read" in read(browser_of(bob).get("/notices/")).text


def test_opening_a_notice_reads_it_and_leads_on(desk: Desk, alice: Actor, bob: Actor, browser_of: Browser) -> None:
    (notice,) = desk.tell(alice)
    client = browser_of(alice)
    assert "Case 1A2B-3C4D" in read(client.get("/notices/?show=new")).text
    response = client.post(f"/notices/{notice.pk}/open")
    assert (response.status_code, response["Location"]) == (302, "/queues/loans/")
    assert desk.notices()[0].read_at is not None
    assert "Nothing new" in read(client.get("/notices/?show=new")).text
    for stranger in (bob,):
        assert browser_of(stranger).post(f"/notices/{notice.pk}/open").status_code == 404
        assert browser_of(stranger).post(f"/notices/{uuid7()}/open").status_code == 404


def test_all_are_read_at_once(desk: Desk, alice: Actor, browser_of: Browser) -> None:
    for number in range(35):
        desk.tell(alice, key=str(number))
    client = browser_of(alice)
    page = read(client.get("/notices/?page=2"))
    assert "2 of 2" in page.text
    assert client.post("/notices/read-all").status_code == 302
    assert "You have read all of them." in read(client.get("/notices/")).text
    assert read(client.get("/notices/?page=x")).text


def test_preferences_by_a_form(desk: Desk, alice: Actor, browser_of: Browser) -> None:
    client = browser_of(alice)
    shown = client.get("/notices/preferences")
    choices = {field.name: field.initial for field in shown.context["form"]} | shown.context["form"].initial
    assert client.post("/notices/preferences", choices | {"mention": "none"}).status_code == 302
    assert client.get("/notices/preferences").context["form"].initial["mention"] == "none"
    refused = client.post("/notices/preferences", choices | {"paused": "none"})
    assert refused.status_code == 400
    assert desk.tell(alice) == []


def test_a_stranger_is_sent_to_the_login_and_nothing_is_a_get(desk: Desk, alice: Actor, browser_of: Browser) -> None:
    (notice,) = desk.tell(alice)
    for address in ("/notices/", "/notices/preferences"):
        assert Client().get(address)["Location"].startswith("/accounts/login/")
    client = browser_of(alice)
    for address in (f"/notices/{notice.pk}/open", "/notices/read-all"):
        assert client.get(address).status_code == 405


def test_pages_work_without_scripts_and_cost_the_same(
    desk: Desk, alice: Actor, browser_of: Browser, django_assert_num_queries: Any
) -> None:
    client = browser_of(alice)
    client.get("/notices/")
    for count in (1, 30):
        for number in range(count):
            desk.tell(alice, key=f"{count}:{number}")
        # the shell's seven with the bell; then how many, the count of pages, the page
        with django_assert_num_queries(7 + 3):
            assert len(client.get("/notices/").content) < 40_000

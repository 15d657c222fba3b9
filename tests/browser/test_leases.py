"""What becomes of a lease: it ends and the draft stays; it is held, then handed to a colleague by name."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from hitl_platform.tenants.scope import tenant_scope
from reviews.models import Seat
from tests.browser.sight import Sight
from tests.browser.stage import LAPTOP, PHONE, Stage, press
from tests.browser.test_journey import take
from tests.browser.test_pages import Views, claim, opened_sheet, views
from tests.portal.scene import open_desk

__all__ = ["views"]


def test_a_lease_that_ends_keeps_the_draft_for_its_author(stage: Stage, views: Views, sight: Sight) -> None:
    open_desk(stage.cast, cases=1)
    url = claim(stage, "alice")
    page = stage.open("alice")
    page.goto(url)
    page.get_by_role("textbox", name="Rationale").fill("Written before the lease ended")
    expect(page.get_by_text("Draft saved at")).to_be_visible()
    stage.leave()
    with tenant_scope(stage.cast.tenants["acme"].id):
        Seat.objects.update(lease_ends_at=timezone.now() - timedelta(seconds=1))
    for page in views("alice"):
        page.goto(url)
        with opened_sheet(page):
            sight.shoot(page, "lease-ended", shows=["Your lease on this case has ended.", "Rationale"])
            expect(page.get_by_role("textbox", name="Rationale")).to_have_value("Written before the lease ended")
    page = stage.open("alice")
    page.goto("/")
    expect(page.get_by_text("Lease ended, draft kept")).to_be_visible()
    page.goto(url)
    press(page, "n")
    expect(page.locator("[data-lease]")).to_be_visible()
    expect(page.get_by_role("textbox", name="Rationale")).to_have_value("Written before the lease ended")
    expect(page.get_by_role("button", name="Submit")).to_be_enabled()


@pytest.mark.parametrize("width", [LAPTOP, PHONE])
def test_the_end_of_a_lease_is_seen_wherever_one_looks(stage: Stage, sight: Sight, width: int) -> None:
    open_desk(stage.cast, cases=1, lease_seconds=10)
    page = stage.open("alice", width=width)
    take(page)
    page.locator("main").evaluate("(main) => { main.style.minBlockSize = '4000px'; scrollTo(0, 1500); }")
    with opened_sheet(page):
        page.context.set_offline(True)
        expect(page.locator("[data-count]")).to_have_text("0:00", timeout=20_000)
        page.context.set_offline(False)
        go_on = page.get_by_role("button", name="Go on in")
        expect(go_on).to_be_in_viewport(timeout=20_000)
        expect(page.locator("#lease-over")).to_be_focused()
        sight.shoot(page, "lease-ended-scrolled", shows=["Your lease on this case has ended."])
    go_on.click()
    expect(page.locator("[data-lease]")).to_be_visible()


def test_held_then_handed_to_a_colleague_who_finds_it_first(stage: Stage, views: Views, sight: Sight) -> None:
    open_desk(stage.cast, cases=3)
    for name in ("carol", "alice"):
        url = claim(stage, name)
    alice = stage.open("alice")
    alice.goto(url)
    reference = alice.locator("h1").inner_text().split(" · ")[0]
    press(alice, "h")
    expect(alice.locator(".case-head")).to_contain_text("On hold")
    press(alice, "e")
    alice.get_by_role("link", name="Hand over to a colleague").click()
    expect(alice.get_by_role("heading", name="Hand over to a colleague")).to_be_visible()
    alice.get_by_label("Who takes it").select_option(label="Bob")
    alice.get_by_label("Note").fill("You know this branch. Call them before noon.")
    sight.shoot(alice, "hand-over-named", shows=["Who takes it", "for a day", "Keep it"])
    alice.get_by_role("button", name="Hand over").click()
    expect(alice.get_by_text(f"{reference} is handed over.")).to_be_visible()
    for bob in views("bob"):
        bob.goto("/")
        bob.get_by_role("link", name="Notices 1 not read").click()
        sight.shoot(bob, "notice-handed-over", shows=[f"{reference} was handed to you", "1 not read", "new"])
        sight.visit(bob, "/queues/credit/", "queue-handed-over", shows=["Handed to you", "Longest wait"])
        expect(bob.locator(".ranked tbody tr").first).to_contain_text(reference)
    bob = stage.open("bob")
    bob.goto("/notices/")
    bob.get_by_role("button", name=f"{reference} was handed to you").click()
    expect(bob.get_by_role("heading", name="What comes next")).to_be_visible()
    press(bob, "n")
    expect(bob.locator("h1")).to_contain_text(reference)
    expect(bob.locator("#comments")).to_contain_text("Call them before noon.")
    expect(bob.get_by_role("link", name="Notices", exact=True)).to_be_visible()

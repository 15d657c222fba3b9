"""A known case answered otherwise: told late, contested by its reviewer, forgiven in the console, counted anew."""

from playwright.sync_api import Page, expect

from hitl_platform.tenants.actor import Actor
from reviews.models import CompetenceSnapshot, GoldResult
from reviews.services.pauses import set_quality_rule
from tests.browser.sight import Sight
from tests.browser.stage import Stage, press
from tests.browser.test_pages import Views, views
from tests.reviews.conftest import Office, loan_type, office, open_office, other_manager
from tests.reviews.quality import assess, decide, make_gold, set_queue

__all__ = ["loan_type", "office", "open_office", "other_manager", "views"]


def judge(page: Page, *keys: str) -> None:
    """Cases of the queue, each by one key and Enter."""
    page.goto("/queues/loans/")
    press(page, "n")
    for key in keys:
        expect(page.get_by_role("heading", name="Case")).to_be_visible()
        title = page.locator("h1").inner_text()
        press(page, key)
        press(page, "Enter")
        expect(page.locator("h1")).not_to_have_text(title)


def test_missed_contested_forgiven_and_counted_anew(
    stage: Stage, office: Office, mona: Actor, views: Views, sight: Sight
) -> None:
    make_gold(office, decide(office, 1_000))
    office.bring(*range(100, 700, 100))
    set_queue(office, gold_first=1)
    set_quality_rule(actor=mona, queue_key="loans", reveal_after=2)
    alice = stage.open("alice")
    judge(alice, "2", "1", "1")
    assess(office)
    for page in views("alice"):
        shows = ["You said “Decline”; “Approve” is the known answer.", "0 of 1", "What I did"]
        sight.visit(page, "/my-work/", "my-work-missed", shows=shows)
    alice.goto("/my-work/")
    alice.get_by_role("link", name="Contest").click()
    expect(alice.get_by_role("heading", name="Is the known answer wrong?")).to_be_visible()
    for page in views("alice"):
        sight.visit(page, alice.url, "contest", shows=["Is the known answer wrong?", "The income carries it."])
    alice.get_by_label("Why it is wrong").fill("The savings do not cover the instalments of a year.")
    alice.get_by_role("button", name="Contest it").click()
    expect(alice.get_by_text("Contest waits", exact=True)).to_be_visible()

    manager = stage.open("max")
    manager.goto("/console/")
    manager.get_by_role("link", name="1 contest of a known case").click()
    manager.get_by_role("link", name="Alice").click()
    sight.shoot_console(manager, "console-contest", shows=["The savings do not cover", "Forgive", "Uphold"])
    manager.get_by_role("link", name="Forgive").click()
    manager.get_by_label("Right answer").select_option(label="Decline")
    manager.get_by_role("textbox", name="Answer").fill("You are right: the answer was taken from an older limit.")
    sight.shoot_console(manager, "console-forgive", shows=["The item is corrected or retired"])
    manager.get_by_role("button", name="Forgive").click()
    expect(manager.get_by_text("Forgiven. 1 result was made anew")).to_be_visible()
    manager.goto("/console/reviews/competencesnapshot/")
    sight.shoot_console(manager, "console-competence", shows=["Competence", "Gold item corrected"])

    with office.scope():
        assert [(each.is_right, each.superseded_at is None) for each in GoldResult.objects.order_by("id")] == [
            (False, False), (True, True),
        ]  # fmt: skip
        gold = CompetenceSnapshot.objects.filter(source="gold", reviewer_id=office.people["alice"].id).order_by("id")
        assert [(each.right, each.total) for each in gold] == [(0, 1), (1, 1)]
    for page in views("alice"):
        shows = [
            "Contest forgiven",
            "You are right: the answer was taken from an older limit.",
            "1 of 1",
            "0 of 1 before",
        ]
        sight.visit(page, "/my-work/", "my-work-forgiven", shows=shows)
    alice.goto("/notices/")
    alice.get_by_role("button", name="Your contest is forgiven").click()
    expect(alice.get_by_role("heading", name="My work")).to_be_visible()

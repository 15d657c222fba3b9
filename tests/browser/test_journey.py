"""Days at the desk, in a real browser: three cases by keyboard alone, a dispute settled, a lease that ended."""

import pytest
from playwright.sync_api import Locator, Page, expect

from hitl_platform.tenants.scope import tenant_scope
from reviews.models import Judgment
from tests.browser.stage import PHONE, Stage, press
from tests.portal.scene import open_desk


def decide(page: Page, key: str) -> None:
    """One label's key, then Enter; the next page is there when the old question is gone."""
    before = page.locator("h1").inner_text()
    press(page, key)
    expect(page.locator("#decide input[name=label]:checked")).to_have_count(1)
    press(page, "Enter")
    expect(page.locator("h1")).not_to_have_text(before)


def take(page: Page) -> str:
    """The next case of the queue, by keyboard; its title."""
    page.goto("/queues/credit/")
    press(page, "n")
    expect(page.get_by_role("heading", name="Case")).to_be_visible()
    return page.locator("h1").inner_text()


def label(page: Page, name: str) -> Locator:
    """A label on the decision panel."""
    return page.get_by_role("radio", name=name)


def test_three_cases_by_keyboard_alone(stage: Stage) -> None:
    open_desk(stage.cast, cases=3)
    page = stage.open()
    stage.log_in(page, "alice")
    expect(page.get_by_role("heading", name="My queues")).to_be_visible()
    press(page, "1")
    expect(page.get_by_role("heading", name="Case")).to_be_visible()
    for key in ("1", "2", "3"):
        decide(page, key)
    expect(page.get_by_role("heading", name="This queue is empty")).to_be_visible()
    expect(page.locator(".lines li .tag")).to_have_text(["Ask for documents", "Decline", "Approve"])


def test_reasons_and_rationale_by_keyboard_and_an_undo(stage: Stage) -> None:
    open_desk(stage.cast, cases=2)
    page = stage.open("alice")
    first = take(page)
    press(page, "2")
    expect(page.get_by_label("Proof of income is missing")).to_be_hidden()
    page.get_by_label("Income does not carry").check()
    press(page, "r")
    page.keyboard.type("Too much of it, 1 2 3 s h.")
    press(page, "Escape")
    press(page, "Enter")
    expect(page.locator("h1")).not_to_have_text(first)
    expect(page.get_by_role("status")).to_contain_text("Submitted Decline on Case")
    press(page, "u")
    expect(page.locator("h1")).to_have_text(first)
    expect(label(page, "Decline")).to_be_checked()
    expect(page.get_by_label("Income does not carry")).to_be_checked()
    expect(page.get_by_role("textbox", name="Rationale")).to_have_value("Too much of it, 1 2 3 s h.")


def test_hold_skip_and_the_keys_overlay(stage: Stage) -> None:
    open_desk(stage.cast, cases=2)
    page = stage.open("alice")
    title = take(page)
    press(page, "h")
    expect(page.locator(".case-head")).to_contain_text("On hold")
    expect(page.locator("[data-lease]")).to_have_count(0)
    press(page, "h")
    expect(page.locator("[data-lease]")).to_have_count(1)
    press(page, "?")
    expect(page.get_by_role("dialog")).to_contain_text("Submit the decision")
    press(page, "s")
    expect(page.locator("h1")).to_have_text(title)
    press(page, "Escape")
    press(page, "s")
    page.get_by_label("To me again in an hour").check()
    # keys of the page sleep while a menu is open
    page.keyboard.press("1")
    expect(label(page, "Approve")).not_to_be_checked()
    page.get_by_label("Why", exact=True).fill("Waiting for the branch")
    page.get_by_role("button", name="Skip", exact=True).click()
    expect(page.locator("h1")).not_to_have_text(title)


def test_single_keys_can_be_switched_off(stage: Stage) -> None:
    open_desk(stage.cast, cases=1)
    page = stage.open("alice")
    take(page)
    press(page, "?")
    page.get_by_label("Single keys are on in this browser").uncheck()
    press(page, "Escape")
    press(page, "1")
    expect(label(page, "Approve")).not_to_be_checked()


@pytest.mark.parametrize(("second", "told"), [("1", "Approve"), ("2", "Decline")], ids=["changed", "kept"])
def test_blind_answer_then_reveal(stage: Stage, second: str, told: str) -> None:
    open_desk(stage.cast, cases=1, advice="after_answer", with_model=True)
    page = stage.open("alice")
    take(page)
    expect(page.get_by_role("heading", name="The model says")).to_have_count(0)
    press(page, "2")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Your first answer: Decline")).to_be_visible()
    expect(page.get_by_role("heading", name="The model says")).to_be_visible()
    expect(label(page, "Decline")).to_be_checked()
    press(page, second)
    press(page, "Enter")
    expect(page.get_by_role("heading", name="This queue is empty")).to_be_visible()
    expect(page.locator(".lines li .tag")).to_have_text([told])
    with tenant_scope(stage.cast.tenants["acme"].id):
        judgment = Judgment.objects.get()
    assert (judgment.first_label, judgment.label) == ("decline", told.lower())


@pytest.mark.parametrize("named", [True, False], ids=["names", "no-names"])
def test_an_adjudicator_settles_a_dispute(stage: Stage, named: bool) -> None:
    template = {"adjudicator_sees_names": named}
    desk = open_desk(stage.cast, cases=1, seats=2, mode="unanimous", undo_seconds=0, template=template)
    for name, key in (("alice", "1"), ("bob", "2")):
        page = stage.open(name)
        take(page)
        press(page, key)
        press(page, "Enter")
        expect(page.get_by_role("heading", name="Finished today")).to_be_visible()
    desk.run()
    page = stage.open("sam")
    page.goto("/")
    press(page, "1")
    expect(page.get_by_role("heading", name="2 judgments side by side")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(2)
    for name, number in (("Alice", 1), ("Bob", 2)):
        expect(page.get_by_role("article", name=name)).to_have_count(int(named))
        expect(page.get_by_role("article", name=f"Reviewer {number}")).to_have_count(int(not named))
    press(page, "2")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="This queue is empty")).to_be_visible()
    desk.run()
    assert desk.decided() == ["decline"]


def test_a_lease_that_ends_offline_keeps_the_draft(stage: Stage) -> None:
    open_desk(stage.cast, cases=1, lease_seconds=10)
    page = stage.open("alice")
    take(page)
    page.context.set_offline(True)
    press(page, "2")
    page.get_by_role("textbox", name="Rationale").fill("Written in a tunnel")
    expect(page.get_by_text("Not saved yet. Trying again.")).to_be_visible()
    expect(page.get_by_text("You are offline.")).to_be_visible()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("That was not sent")).to_be_visible()
    expect(page.locator("[data-count]")).to_have_text("0:00", timeout=20_000)
    page.context.set_offline(False)
    expect(page.get_by_role("alert").get_by_text("Your lease on this case has ended.")).to_be_visible()
    expect(page.get_by_text("Draft saved at")).to_be_visible()
    expect(page.get_by_role("button", name="Submit")).to_be_disabled()
    press(page, "Escape")
    page.get_by_role("button", name="Go on in Credit applications").click()
    expect(page.get_by_role("textbox", name="Rationale")).to_have_value("Written in a tunnel")
    expect(label(page, "Decline")).to_be_checked()
    expect(page.get_by_role("button", name="Submit")).to_be_enabled()


def test_without_scripts_every_step_works(stage: Stage) -> None:
    open_desk(stage.cast, cases=2)
    page = stage.open("alice", scripts=False)
    page.goto("/")
    page.get_by_role("button", name="Next case").click()
    first = page.locator("h1").inner_text()
    label(page, "Decline").check()
    page.get_by_role("textbox", name="Rationale").fill("By hand")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("h1")).not_to_have_text(first)
    page.get_by_role("button", name="Hold").click()
    expect(page.locator(".case-head")).to_contain_text("On hold")
    page.get_by_role("button", name="Resume").click()
    page.locator("summary", has_text="Skip").click()
    page.get_by_role("button", name="Give back").click()
    expect(page.locator("h1")).to_be_visible()


def test_on_a_phone_the_decision_is_a_sheet(stage: Stage) -> None:
    open_desk(stage.cast, cases=1)
    page = stage.open("alice", width=PHONE)
    page.goto("/queues/credit/")
    page.get_by_role("button", name="Next case").tap()
    handle = page.get_by_role("button", name="Decide")
    expect(handle).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_role("button", name="Submit")).to_be_hidden()
    handle.tap()
    page.locator("label.choice", has_text="Approve").tap()
    expect(page.get_by_role("button", name="Decide: Approve")).to_be_visible()
    page.get_by_role("button", name="Submit").tap()
    expect(page.get_by_role("heading", name="This queue is empty")).to_be_visible()

"""The keyboard alone: where Tab goes, what `?` tells, and a whole case without a mouse."""

from playwright.sync_api import Page, expect

from tests.browser.sight import Sight
from tests.browser.stage import Stage, press
from tests.browser.test_pages import claim
from tests.portal.scene import open_desk

# what has the focus, as a person would call it
FOCUSED = """
() => {
  const element = document.activeElement;
  const name = element.getAttribute("aria-label") ?? element.labels?.[0]?.innerText ?? element.innerText;
  return name.trim().replace(/\\s+/g, " ");
}
"""
# the focus can be seen: a ring around what has it, or around the label that stands for it
RINGED = """
() => {
  const element = document.activeElement;
  const ringed = (each) => each && getComputedStyle(each).outlineStyle !== "none";
  return ringed(element) || ringed(element.closest("label"));
}
"""


def tabbed(page: Page) -> list[str]:
    """What gets the focus as Tab is pressed, to the page's end; each can be seen to have it."""
    names: list[str] = []
    while True:
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            return names
        names.append(page.evaluate(FOCUSED))
        assert page.evaluate(RINGED), f"no ring: {names[-1]}"


def test_tab_goes_from_the_head_over_the_case_to_the_decision(stage: Stage) -> None:
    open_desk(stage.cast, cases=1)
    page = stage.open("alice")
    page.goto(claim(stage, "alice"))
    names = tabbed(page)
    wanted = [
        "Skip to the page", "HITL, my queues", "My queues", "My work", "Notices", "Alice Account menu",
        "Credit applications", "Hold h", "Skip s", "Ask e", "How to decide in Credit applications",
    ]  # fmt: skip
    found = [name for name in names if name in wanted]
    assert found == wanted, names
    after = [name for name in names if name not in wanted]
    assert [name for name in after if name.startswith(("Comment", "Approve", "Submit"))] == [
        "Comment c", "Approve 1", "Submit Enter",
    ]  # fmt: skip
    page.keyboard.press("Home")
    page.goto(page.url)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_day_by_keys_alone(stage: Stage, sight: Sight) -> None:
    open_desk(stage.cast, cases=4)
    page = stage.open("alice")
    page.goto("/queues/credit/")
    press(page, "n")
    expect(page.get_by_role("heading", name="Case")).to_be_visible()
    first = page.locator("h1").inner_text()
    press(page, "?")
    for keys in ("Choose a label, or a queue", "Submit the decision", "Ask for help, or hand over", "Next queue"):
        expect(page.get_by_role("dialog")).to_contain_text(keys)
    page.keyboard.press("Escape")
    press(page, "c")
    page.keyboard.type("Asked the branch: 2 s.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#comments .said")).to_have_text("Asked the branch: 2 s.")
    press(page, "e")
    expect(page.get_by_label("Ask for help with this case")).to_be_focused()
    page.keyboard.type("Is a boat a car?")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("You asked for help.")).to_be_visible()
    press(page, "2")
    press(page, "Enter")
    expect(page.locator("h1")).not_to_have_text(first)
    press(page, "u")
    expect(page.locator("h1")).to_have_text(first)
    press(page, "1")
    press(page, "Enter")
    expect(page.locator("h1")).not_to_have_text(first)
    second = page.locator("h1").inner_text()
    press(page, "s")
    expect(page.get_by_label("Others judge it, not I")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("Waiting for a payslip")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).not_to_have_text(second)
    press(page, "g")
    expect(page.get_by_role("heading", name="My queues")).to_be_visible()
    press(page, "n")
    expect(page.get_by_role("heading", name="Case")).to_be_visible()
    third = page.locator("h1").inner_text()
    press(page, "3")
    press(page, "Enter")
    expect(page.locator("h1")).not_to_have_text(third)
    sight.shoot(page, "case-with-undo", shows=["Submitted", "Undo"])

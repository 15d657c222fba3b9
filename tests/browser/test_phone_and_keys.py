"""Small windows, and keys that do something: the head of a page, the answer that was locked, what `?` tells."""

import pytest
from playwright.sync_api import Page, expect

from hitl_platform.tenants.models import Tenant, User
from hitl_platform.tenants.scope import tenant_scope
from tests.browser.sight import Sight
from tests.browser.stage import PHONE, Stage, press
from tests.browser.test_pages import PAST, STATEMENT, Views, claim, views
from tests.portal.scene import open_desk

__all__ = ["views"]

LONG = "Bartholomäus von Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"
# everything that stands in the head of the page, and whether it fits: inside the bar, and nothing on another
IN_THE_BAR = """
() => {
  const bar = document.querySelector(".bar").getBoundingClientRect();
  const parts = [...document.querySelectorAll(".bar .brand, .bar nav a, .bar .push > *")]
    .map((part) => [part, part.getBoundingClientRect()]).filter(([, box]) => box.width > 0);
  const out = parts.filter(([, box]) => box.top < bar.top || box.bottom > bar.bottom + 1 || box.right > innerWidth);
  const on = parts.filter(([, box], at) => at && box.left < parts[at - 1][1].right - 1);
  return [...out, ...on].map(([part]) => part.outerHTML.slice(0, 80));
}
"""
# whether the middle of an element can be seen, and not only lies somewhere
SEEN = """
(element) => {
  const box = element.getBoundingClientRect();
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return top !== null && element.contains(top);
}
"""


@pytest.mark.parametrize("who", ["alice", "max"])
def test_the_head_of_a_page_keeps_its_line(stage: Stage, sight: Sight, who: str) -> None:
    open_desk(stage.cast, cases=1)
    actor = stage.cast.people[who]
    with tenant_scope(actor.tenant_id):
        assert Tenant.objects.filter(pk=actor.tenant_id).update(simulated=True, name=LONG)
        User.objects.filter(pk=actor.id).update(name=LONG)
    page = stage.open(who, width=PHONE)
    for path in ("/", "/my-work/", "/notices/"):
        for width in (360, 390, 640, 700, 960, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(path)
            expect(page.locator(".bar .push > .tag")).to_be_visible()
            assert page.evaluate(IN_THE_BAR) == [], f"{path} at {width}"
            page.screenshot(path=sight.folder / f"bar-{who}-{width}.png")


def locked(stage: Stage) -> str:
    """The address of a case whose blind answer alice has locked."""
    desk = open_desk(stage.cast, cases=0, advice="after_answer", with_model=True)
    desk.submit(amount=14200, statement=STATEMENT, past=PAST)
    desk.run()
    page = stage.open("alice")
    page.goto(claim(stage, "alice"))
    press(page, "2")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="The model says")).to_be_visible()
    return page.url


def test_the_answer_that_was_locked_is_in_sight_beside_what_the_model_says(stage: Stage, views: Views) -> None:
    url = locked(stage)
    for page in views("alice"):
        page.goto(url)
        expect(page.get_by_role("heading", name="The model says")).to_be_visible()
        assert page.locator(".choice:has(:checked)").evaluate(SEEN)
        reason = page.get_by_label("Something else, see the rationale")
        reason.scroll_into_view_if_needed()
        expect(reason).to_be_in_viewport()
        page.get_by_role("textbox", name="Rationale").fill("The income does not carry it.")


def offered(page: Page) -> list[str]:
    """The keys that the dialog tells."""
    press(page, "?")
    told = page.locator("#keys [data-offers]:visible").evaluate_all("(rows) => rows.map((row) => row.dataset.offers)")
    page.keyboard.press("Escape")
    return [str(key) for key in told]


def test_only_keys_that_do_something_are_told_and_typing_at_none_opens_nothing(stage: Stage) -> None:
    open_desk(stage.cast, cases=1, advice="after_answer", with_model=True)
    page = stage.open("alice")
    page.goto(claim(stage, "alice"))
    assert offered(page) == ["1", "Enter", "m", "c", "e", "h", "s", "g"]
    expect(page.locator(".keyline")).not_to_contain_text("rationale")
    for key in "reasons and he is":
        press(page, key)
    expect(page.locator("details.menu[open]")).to_have_count(0)
    page.wait_for_timeout(1100)
    press(page, "s")
    expect(page.locator("details.menu[open]")).to_have_count(1)

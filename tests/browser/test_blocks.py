"""The blocks of a case in a browser: text and images marked as evidence, comparisons, conversations, care."""

import io
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from cases.services import add_file, examine_file
from tests.browser.sight import Sight
from tests.browser.stage import PHONE, Stage, press
from tests.browser.test_pages import STATEMENT, Views, claim, opened_sheet, views
from tests.cases.samples import png
from tests.portal.scene import DEFINITION, Desk, open_desk

__all__ = ["views"]

FIELDS: dict[str, Any] = {
    name: {"title": title}
    for name, title in (
        ("statement", "Statement"), ("spots", "Spots"), ("thread", "Letters"), ("before", "Before"),
        ("after", "After"), ("old", "Old terms"), ("new", "New terms"), ("scan", "Scan"), ("letter", "Letter"),
    )
}  # fmt: skip
LAYOUT: dict[str, Any] = {
    "sensitive": True,
    "sections": [
        {
            "title": "Key figures",
            "style": "figures",
            "fields": [{"key": "amount", "unit": "DM"}, {"key": "months", "unit": "months"}],
        },
        {"title": "In their words", "style": "text", "fields": [{"key": "statement", "highlights": "spots"}]},
        {"title": "Letters", "fields": [{"key": "thread", "format": "conversation"}]},
        {"title": "What changed", "style": "compare", "fields": [{"key": "before"}, {"key": "after"}]},
        {"title": "Terms", "style": "compare", "fields": [{"key": "old"}, {"key": "new"}]},
        {"title": "Files", "fields": [{"key": "scan", "format": "image"}, {"key": "letter", "format": "document"}]},
    ],
}
CASE: dict[str, Any] = {
    "amount": 14200,
    "statement": STATEMENT,
    "spots": [{"start": 2, "end": 14, "title": "what it is for"}],
    "thread": [
        {"from": "Applicant", "text": "When will you decide?", "at": "2025-03-07T14:02:00Z"},
        {"from": "Branch", "text": "As soon as your employer answers. " * 4},
        {"from": "Applicant", "text": "شكرا لكم"},
    ],
    "before": {"income": 2100, "employer": "Initech"},
    "after": {"income": 3400, "employer": "Initech"},
    "old": "The credit runs for twelve months at four percent.",
    "new": "The credit runs for eighteen months at four percent.",
    "scan": "scan.png",
    "letter": "letter.pdf",
}


@pytest.fixture
def rich(stage: Stage) -> Desk:
    """One case of every block, with an image; similar cases are shown."""
    schema = DEFINITION["payload_schema"]
    definition = DEFINITION | {
        "layout": LAYOUT,
        "payload_schema": schema | {"properties": schema["properties"] | FIELDS},
    }
    desk = open_desk(stage.cast, cases=0, definition=definition, template={"shows_similar": True})
    case = desk.submit(subject="applicant-77", **CASE)
    image = examine_file(name="scan.png", content=io.BytesIO(png(600, 400)))
    add_file(actor=stage.cast.keys["acme"], case_id=case.pk, examined=image)
    desk.run()
    return desk


def marks(page: Page) -> Any:
    return page.evaluate("JSON.parse(document.querySelector('#decide [name=evidence]').value)")


def test_every_block_as_it_looks(stage: Stage, rich: Desk, views: Views, sight: Sight) -> None:
    url = claim(stage, "alice")
    for page in views("alice"):
        page.goto(url)
        sight.steady(page)
        shows = [
            "Key figures",
            "When will you decide?",
            "changed",
            "eighteen",
            "letter.pdf did not come",
            "May distress.",
        ]
        sight.shoot(page, "case-blocks", shows=shows)
        page.get_by_text("History and similar decisions").click()
        expect(page.get_by_text("Too few cases like it have been decided yet.")).to_be_visible()
        with opened_sheet(page):
            sight.check(page, "case-blocks with its history")
        press(page, "s")
        sight.shoot(page, "case-skip", shows=["Skip this case", "To me again in an hour", "Give back"])
        page.goto(f"{url}hand-over/")
        sight.shoot(page, "hand-over", shows=["Hand over to a colleague", "Who takes it"])


def test_text_is_marked_by_mouse_and_by_keys_and_stays(stage: Stage, rich: Desk) -> None:
    page = stage.open("alice")
    page.goto(claim(stage, "alice"))
    text = page.locator("[data-text=statement]")
    text.evaluate(
        "(element) => { const range = document.createRange(); const walker = document.createTreeWalker(element, 4);"
        " walker.nextNode(); walker.nextNode(); range.selectNodeContents(walker.currentNode);"
        " getSelection().removeAllRanges(); getSelection().addRange(range); }"
    )
    expect(page.locator("#mark-selection")).to_be_visible()
    press(page, "m")
    assert marks(page) == [{"field": "statement", "start": 2, "end": 14}]
    expect(page.locator("#marks")).to_contain_text(STATEMENT[2:14])
    text.focus()
    for key in ("ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator("#mark-selection")).to_be_visible()
    page.keyboard.press("m")
    (_, second) = marks(page)
    assert STATEMENT[second["start"] : second["end"]].split() == ["for", "the"]
    expect(page.get_by_text("Draft saved at")).to_be_visible()
    page.reload()
    expect(page.locator("#marks li")).to_have_count(2)
    page.get_by_role("button", name="Remove this mark").first.click()
    assert len(marks(page)) == 1
    press(page, "1")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="This queue is empty")).to_be_visible()


def test_a_box_on_the_image_by_mouse_and_by_keys(stage: Stage, rich: Desk) -> None:
    page = stage.open("alice")
    page.goto(claim(stage, "alice"))
    viewer = page.locator("[data-viewer]")
    image = viewer.locator("img")
    expect(image).to_have_js_property("complete", True)
    assert "blur" in image.evaluate("(element) => getComputedStyle(element).filter")
    page.get_by_label("Show this one clearly").check()
    assert image.evaluate("(element) => getComputedStyle(element).filter") == "none"
    viewer.get_by_role("button", name="Zoom in").click()
    viewer.get_by_role("button", name="Fit").click()
    viewer.get_by_role("button", name="Mark a box").click()
    image.scroll_into_view_if_needed()
    box = image.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.25)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.5, steps=3)
    page.mouse.up()
    (first,) = marks(page)
    assert first["field"] == "scan"
    assert first["box"] == pytest.approx([0.25, 0.25, 0.5, 0.25], abs=0.01)
    viewer.locator(".viewer-stage").focus()
    for key in ("b", "Enter", "ArrowRight", "Shift+ArrowDown", "Enter"):
        page.keyboard.press(key)
    assert marks(page)[1]["box"] == pytest.approx([0.42, 0.4, 0.2, 0.22])
    expect(viewer.locator(".viewer-boxes i")).to_have_count(2)
    assert not page.locator("input[name=label]:checked").count()


def test_on_a_phone_the_sheet_stays_open_after_locking(stage: Stage) -> None:
    open_desk(stage.cast, cases=1, advice="after_answer", with_model=True)
    page = stage.open("alice", width=PHONE)
    page.goto(claim(stage, "alice"))
    page.get_by_role("button", name="Decide").tap()
    page.locator("label.choice", has_text="Decline").tap()
    page.get_by_role("button", name="Lock my answer").tap()
    expect(page.get_by_text("Now see what the model says.")).to_be_visible()
    expect(page.get_by_role("heading", name="The model says")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Submit")).to_be_in_viewport()


def test_undo_before_any_draft_was_saved_brings_the_label_back(stage: Stage) -> None:
    open_desk(stage.cast, cases=2)
    page = stage.open("alice")
    page.goto(claim(stage, "alice"))
    first = page.locator("h1").inner_text()
    press(page, "2")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).not_to_have_text(first)
    press(page, "u")
    expect(page.locator("h1")).to_have_text(first)
    expect(page.get_by_role("radio", name="Decline")).to_be_checked()


def test_the_next_case_comes_in_one_round_trip_and_nothing_moves(stage: Stage, sight: Sight) -> None:
    open_desk(stage.cast, cases=3)
    page = stage.open("alice")
    page.goto(claim(stage, "alice"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.resource_type != "other" else None)
    before = page.locator("h1").inner_text()
    press(page, "1")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).not_to_have_text(before)
    assert [url.rsplit("/", 1)[-1] for url in asked if "/seats/" in url and not url.endswith("/draft")][:1] == [
        "submit"
    ]
    assert not [url for url in asked if url.endswith("/next")]
    sight.steady(page)


def test_a_comment_leaves_the_decision_alone(stage: Stage) -> None:
    open_desk(stage.cast, cases=1)
    page = stage.open("alice")
    page.goto(claim(stage, "alice"))
    press(page, "2")
    page.get_by_role("textbox", name="Rationale").fill("Half a thought")
    press(page, "Escape")
    press(page, "c")
    page.keyboard.type("Ask the branch, 1 2 3")
    page.get_by_role("button", name="Add comment").click()
    expect(page.locator("#comments .said")).to_have_text("Ask the branch, 1 2 3")
    expect(page.get_by_role("textbox", name="Rationale")).to_have_value("Half a thought")
    expect(page.get_by_role("radio", name="Decline")).to_be_checked()

"""Every page as it looks: laptop and phone, light and dark, each picture asserted, each page sound to axe-core."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from hitl_platform.access.services import add_member
from hitl_platform.tenants.actor import system_actor
from hitl_platform.tenants.models import User
from tests.browser.sight import Sight
from tests.browser.stage import LAPTOP, PHONE, ZOOMED, Stage, press
from tests.portal.scene import QUEUE, open_desk

STATEMENT = (
    "I need the car for the daily commute to my new position, which starts on the first of the month.\n\n"
    "My employer is the Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft, "
    "and I have paid every instalment of my previous lease on time.\n\nشكرا لكم على وقتكم، وأرجو ألا يطول الانتظار."  # noqa: RUF001  # a text that runs from right to left
)
PAST = [
    {"year": 2019, "amount": 1200, "lender": "City savings bank", "paid": True},
    {"year": 2023, "amount": 5400.5, "lender": "Mail order", "paid": False},
]


@pytest.fixture
def views(stage: Stage) -> Callable[[str | None], Iterator[Page]]:
    """A window of somebody for each width, one after another."""

    def each(who: str | None) -> Iterator[Page]:
        for width in (LAPTOP, PHONE):
            page = stage.open(who, width=width)
            yield page
            page.context.close()
            stage.contexts.remove(page.context)

    return each


@contextmanager
def opened_sheet(page: Page) -> Iterator[None]:
    """On a phone: the decision pulled up, and put away again."""
    handle = page.locator(".sheet-handle")
    on_phone = handle.is_visible()
    if on_phone and handle.get_attribute("aria-expanded") == "false":
        handle.click()
    yield
    if on_phone:
        handle.click()


Views = Callable[[str | None], Iterator[Page]]


def claim(stage: Stage, who: str) -> str:
    """The address of the case that somebody is given."""
    page = stage.open(who)
    page.goto(f"/queues/{QUEUE}/")
    press(page, "n")
    expect(page.get_by_role("heading", name="Case")).to_be_visible()
    return page.url


def test_before_the_login(stage: Stage, views: Views, sight: Sight) -> None:
    for page in views(None):
        page.goto("/accounts/login/")
        sight.shoot(page, "login", shows=["Log in", "Email", "Password", "There is no sign-up here."])
        page.goto("/accounts/password/reset/")
        sight.shoot(page, "password-reset", shows=["Reset your password", "Send the link"])
        page.goto("/accounts/signup/")
        sight.shoot(page, "no-signup", shows=["There is no sign-up here"])
        page.goto("/no/such/page/")
        sight.shoot(page, "not-found", shows=["Not found", "The address may be mistyped"])


def test_account_pages(stage: Stage, views: Views, sight: Sight) -> None:
    for page in views("dave"):
        page.goto("/accounts/2fa/")
        sight.shoot(page, "two-step", shows=["Two-step login", "Authenticator app", "Turn on"])
        page.goto("/accounts/password/change/")
        sight.shoot(page, "password-change", shows=["Change password", "You are logged out everywhere"])
        page.goto("/")
        sight.shoot(page, "no-queue", shows=["No queue is yours yet", "Ask the manager of your team"])


def test_choice_of_organisation(stage: Stage, views: Views, sight: Sight) -> None:
    user = User.objects.get(pk=stage.cast.people["dave"].id)
    globex = stage.cast.tenants["globex"].id
    add_member(actor=system_actor(globex, "operator"), user=user, roles=("reviewer",))
    for page in views("dave"):
        page.goto("/tenants/choose/")
        sight.shoot(page, "choose-organisation", shows=["Choose an organisation", "Acme", "Globex"])


def test_queues(stage: Stage, views: Views, sight: Sight) -> None:
    open_desk(stage.cast, cases=25)
    page = stage.open("alice")
    page.goto("/")
    for key in ("1", "2"):
        press(page, "1" if key == "1" else "n")
        expect(page.get_by_role("heading", name="Case")).to_be_visible()
        press(page, key)
        before = page.locator("h1").inner_text()
        press(page, "Enter")
        expect(page.locator("h1")).not_to_have_text(before)
    for page in views("alice"):
        page.goto("/")
        sight.shoot(page, "my-queues", shows=["With you now", "Continue", "22", "waiting for you", "Finished today"])
        page.goto("/queues/credit/")
        sight.shoot(page, "queue", shows=["What comes next", "Longest wait", "These are the first 20."])


def test_an_empty_queue(stage: Stage, views: Views, sight: Sight) -> None:
    open_desk(stage.cast, cases=2)
    claim(stage, "bob")
    claim(stage, "carol")
    for page in views("alice"):
        page.goto("/queues/credit/")
        sight.shoot(page, "empty-with-reasons", shows=["Nothing here is for you now", "with other reviewers now"])


def test_the_case_blind_and_revealed(stage: Stage, views: Views, sight: Sight) -> None:
    desk = open_desk(stage.cast, cases=0, advice="after_answer", with_model=True)
    desk.submit(amount=14200, statement=STATEMENT, past=PAST)
    desk.run()
    url = claim(stage, "alice")
    for page in views("alice"):
        page.goto(url)
        with opened_sheet(page):
            sight.shoot(page, "case-blind", shows=["Key figures", "Your own answer first", "Lock my answer"])
    page = stage.open("alice")
    page.goto(url)
    press(page, "1")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="The model says")).to_be_visible()
    for page in views("alice"):
        page.goto(url)
        sight.shoot(page, "case", shows=["Should this applicant get the credit", "In their words", "Mail order"])
        with opened_sheet(page):
            shows = ["Your first answer: Approve", "The model says", "first answer", "Rationale"]
            sight.shoot(page, "case-revealed", shows=shows)
        press(page, "?")
        sight.shoot(page, "keys", shows=["Submit the decision", "Write a rationale"])


def test_the_case_on_hold_submitted_and_elsewhere(stage: Stage, views: Views, sight: Sight) -> None:
    open_desk(stage.cast, cases=2)
    url = claim(stage, "alice")
    for page in views("bob"):
        page.goto(url)
        sight.shoot(page, "case-elsewhere", shows=["This case is not with you"])
    page = stage.open("alice")
    page.goto(url)
    press(page, "h")
    expect(page.locator(".case-head")).to_contain_text("On hold")
    for page in views("alice"):
        page.goto(url)
        sight.shoot(page, "case-on-hold", shows=["On hold", "Resume"])
    page = stage.open("alice")
    page.goto(url)
    press(page, "h")
    expect(page.locator("[data-lease]")).to_be_visible()
    press(page, "2")
    press(page, "Enter")
    expect(page.get_by_text("Submitted Decline")).to_be_visible()
    for page in views("alice"):
        page.goto(url)
        sight.shoot(page, "case-submitted", shows=["Submitted", "Next case"])


def test_at_twice_the_size(stage: Stage, sight: Sight) -> None:
    desk = open_desk(stage.cast, cases=1)
    desk.submit(amount=14200, statement=STATEMENT, past=PAST)
    desk.run()
    url = claim(stage, "alice")
    page = stage.open("alice", width=ZOOMED)
    page.goto("/")
    sight.shoot(page, "my-queues", shows=["With you now", "Continue", "waiting for you"])
    page.goto(url)
    with opened_sheet(page):
        sight.shoot(page, "case", shows=["Approve", "Ask for documents", "Submit"])


def test_a_dispute(stage: Stage, views: Views, sight: Sight) -> None:
    User.objects.filter(pk=stage.cast.people["bob"].id).update(simulated=True)
    desk = open_desk(stage.cast, cases=0, seats=3, mode="unanimous", undo_seconds=0)
    desk.submit(amount=14200, statement=STATEMENT, past=PAST)
    desk.run()
    words = {
        "alice": ("1", "The income carries it."),
        "bob": ("2", "Two credits are open already. " * 6),
        "carol": ("1", ""),
    }
    for name, (key, rationale) in words.items():
        page = stage.open(name)
        page.goto(claim(stage, name))
        press(page, key)
        page.get_by_label("Something else, see the rationale").check()
        page.get_by_role("textbox", name="Rationale").fill(rationale)
        page.get_by_role("button", name="Submit").click()
        expect(page.get_by_role("heading", name="Finished today")).to_be_visible()
    desk.run()
    url = claim(stage, "sam")
    for page in views("sam"):
        page.goto(url)
        shows = [
            "3 judgments side by side",
            "2 \u00d7 Approve",
            "1 \u00d7 Decline",
            "Reviewer 2",
            "Simulated",
            "Differs",
        ]
        sight.shoot(page, "dispute", shows=shows)

"""A compliance officer asks for an audit, follows it, reads the report and carries it away; an owner signs."""

from playwright.sync_api import Page, expect

from hitl_platform.pipeline.runner import drain
from hitl_platform.tenants.models import Tenant
from tests.audits.test_bias_audits import KINDS
from tests.audits.worlds import make_world
from tests.browser.sight import Sight
from tests.browser.stage import LAPTOP, PHONE, Stage

REPORT = ["The answer", "AI alone, humans alone, combined", "What the data cannot say"]


def ask(page: Page) -> str:
    page.goto("/start/")
    page.get_by_role("link", name="New audit").click()
    page.get_by_label("Case type").select_option("loan")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Decided from").fill("2026-05-01")
    page.get_by_label("to, included").fill("2026-05-31")
    page.get_by_label("New York City", exact=False).check()
    page.get_by_role("button", name="Start the audit").click()
    expect(page.get_by_role("heading", name="How far it is")).to_be_visible()
    return page.url


def test_from_the_question_to_the_signature(stage: Stage, sight: Sight, acme: Tenant) -> None:
    make_world(stage.cast, cases=600, reviewing=0.4)
    page = stage.open("ada")
    address = ask(page)
    sight.shoot(page, "bias-progress", shows=["Freeze the population"])
    drain(acme.id, kinds=KINDS)
    # the page follows by itself
    expect(page.get_by_role("heading", name="The answer")).to_be_visible()
    for width in (LAPTOP, PHONE):
        reader = page if width == LAPTOP else stage.open("ada", width=PHONE)
        reader.goto(address)
        sight.shoot(reader, "bias-report", shows=REPORT)
    owner = stage.open("olga", scripts=False)
    owner.goto(address)
    owner.get_by_label("What you have read").fill("Read. The reviewers' guide is revised by July.")
    owner.get_by_role("button", name="Sign").click()
    expect(owner.get_by_text("The reviewers' guide is revised by July.")).to_be_visible()
    page.goto("/audits/")
    sight.shoot(page, "bias-list", shows=["Signed", "Findings that wait"])

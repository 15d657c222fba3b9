"""Two people and a rule of retention, written, set in force, carried out; a hold; an erasure. Pictures of each."""

from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.audits.letting_go import SUBJECT, let_time_pass, tell_everything
from tests.browser.sight import Sight
from tests.browser.stage import LAPTOP, PHONE, Stage


def test_a_rule_a_hold_and_an_erasure(stage: Stage, cast: Any, api: Any, store: Path, sight: Sight) -> None:
    told = tell_everything(cast, api)
    let_time_pass(told, days=300)
    for width in (LAPTOP, PHONE):
        page = stage.open("ada", width=width)
        sight.visit(page, "/audits/retention/", "retention-empty", shows=["No rule yet", "Write a rule"])
        sight.visit(page, "/audits/retention/new/", "retention-new", shows=["Reduce after", "Erase after"])
        sight.visit(page, "/audits/retention/holds/", "retention-holds-empty", shows=["Nothing is held"])

    page = stage.open("ada")
    page.goto("/audits/retention/new/")
    page.get_by_label("Why so long, and no longer").fill("Regulation B § 1002.12(b)")
    page.get_by_label("Reduce after").select_option("six_months")
    page.get_by_label("Fields that stay then").fill("amount, months")
    page.get_by_label("Erase after").select_option("twenty_five_months")
    page.get_by_role("button", name="Write it down").click()
    page.wait_for_url("**/rules/**")
    expect(page.get_by_text("Somebody else sets it in force.", exact=True)).to_be_visible()
    address = page.url.removeprefix(stage.address)

    page.goto("/audits/retention/holds/")
    page.get_by_role("textbox", name="Case").fill(str(told.other.pk))
    page.get_by_role("textbox", name="Why").fill("Case 12 O 34/26 at the district court")
    page.get_by_role("button", name="Hold", exact=True).click()
    expect(page.get_by_text("district court")).to_be_visible()

    second = stage.open("olga")
    second.goto(address)
    expect(second.get_by_text("Stays: under legal hold")).to_be_visible()
    for width in (LAPTOP, PHONE):
        look = stage.open("olga", width=width)
        sight.visit(look, address, "retention-rule", shows=["Set in force", "to be reduced", "Stays: under legal hold"])
        sight.visit(look, "/audits/retention/holds/", "retention-holds", shows=["district court", "Lift this hold"])
    second.get_by_role("button", name="Set in force").click()
    expect(second.get_by_text("The rule is in force.")).to_be_visible()
    told.desk.run()
    for width in (LAPTOP, PHONE):
        look = stage.open("ada", width=width)
        sight.visit(look, "/audits/retention/", "retention", shows=["In force", "Finished"])
        asked = f"/audits/retention/erase/?what=subject&which={SUBJECT}"
        sight.visit(look, asked, "retention-erase", shows=["One case", "this cannot be undone"])

    page.goto(asked)
    page.get_by_role("textbox", name="Why").fill("Asked for by letter of 12 May")
    page.get_by_label("I know that this cannot be undone").check()
    page.get_by_role("button", name="Erase", exact=True).click()
    expect(page.get_by_text("Erased: 1 case.")).to_be_visible()
    assert told.row().erased_at is not None
    assert told.row(told.other).reduced_at is None

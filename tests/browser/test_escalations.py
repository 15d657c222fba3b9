"""A case that nobody answers, by a calendar that stands still but for the test: at risk, breached, up the ladder."""

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from cases.models import Case
from hitl_platform.notices.models import Notice
from tests.browser.sight import Sight
from tests.browser.stage import Stage
from tests.reviews.conftest import Office, loan_type, office, open_office, other_manager
from tests.reviews.escalating import FRIDAY, TUESDAY, Watch, hours, watched

__all__ = ["loan_type", "office", "open_office", "other_manager"]

LADDER = (
    {"after": "0min", "action": "raise_priority", "by": 5},
    {"after": "0min", "action": "notify", "roles": ["manager"]},
    {"after": "2h", "action": "decide", "label": "decline"},
)


@pytest.fixture
def watch(office: Office, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """The office on a Friday afternoon, with terms, rules and one case."""
    watch = watched(office, monkeypatch)
    # the field holds the real clock since its class was made
    written_at = Notice._meta.get_field("created_at")
    monkeypatch.setattr(written_at, "_get_default", lambda: watch.now)
    watch.level()
    watch.rule("sla_at_risk")
    watch.rule("sla_breached", *LADDER, rewake="2h")
    office.bring(4_300)
    with office.scope(), connection.cursor() as cursor:
        # the database's own clock is not the test's
        cursor.execute("update reviews_seat set opened_at = %s", [FRIDAY])
    return watch


def at(watch: Watch, page: Page, path: str) -> None:
    """The page by the clock of the test, in the browser too."""
    page.clock.set_fixed_time(watch.now)
    page.goto(path)


def test_at_risk_breached_acknowledged_and_the_fallback(stage: Stage, watch: Watch, sight: Sight) -> None:
    manager, reviewer = stage.open("mona"), stage.open("alice")
    watch.go_to(TUESDAY + hours(9))
    at(watch, reviewer, "/queues/loans/")
    expect(reviewer.locator(".ranked")).to_contain_text("in 5 h")
    expect(reviewer.locator(".danger")).to_have_count(0)

    # 11 o'clock in Berlin, past a weekend and a holiday: half of the eight office hours are over
    watch.go_to(TUESDAY + hours(12.5))
    at(watch, manager, "/notices/")
    sight.shoot(manager, "notices-at-risk", shows=["it is soon overdue", "needs somebody"])
    at(watch, reviewer, "/queues/loans/")
    sight.shoot(reviewer, "queue-at-risk", shows=["in 1 h 30", "3 days"])

    watch.go_to(TUESDAY + hours(15))
    at(watch, reviewer, "/queues/loans/")
    sight.shoot(reviewer, "queue-overdue", shows=["1 h overdue", "Escalated"])
    at(watch, manager, "/console/")
    sight.shoot_console(manager, "console-home-escalated", shows=["2 escalations nobody looks after", "1 case overdue"])
    manager.get_by_role("link", name="2 escalations nobody looks after").click()
    sight.shoot_console(manager, "console-escalations", shows=["SLA breached"])
    manager.get_by_role("link", name="SLA breached").click()
    sight.shoot_console(manager, "console-escalation", shows=["Acknowledge", "Call off"])
    manager.get_by_role("link", name="Acknowledge").click()
    manager.get_by_role("button", name="Acknowledge").click()
    expect(manager.get_by_text("You look after it.")).to_be_visible()
    at(watch, manager, "/console/")
    expect(manager.get_by_text("1 escalation nobody looks after")).to_be_visible()

    # nobody decided in the time that the rule gives: the next rung, the day after
    watch.go_to(TUESDAY + hours(24 + 15))
    with watch.office.scope():
        case = Case.objects.get()
    at(watch, manager, f"/console/cases/case/{case.pk}/change/")
    sight.shoot_console(manager, "console-case-fallback", shows=["Decided"])
    at(watch, reviewer, "/queues/loans/")
    expect(reviewer.get_by_role("heading", name="This queue is empty")).to_be_visible()

"""Absence: declared by a manager, begun, and what was in hand is with others, who and whose owner are told."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone
from playwright.sync_api import expect

from hitl_platform.pipeline.runner import drain
from hitl_platform.tenants.scope import tenant_scope
from tests.browser.sight import Sight
from tests.browser.stage import Stage, press
from tests.browser.test_pages import Views, claim, views
from tests.portal.scene import open_desk

__all__ = ["views"]


def begin(stage: Stage) -> None:
    """The absence's start, and what is to be done then, lie behind."""
    tenant_id = stage.cast.tenants["acme"].id
    with tenant_scope(tenant_id), connection.cursor() as cursor:
        cursor.execute("update reviews_absence set starts_at = now() - interval '5 min'")
        cursor.execute("update pipeline_step set run_at = now() - interval '5 min' where kind = 'absence'")
    drain(tenant_id, kinds=("absence",))


def test_at_its_start_what_was_in_hand_is_with_others(stage: Stage, views: Views, sight: Sight) -> None:
    open_desk(stage.cast, cases=1)
    held = stage.open("alice")
    held.goto(claim(stage, "alice"))
    reference = held.locator("h1").inner_text().split(" · ")[0]
    press(held, "h")
    expect(held.locator(".case-head")).to_contain_text("On hold")

    manager = stage.open("mona")
    manager.goto("/console/reviews/absence/declare/")
    tomorrow = timezone.localtime() + timedelta(days=1)
    manager.get_by_label("Who").select_option(label="Alice (reviewer)")
    manager.get_by_label("From").fill(f"{tomorrow:%Y-%m-%d} 09:00")
    manager.get_by_label("Until").fill(f"{tomorrow + timedelta(days=14):%Y-%m-%d} 18:00")
    sight.shoot_console(manager, "console-absence", shows=["At its start the person's seats go back"])
    manager.get_by_role("button", name="Declare an absence").click()
    expect(manager.get_by_text("Declared.")).to_be_visible()

    held.reload()
    expect(held.locator(".case-head")).to_contain_text("On hold")
    begin(stage)
    for page in views("alice"):
        sight.visit(page, "/queues/credit/", "queue-absent", shows=["You are absent until 18:00 on", "My queues"])
        page.goto("/")
        page.get_by_role("link", name="Notices 1 not read").click()
        sight.shoot(page, "notice-absence", shows=["What you held went back to its queue", "1 case that you held"])
    bob = stage.open("bob")
    bob.goto("/queues/credit/")
    press(bob, "n")
    expect(bob.locator("h1")).to_contain_text(reference)

"""An empty queue says why, for each reason there is, and what to do about it."""

from django.db import connection
from playwright.sync_api import expect

from hitl_platform.tenants.scope import tenant_scope
from reviews.models import Seat
from reviews.services import (
    Verdict,
    claim_next,
    declare_conflict,
    hand_over_seat,
    hold_seat,
    set_cap,
    skip_seat,
    submit_judgment,
)
from reviews.services.panels import add_seat
from reviews.services.pauses import pause_reviewer
from tests.browser.sight import Sight
from tests.browser.stage import Stage
from tests.browser.test_pages import Views, views
from tests.portal.scene import QUEUE, open_desk
from tests.portal.scene import submit as submit_case

__all__ = ["views"]

REASONS = [
    "1 with other reviewers now; they come back if a lease ends",
    "1 on hold with other reviewers",
    "1 on cases that you have already judged",
    "1 that you have a conflict of interest with",
    "1 that you skipped",
    "1 handed to somebody else by name",
    "1 asking for skills that you do not have: fraud (level 3), lang-ar (level 2)",
]


def given(stage: Stage, who: str) -> Seat:
    """The next seat, in somebody's hands."""
    seat = claim_next(actor=stage.cast.people[who], queue_key=QUEUE)
    assert seat is not None, who
    return seat


def submit(stage: Stage, seat: Seat, who: str) -> None:
    """A judgment on a seat in hand."""
    verdict = Verdict(label="approve")
    submit_judgment(actor=stage.cast.people[who], seat_id=seat.pk, lease_token=seat.lease_token, verdict=verdict)


def test_each_reason_with_its_count(stage: Stage, views: Views, sight: Sight) -> None:
    alice, mona = stage.cast.people["alice"], stage.cast.people["mona"]
    desk = open_desk(stage.cast, cases=5, undo_seconds=0)
    desk.submit(subject="applicant-9")
    difficult = submit_case(stage.cast, number=7)
    desk.run()
    given(stage, "bob")
    hold_seat(actor=stage.cast.people["carol"], seat_id=given(stage, "carol").pk)
    handed = given(stage, "sam")
    hand_over_seat(actor=stage.cast.people["sam"], seat_id=handed.pk, to_user_id=stage.cast.people["bob"].id)
    judged = given(stage, "alice")
    add_seat(actor=mona, panel_id=judged.panel_id, why="A second look.")
    submit(stage, judged, "alice")
    skip_seat(actor=alice, seat_id=given(stage, "alice").pk, reason="I know the dealer.")
    declare_conflict(actor=alice, user_id=alice.id, kind="subject", about="applicant-9")
    with tenant_scope(alice.tenant_id), connection.cursor() as cursor:
        asked = "update reviews_seat set skills = '{fraud:3,lang-ar:2}' where case_id = %s"
        cursor.execute(asked, [difficult.pk])
    for page in views("alice"):
        sight.visit(page, f"/queues/{QUEUE}/", "empty-with-every-reason", shows=["Nothing here is for you now"])
        told = [" ".join(line.split()) for line in page.locator(".empty li").all_inner_texts()]
        assert told == REASONS


def test_over_the_cap_of_the_day_and_paused(stage: Stage, views: Views, sight: Sight) -> None:
    alice, mona = stage.cast.people["alice"], stage.cast.people["mona"]
    open_desk(stage.cast, cases=3, undo_seconds=0)
    set_cap(actor=mona, queue_key=QUEUE, user_id=alice.id, per_day=1)
    submit(stage, given(stage, "alice"), "alice")
    for page in views("alice"):
        shows = ["Nothing here is for you now", "that would be yours without your daily cap", "Finished today"]
        sight.visit(page, f"/queues/{QUEUE}/", "empty-over-the-cap", shows=shows)
        expect(page.locator(".empty li strong")).to_have_text(["2"])
    pause_reviewer(actor=mona, reviewer_id=alice.id, reason="Please read the new guide first, then tell me.")
    for page in views("alice"):
        sight.visit(page, f"/queues/{QUEUE}/", "empty-paused", shows=["Please read the new guide first"])
        sight.visit(page, "/my-work/", "my-work-paused", shows=["You are paused", "A manager lifts a pause"])

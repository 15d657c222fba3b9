"""The other pages as they look: with nothing, with much, with long words, in another direction, at twice the size."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import connection
from django.db.models import GeneratedField, Model
from django.utils import timezone
from playwright.sync_api import expect

from cases.models import Case
from cases.services import post_outcome
from hitl_platform.kernel.ids import uuid7
from hitl_platform.notices.models import Notice
from hitl_platform.tenants.models import User
from hitl_platform.tenants.scope import tenant_scope
from reviews.models import Panel, Seat
from tests.browser.sight import Sight
from tests.browser.stage import ZOOMED, Stage, press
from tests.browser.test_pages import STATEMENT, Views, claim, views
from tests.cast import PASSWORD, email_of
from tests.portal import test_refusals as refusing
from tests.portal.scene import QUEUE, open_desk
from tests.reviews.conftest import Office, loan_type, office, open_office, other_manager
from tests.reviews.quality import decide
from tests.reviews.test_my_work import flag

__all__ = ["loan_type", "office", "open_office", "other_manager", "views"]

PREFERENCES = "/notices/preferences"
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
ARABIC = "أحتاج إلى السيارة للذهاب إلى عملي الجديد كل يوم، وقد دفعت كل الأقساط السابقة في موعدها. " * 6


def tell(stage: Stage, who: str, count: int) -> None:
    """So many notices, the newest not read."""
    person = stage.cast.people[who]
    rows = [
        Notice(
            tenant_id=person.tenant_id, recipient_id=person.id, kind="mention", path="/", delivery="here",
            subject=f"You are named in a comment on case {number:04d}", dedupe_key=str(number),
            text=LONG if number == count - 1 else "Somebody names you in a comment.",
            created_at=timezone.now() - timedelta(hours=count - number),
            read_at=timezone.now() if number < count - 40 else None,
        )
        for number in range(count)
    ]  # fmt: skip
    with tenant_scope(person.tenant_id):
        Notice.objects.bulk_create(rows)


def test_notices_none_and_thousands_and_how_they_are_told(stage: Stage, views: Views, sight: Sight) -> None:
    tell(stage, "alice", 3_000)
    for page in views("dave"):
        sight.visit(page, "/notices/", "notices-none", shows=["Nothing yet", "Here you are told when"])
    for page in views("alice"):
        sight.visit(page, "/notices/", "notices-thousands", shows=["40 not read", "1 of 100", "Older"])
        page.get_by_role("link", name="Not read", exact=True).click()
        expect(page.get_by_role("link", name="Not read", exact=True)).to_have_attribute("aria-current", "page")
        sight.visit(page, PREFERENCES, "notice-preferences", shows=["What I am told", "Save"])


def test_my_work_with_a_flag_and_practice(stage: Stage, office: Office, views: Views, sight: Sight) -> None:
    cases = decide(office, 1_000, 2_000)
    for case in cases:
        then = datetime(2026, 1, 1, tzinfo=UTC)
        post_outcome(actor=office.integrator, case_id=case.pk, label="decline", observed_at=then, source="ledger")
    flag(office, office.people["alice"])
    for page in views("alice"):
        shows = [
            "A question about Loans",
            "took 9 times less time",
            "No judgments in the last 14 days",
            "Practise Loans",
        ]
        sight.visit(page, "/my-work/", "my-work-flag", shows=shows)
        sight.visit(page, "/practice/loans/", "practice", shows=["Nothing counts here", "Your answer"])
        page.get_by_text("Approve").click()
        page.get_by_role("button", name="Answer").click()
        expect(page.get_by_text("It turned out otherwise")).to_be_visible()
        sight.shoot(page, "practice-answered", shows=["“Decline” turned out to be true", "Next past case"])
    for page in views("alice"):
        sight.visit(page, "/practice/loans/", "practice-none", shows=["No past case to practise with"])


def test_the_second_step(stage: Stage, views: Views, sight: Sight) -> None:
    for page in views("dave"):
        page.goto("/accounts/2fa/totp/activate/")
        if page.get_by_role("heading", name="Confirm that it is you").is_visible():
            sight.shoot(page, "confirm", shows=["we ask for your password once more"])
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Confirm").click()
        sight.shoot(page, "second-step-on", shows=["Scan this with your authenticator app", "six digits"])
    user = User.objects.get(pk=stage.cast.people["dave"].id)
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)
    for page in views(None):
        page.goto("/accounts/login/")
        page.get_by_label("Email").fill(email_of("dave"))
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Second step")).to_be_visible()
        sight.shoot(page, "second-step", shows=["six digits", "Start again"])
        page.get_by_label("Code").fill("123456")
        page.keyboard.press("Enter")
        expect(page.locator(".wrong")).to_be_visible()
        sight.shoot(page, "second-step-wrong", shows=["Second step"])


def test_refusals(stage: Stage, views: Views, sight: Sight, settings: Any) -> None:
    settings.ROOT_URLCONF = refusing.__name__
    told = {
        "forbidden": "This is why.", "conflict": "Somebody or something else was faster.",
        "invalid": "There is no such label.", "unavailable": "Trying again in a minute often helps.",
    }  # fmt: skip
    for page in views("alice"):
        stage.expects("status of 503")
        for kind, words in told.items():
            page.goto(f"/refusing/{kind}/")
            sight.shoot(page, f"refusal-{kind}", shows=[words, "My queues"])


def copy(model: type[Model], row_id: UUID, ids: list[UUID], **columns: str) -> None:
    """Copies of a row under these ids, with other values (SQL) in some columns."""
    names = [field.column for field in model._meta.concrete_fields if not isinstance(field, GeneratedField)]
    values = [{"id": "copied.id", **columns}.get(name, f"row.{name}") for name in names]
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into {table} ({', '.join(names)}) select {', '.join(values)} from {table} row,"
            " unnest(%s::uuid[]) with ordinality as copied (id, number) where row.id = %s",
            [ids, row_id],
        )


def test_thousands_of_cases_and_of_judgments(stage: Stage, views: Views, sight: Sight) -> None:
    desk = open_desk(stage.cast, cases=1, undo_seconds=0)
    url = claim(stage, "alice")
    page = stage.open("alice")
    page.goto(url)
    press(page, "1")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Finished today")).to_be_visible()
    case = desk.submit(purpose="Boat")
    desk.run()
    with tenant_scope(case.tenant_id):
        seat = Seat.objects.get(case=case)
        ids = [uuid7() for _ in range(1_200)]
        copy(Case, case.pk, ids, external_id="'copy-' || number")
        copy(Panel, seat.panel_id, ids, case_id="copied.id")
        copy(Seat, seat.pk, ids, case_id="copied.id", panel_id="copied.id", priority="9")
    for page in views("alice"):
        sight.visit(page, "/", "my-queues-thousands", shows=["1\u202f000", "waiting for you", "Finished today"])
        sight.visit(page, f"/queues/{QUEUE}/", "queue-thousands", shows=["These are the first 20.", "Priority 9"])


@pytest.mark.parametrize("words", ["arabic", "long"])
def test_a_case_in_other_words(stage: Stage, views: Views, sight: Sight, words: str) -> None:
    texts = {"arabic": (ARABIC, "سيارة مستعملة"), "long": (LONG, LONG)}
    statement, purpose = texts[words]
    past = [{"year": 2000 + number, "lender": purpose, "amount": 1e9 + number, "paid": True} for number in range(200)]
    desk = open_desk(stage.cast, cases=0)
    desk.submit(statement=statement, purpose=purpose, past=past)
    desk.run()
    url = claim(stage, "alice")
    for page in views("alice"):
        sight.visit(page, url, f"case-{words}", shows=["Earlier credits", "Show 100 more"])
    if words == "arabic":
        page = stage.open("alice")
        page.goto(url)
        assert page.locator(".prose[data-text]").evaluate("(text) => getComputedStyle(text).unicodeBidi") == "plaintext"
        direction = page.get_by_text(purpose).first.evaluate("(text) => getComputedStyle(text).direction")
        assert direction == "rtl"


def test_pages_at_twice_the_size(stage: Stage, sight: Sight) -> None:
    desk = open_desk(stage.cast, cases=1)
    desk.submit(amount=14200, statement=STATEMENT, purpose=LONG)
    desk.run()
    url = claim(stage, "alice")
    tell(stage, "alice", 3)
    page = stage.open("alice", width=ZOOMED)
    for path, name, shows in (
        (f"/queues/{QUEUE}/", "queue", "What comes next"), ("/my-work/", "my-work", "What I did"),
        ("/notices/", "notices", "New"), (PREFERENCES, "notice-preferences", "What I am told"),
        (f"{url}hand-over/", "hand-over", "Who takes it"),
    ):  # fmt: skip
        sight.visit(page, path, name, shows=[shows])
    with tenant_scope(stage.cast.tenants["acme"].id):
        assert Case.objects.count() == 2

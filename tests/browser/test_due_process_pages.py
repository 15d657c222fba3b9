"""Appeals, letters, stories, oversight and the access log as they look, and an appeal answered in a browser."""

from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from playwright.sync_api import expect

from audits.services.appeal_links import make_appeal_link
from hitl_platform.tenants.actor import Actor
from reviews.services.leases import release_seat
from tests.audits.appealing import Court, open_court
from tests.browser.sight import Sight
from tests.browser.stage import Stage
from tests.browser.test_pages import Views, views
from tests.reviews.conftest import Office, artifact, crown, loan_type, office, open_office, other_manager

__all__ = ["artifact", "crown", "loan_type", "office", "open_office", "other_manager", "views"]
LONG = (
    "My employer is the Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft.\n\n"
    "شكرا لكم على وقتكم، وأرجو ألا يطول الانتظار."  # a text that runs from right to left
)


def test_a_person_appeals_and_an_officer_answers(
    stage: Stage, open_office: Callable[..., Office], crown: Any, ada: Actor, views: Views, sight: Sight
) -> None:
    cache.clear()
    office = open_office(advice="after_answer")
    crown()
    office.activate()
    court = open_court(office, ada)
    office.bring(*(500.0 * number for number in range(1, 8)))
    (automatic,) = office.bring(19_000)
    case = court.decided("alice", "decline", amount=10_000)
    waiting = court.decided("alice", "decline", amount=10_010)
    court.appeal(waiting, "Please look again.")

    url, _ = make_appeal_link(actor=ada, case_id=case.pk)
    path = url[url.index("/audits/") :]
    for page in views(None):
        sight.visit(page, path, "appeal-link", shows=["Appeal against a decision", "Leave out what concerns others."])
    person = stage.open(None)
    person.goto(path)
    person.get_by_label("Why do you think").fill(LONG)
    person.get_by_role("button", name="Send").click()
    expect(person.get_by_role("heading", name="Thank you. It was sent.")).to_be_visible()
    for page in views(None):
        sight.visit(page, "/audits/appeal/nothing/", "appeal-no-link", shows=["This link opens nothing"])

    _look_at_lists(court, views, sight)
    court.hear("approve", "bob", "carol")
    court.hear("approve", "bob", "carol")
    officer = stage.open("ada")
    officer.goto("/audits/appeals/")
    officer.get_by_role("row", name="Heard, to be answered").get_by_role("link").last.click()
    for page in views("ada"):
        sight.visit(page, officer.url, "appeal", shows=["What the person says", "Answer the person", "Approve"])
    officer.get_by_label("Outcome").select_option(label="Reversed: the decision is replaced")
    officer.get_by_label("Reasons").fill("The savings are an asset.")
    officer.get_by_role("button", name="Answer").click()
    expect(officer.get_by_text("The appeal is answered.")).to_be_visible()
    for page in views("ada"):
        sight.visit(page, f"/audits/cases/{case.pk}/", "case-story", shows=["What happened", "Reviewer A", "Proof"])
        sight.visit(page, f"/audits/cases/{automatic.pk}/letter/", "letter", shows=["The principal reasons", "amount"])
        sight.visit(page, "/audits/oversight/", "oversight", shows=["Decided automatically", "What the figures are"])
        sight.visit(page, "/audits/access/", "access-log", shows=["Access log", "Ada"])


def _look_at_lists(court: Court, views: Views, sight: Sight) -> None:
    """What waits, and where it is heard; and what its reviewer sees."""
    for page in views("ada"):
        sight.visit(page, "/audits/appeals/", "appeals", shows=["Appeals", "With the panel"])
        sight.visit(page, "/audits/appeals/rules/", "appeal-rules", shows=["Where appeals are heard"])
        sight.visit(
            page, "/audits/appeals/rules/loan/", "appeal-rule", shows=["Appeals of Loan", "Queue that hears them"]
        )
        sight.visit(page, "/audits/cases/", "find-case", shows=["Find a case"])
    seat = court.claim("bob")
    assert seat is not None
    for page in views("bob"):
        sight.visit(page, f"/seats/{seat.pk}/", "appeal-seat", shows=["Appeal", "What the person concerned says"])
    release_seat(actor=court.office.people["bob"], seat_id=seat.pk)

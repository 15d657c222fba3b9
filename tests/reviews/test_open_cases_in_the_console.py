"""Blindness has no side door: a manager who also judges reads nothing that was said of an open case."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.models import Case
from cases.states import OPEN_STATES, CaseState
from hitl_platform.access.services import set_roles
from hitl_platform.console.blindness import CLOSED_STATES
from hitl_platform.ledger.disclosure import WITHHELD
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership
from reviews.models import Judgment
from tests.reviews.conftest import Office

SAID = "&quot;label&quot;: &quot;decline&quot;"


class Reading:
    """One member who looks at a case of the office on every page that shows events."""

    def __init__(self, office: Office, client: Client, case: Case) -> None:
        self.office, self.client, self.case = office, client, case

    def timeline(self) -> list[dict[str, Any]]:
        """The API's story."""
        story: list[dict[str, Any]] = self.client.get(f"/api/v1/cases/{self.case.pk}/timeline").json()
        return story

    def pages(self) -> dict[str, str]:
        """The text of each page of the console where events show, by what it is about."""
        with self.office.scope():
            submitted, sent = (
                AuditEvent.objects.filter(verb=verb).latest("id").pk
                for verb in ("judgment.submitted", "case.sent_to_review")
            )
        seat, panel = self.office.seats(self.case)[0], self.office.panel(self.case)
        places = {
            "case": ("cases_case_history", self.case.pk),
            "seat": ("reviews_seat_history", seat.pk),
            "panel": ("reviews_panel_history", panel.pk),
            "judgment's event": ("ledger_auditevent_change", submitted),
            "chunk's event": ("ledger_auditevent_change", sent),
        }
        return {
            name: self.client.get(reverse(f"console:{place}", args=[key])).content.decode()
            for name, (place, key) in places.items()
        }


@pytest.fixture
def reading(
    open_office: Callable[..., Office], client_for: Callable[[Actor], Client], other_manager: Actor, olga: Actor
) -> Callable[..., Reading]:
    """A case that Alice has declined, with a second seat open, and Max at his browser in the given roles."""

    def read(*roles: str) -> Reading:
        office = open_office(seats=2, advice="after_answer")
        (case,) = office.bring()
        with office.scope():
            membership = Membership.objects.get(user_id=other_manager.id)
        set_roles(actor=olga, membership_id=membership.pk, roles=roles)
        office.judge(office.people["alice"], "decline")
        return Reading(office, client_for(other_manager), case)

    return read


@pytest.mark.parametrize("role", ["reviewer", "adjudicator"])
def test_a_manager_who_judges_reads_who_and_when_but_not_what(reading: Any, role: str) -> None:
    max_reads = reading("manager", role)
    story = max_reads.timeline()
    assert [event["verb"] for event in story][-1] == "judgment.submitted"
    assert [event["body"] for event in story] == [WITHHELD] * len(story)
    pages = max_reads.pages()
    assert "judgment.submitted" in pages["case"]
    assert "seat.claimed" in pages["seat"]
    for name, page in pages.items():
        assert SAID not in page, name
    for name in ("case", "seat", "judgment's event", "chunk's event"):
        assert WITHHELD["withheld"] in pages[name], name


def test_once_it_is_decided_everybody_who_reads_cases_reads_all_of_it(reading: Any) -> None:
    max_reads = reading("manager", "reviewer")
    office = max_reads.office
    office.judge(office.people["bob"], "decline")
    office.drain()
    assert office.case(max_reads.case).state == CaseState.DECIDED
    assert max_reads.timeline()[-1]["body"]["label"] == "decline"
    pages = max_reads.pages()
    for name in ("case", "panel", "judgment's event"):
        assert SAID in pages[name], name


def test_a_manager_who_does_not_judge_reads_it_at_once(reading: Any) -> None:
    max_reads = reading("manager")
    assert max_reads.timeline()[-1]["body"]["label"] == "decline"
    pages = max_reads.pages()
    for name in ("case", "judgment's event"):
        assert SAID in pages[name], name


@pytest.mark.parametrize(("roles", "seen"), [(("manager",), True), (("manager", "reviewer"), False)])
def test_lists_leave_out_what_was_said(reading: Any, roles: tuple[str, ...], seen: bool) -> None:
    max_reads = reading(*roles)
    with max_reads.office.scope():
        judgment = Judgment.objects.get(case=max_reads.case)
    listed = max_reads.client.get(reverse("console:reviews_judgment_changelist")).content.decode()
    assert (str(judgment.pk) in listed) is seen
    opened = max_reads.client.get(reverse("console:reviews_judgment_change", args=[judgment.pk]))
    assert opened.status_code == (200 if seen else 404)


def test_the_console_names_the_states_that_cases_know() -> None:
    assert {*CLOSED_STATES} == {*CaseState} - {*OPEN_STATES}

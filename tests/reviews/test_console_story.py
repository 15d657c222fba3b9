"""The console in sentences: a case as one story, today, what could be changed, and figures above the lists."""

import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from cases.models import Case
from cases.services import post_outcome
from hitl_platform.access.services import set_roles
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.models import Membership
from reviews.case_story import story_of
from reviews.models import SecondReview
from reviews.proposals import changes, today
from reviews.services import hold_seat, release_seat, revoke_queue
from tests.reviews.conftest import REVIEWERS, Office
from tests.reviews.quality import assess, open_ahead, set_queue


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", strip_tags(response.content.decode()))


@pytest.fixture
def disputed(open_office: Any, crown: Any, alice: Actor, integrator: Actor) -> tuple[Office, Case]:
    """A case that went to people, was given back once, judged twice, disputed, decided, and turned out so."""
    office = open_office(seats=2, advice="after_answer")
    crown()
    office.activate()
    (case,) = office.bring(10_000)
    seat = office.claim(alice)
    release_seat(actor=alice, seat_id=seat.pk)
    office.judge(alice, "approve")
    office.judge(office.people["bob"], "decline", reason_codes=("income",))
    office.drain()
    office.judge(office.people["sam"], "decline")
    office.drain()
    post_outcome(actor=integrator, case_id=case.pk, label="decline", observed_at=timezone.now())
    return office, case


def test_a_case_is_one_story_from_first_to_last(disputed: Any, client_for: Any, mona: Actor) -> None:
    office, case = disputed
    with office.scope():
        story = story_of(mona, office.case(case))
    turns = [told.words for told in story if not told.beside]
    assert turns[0] == "The key “integrator” submitted the case"
    assert turns[1].startswith("The model said “Approve”, 5")
    assert turns[2] == "Sent to people in Loans: below threshold"
    assert "Alice answered “Approve” before seeing the model's answer" in turns
    assert "Bob judged “Decline”" in turns
    assert "In dispute: tie. An adjudicator is asked" in turns
    assert "Decided “Decline” by the adjudicator" in turns
    assert turns[-1] == "What turned out to be true: “Decline”"
    why = {told.verb: told.because for told in story if told.because}
    assert any("below its threshold 0.9" in words for words in why["case.sent_to_review"]), why
    assert any("of 2 votes" in words for words in why["panel.disputed"])
    assert why["judgment.submitted"] == ["Reasons: Income"]
    assert [told.words for told in story if told.verb == "seat.released"] == ["Alice gave the case back"]
    page = text_of(client_for(mona).get(reverse("console:cases_case_change", args=[case.pk])))
    assert page.index("What happened") < page.index("Bob judged “Decline”") < page.index("Decided “Decline”")


def test_who_may_judge_reads_who_and_when_and_no_more(open_office: Any, crown: Any, mona: Actor, olga: Actor) -> None:
    office = open_office(seats=2, advice="hidden")
    crown()
    (case,) = office.bring(10_000)
    office.judge(office.people["alice"], "decline")
    judge = Actor("user", mona.id, mona.tenant_id, roles=frozenset({"manager", "reviewer"}), name="Mona")
    with office.scope():
        for reader, knows in ((judge, False), (mona, True)):
            words = " ".join([*(told.words for told in story_of(reader, office.case(case)))])
            because = [reason for told in story_of(reader, office.case(case)) for reason in told.because]
            assert ("“Decline”" in words) is knows
            assert ("“Approve”" in words) is knows
            assert knows or not because
            assert "Alice judged" in words


def test_a_hidden_check_is_no_turn_of_the_story(office: Office, mona: Actor) -> None:
    (case,) = office.bring(1_000)
    office.judge(office.people["sam"])
    office.drain()
    office.bring(100, 200)
    set_queue(office, second_review_rate=1.0)
    office.judge(office.people["alice"])
    open_ahead(office)
    office.judge(office.people["alice"], "decline")
    with office.scope():
        told = [each for each in story_of(mona, office.case(case)) if "hidden check" in each.words]
    assert told
    assert all(each.beside for each in told)


def test_panels_and_disputes_of_open_cases_are_hidden_from_judges(
    office: Office, client_for: Any, mona: Actor, olga: Actor
) -> None:
    (case,) = office.bring()
    panel = office.panel(case)
    listed, page = reverse("console:reviews_panel_changelist"), reverse("console:reviews_panel_change", args=[panel.pk])
    seats = reverse("console:reviews_seat_changelist")
    client = client_for(mona)
    assert client.get(page).status_code == 200
    assert "Kind" in text_of(client.get(seats))
    with office.scope():
        membership = Membership.objects.get(user_id=mona.id)
    set_roles(actor=olga, membership_id=membership.pk, roles=("manager", "adjudicator"))
    client = client_for(mona)
    assert client.get(page).status_code == 404
    assert str(panel.pk) not in client.get(listed).content.decode()
    assert "Kind" not in text_of(client.get(seats))


def test_home_says_how_today_goes_and_what_could_be_changed(
    office: Office, client_for: Any, mona: Actor, ada: Actor
) -> None:
    with office.scope():
        assert today(mona) == "No case came in the last 24 hours, and none was decided."
        words = [change.words for change in changes(mona)]
        assert words == ["Measure the work in Loans", "Write a routing policy for Loan"]
        assert changes(ada) == []
    office.bring(1_000, 2_000)
    office.judge(office.people["alice"])
    office.drain()
    office.activate()
    set_queue(office, gold_rate=0.1)
    with office.scope():
        told = "2 cases came in the last 24 hours and 1 was decided, fewer than came; 1 of them with people."
        assert today(mona) == f"{told} None is overdue."
        assert changes(mona) == []
    for name in REVIEWERS:
        revoke_queue(actor=mona, queue_key="loans", user_id=office.people[name].id)
    page = text_of(client_for(mona).get("/console/"))
    assert page.index("What needs you now") < page.index("Is today going well") < page.index("What you could change")
    assert "Let somebody work in Loans" in page


def test_second_looks_are_summed_up_above_their_list(office: Office, client_for: Any, mona: Actor) -> None:
    office.bring(1_000)
    office.judge(office.people["sam"])
    office.drain()
    office.bring(100, 200)
    set_queue(office, second_review_rate=1.0)
    office.judge(office.people["alice"])
    open_ahead(office)
    office.judge(office.people["alice"], "decline")
    assess(office)
    with office.scope():
        assert SecondReview.objects.count() == 1
    page = text_of(client_for(mona).get(reverse("console:reviews_secondreview_changelist")))
    assert "Loans: second looks at people" in page
    assert "0 % agree" in page
    assert "0 of 1, 95 % interval" in page
    flags = text_of(client_for(mona).get(reverse("console:reviews_stampflag_changelist")))
    assert "0 of 2" in flags
    assert "honest reviewer" in flags


def test_forms_of_rules_say_what_a_condition_is(office: Office, client_for: Any, mona: Actor) -> None:
    for name in ("routingpolicy_draft", "escalationrule_draft"):
        page = text_of(client_for(mona).get(reverse(f"console:reviews_{name}")))
        assert "A condition is written in CEL" in page
        assert "docs/" not in page


def test_hold_is_told_beside(office: Office, mona: Actor, alice: Actor) -> None:
    (case,) = office.bring()
    hold_seat(actor=alice, seat_id=office.claim(alice).pk)
    with office.scope():
        told = story_of(system_actor(mona.tenant_id, "setup"), office.case(case))
    assert [each.words for each in told if each.beside] == ["Alice took the case", "Alice put the case on hold"]

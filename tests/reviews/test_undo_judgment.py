"""Undo: within the queue's undo time, and only until consensus has read the judgment."""

from typing import Any

import pytest

from hitl_platform.kernel.errors import Conflict, Forbidden
from hitl_platform.tenants.actor import Actor
from reviews import queries
from reviews.models import Judgment
from reviews.services import undo_judgment
from tests.reviews.conftest import Office, code_of


@pytest.fixture
def office(open_office: Any) -> Office:
    made: Office = open_office(undo_seconds=10)
    return made


def test_takes_the_judgment_back_and_keeps_it(office: Office, alice: Actor) -> None:
    (case,) = office.bring()
    seat = office.claim(alice)
    first = office.submit_to(seat, alice, "decline")
    undo_judgment(actor=alice, seat_id=seat.pk)
    after = office.seat(seat)
    assert (after.state, after.reviewer_id, after.submitted_at) == ("claimed", alice.id, None)
    second = office.submit_to(seat, alice, "approve")
    with office.scope():
        assert Judgment.objects.get(pk=first.pk).superseded_at is not None
        assert Judgment.objects.get(pk=second.pk).superseded_at is None
    office.let_undo_pass()
    office.drain("consensus")
    decision = office.decision(case)
    assert decision is not None
    assert decision.label == "approve"
    assert [event.case_id for event in office.events("judgment.undone")] == [case.pk]


def test_the_last_judgment_is_offered_for_undo(office: Office, alice: Actor, bob: Actor) -> None:
    office.bring()
    judgment = office.judge(alice)
    with office.scope():
        offered = queries.undoable(alice)
        assert offered is not None
        assert (offered.seat_id, offered.label) == (judgment.seat_id, "approve")
        assert queries.undoable(bob) is None


def test_refuses_when_the_time_is_over(office: Office, alice: Actor) -> None:
    office.bring()
    judgment = office.judge(alice)
    office.let_undo_pass()
    with pytest.raises(Conflict) as refusal:
        undo_judgment(actor=alice, seat_id=judgment.seat_id)
    assert code_of(refusal) == "undo_over"


def test_refuses_others_and_the_wrong_state(office: Office, alice: Actor, bob: Actor) -> None:
    office.bring()
    seat = office.claim(alice)
    with pytest.raises(Conflict):
        undo_judgment(actor=alice, seat_id=seat.pk)
    office.submit_to(seat, alice)
    with pytest.raises(Forbidden):
        undo_judgment(actor=bob, seat_id=seat.pk)


def test_consensus_waits_for_the_undo_time(office: Office, alice: Actor) -> None:
    (case,) = office.bring()
    office.judge(alice)
    office.drain("consensus")
    assert office.decision(case) is None
    # a step that comes too early, because the queue's undo time grew, comes again
    office.make_due()
    office.drain("consensus")
    assert office.decision(case) is None
    office.let_undo_pass()
    office.drain("consensus")
    assert office.decision(case) is not None

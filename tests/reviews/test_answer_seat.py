"""Answer: the blind first answer is frozen, then advice may be seen."""

from typing import Any

import pytest

from hitl_platform.kernel.errors import Conflict, Invalid
from hitl_platform.tenants.actor import Actor
from reviews import queries
from reviews.models import Judgment
from reviews.pages import seat_page
from reviews.services import answer_seat, undo_judgment
from tests.reviews.conftest import Office, code_of


@pytest.fixture
def advised(open_office: Any, crown: Any) -> Office:
    """An office whose reviewers answer first and then see the model's answer."""
    crown()
    made: Office = open_office(advice="after_answer", undo_seconds=10)
    return made


def answer(actor: Actor, seat: Any, label: str = "approve") -> Any:
    return answer_seat(actor=actor, seat_id=seat.pk, lease_token=seat.lease_token, label=label)


def test_freezes_the_answer_and_keeps_both(advised: Office, alice: Actor) -> None:
    advised.bring(10_000)
    seat = advised.claim(alice)
    answer(alice, seat)
    frozen = advised.seat(seat)
    assert (frozen.state, frozen.first_label) == ("answered", "approve")
    judgment = advised.submit_to(seat, alice, "decline")
    with advised.scope():
        stored = Judgment.objects.get(pk=judgment.pk)
        assert (stored.first_label, stored.label, stored.advice_shown) == ("approve", "decline", True)
        assert stored.answered_at == frozen.answered_at
    (event,) = advised.events("seat.answered")
    assert event.body["label"] == "approve"


def test_advice_shows_only_after_it(advised: Office, alice: Actor) -> None:
    advised.bring(10_000)
    seat = advised.claim(alice)
    with advised.scope():
        before = seat_page(alice, queries.get_seat(alice, seat.pk))
    assert (before.step, before.advice) == ("first", None)
    answer(alice, seat)
    with advised.scope():
        after = seat_page(alice, queries.get_seat(alice, seat.pk))
    assert after.step == "final"
    assert after.advice is not None
    assert sum(after.advice.probabilities.values()) == pytest.approx(1)


def test_no_last_word_before_it(advised: Office, alice: Actor) -> None:
    advised.bring(10_000)
    seat = advised.claim(alice)
    with pytest.raises(Conflict) as refusal:
        advised.submit_to(seat, alice)
    assert code_of(refusal) == "answer_first"


def test_cannot_be_given_twice(advised: Office, alice: Actor) -> None:
    advised.bring(10_000)
    seat = advised.claim(alice)
    answer(alice, seat)
    with pytest.raises(Conflict):
        answer(alice, seat, "decline")


def test_stays_frozen_through_an_undo(advised: Office, alice: Actor) -> None:
    advised.bring(10_000)
    seat = advised.claim(alice)
    answer(alice, seat)
    advised.submit_to(seat, alice, "decline")
    undo_judgment(actor=alice, seat_id=seat.pk)
    with pytest.raises(Conflict) as refusal:
        answer(alice, seat, "decline")
    assert code_of(refusal) == "already_answered"
    assert advised.submit_to(seat, alice, "approve").first_label == "approve"


def test_refuses_an_unknown_label_a_stale_lease_and_a_panel_of_one_answer(
    advised: Office, alice: Actor, mona: Actor
) -> None:
    advised.bring(10_000)
    seat = advised.claim(alice)
    with pytest.raises(Invalid):
        answer(alice, seat, "perhaps")
    advised.end_leases()
    with pytest.raises(Conflict) as refusal:
        answer(alice, seat)
    assert code_of(refusal) == "lease_expired"


def test_without_advice_there_is_one_answer(open_office: Any, alice: Actor) -> None:
    office = open_office(advice="after_answer")
    office.bring()
    seat = office.claim(alice)
    assert seat.advice == "hidden", "no model, so that there is nothing to show afterwards"
    with pytest.raises(Conflict) as refusal:
        answer(alice, seat)
    assert code_of(refusal) == "no_first_answer"

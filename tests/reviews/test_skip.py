"""Skip: with a reason, for the whole panel, and with a say about who gets it next."""

from typing import Any

import pytest
from django.db import connection

from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.tenants.actor import Actor
from reviews import staffing_queries
from reviews.services import answer_seat, claim_next, hold_seat, skip_seat
from tests.reviews.conftest import Office


def claim(actor: Actor) -> Any:
    return claim_next(actor=actor, queue_key="loans")


def skip(actor: Actor, seat: Any, **given: Any) -> Any:
    return skip_seat(actor=actor, seat_id=seat.pk, **({"reason": "I know the shop."} | given))


def test_to_others_is_never_again_and_holds_for_the_whole_panel(open_office: Any, alice: Actor, bob: Actor) -> None:
    office = open_office(seats=3)
    (case,) = office.bring()
    seat = claim(alice)
    skip(alice, seat)
    assert claim(alice) is None, "not even another seat of the same panel"
    with office.scope():
        assert staffing_queries.empty_reasons(alice, office.queue).skipped == 3
    assert claim(bob).case_id == case.pk
    after = office.seat(seat)
    assert (after.state in ("open", "claimed"), after.reviewer_id != alice.id) == (True, True)


def test_later_comes_again_after_its_minutes_or_cases(office: Office, alice: Actor) -> None:
    first, second, third = office.bring(1, 2, 3)
    skip(alice, claim(alice), meaning="later", cases=2)
    assert office.judge(alice).case_id == second.pk
    seat = claim(alice)
    assert seat.case_id == third.pk
    office.submit_to(seat, alice)
    assert claim(alice).case_id == first.pk
    skip(alice, claim(alice), meaning="later", minutes=30)
    assert claim(alice) is None
    with office.scope(), connection.cursor() as cursor:
        assert staffing_queries.empty_reasons(alice, office.queue).skipped_until is not None
        cursor.execute("update reviews_seatskip set until_at = now() - interval '1 s'")
    assert claim(alice).case_id == first.pk


def test_ignore_asks_others_first(office: Office, alice: Actor) -> None:
    first, second = office.bring(1, 2)
    skip(alice, claim(alice), meaning="ignore")
    assert office.judge(alice).case_id == second.pk
    assert claim(alice).case_id == first.pk


def test_needs_a_reason_and_a_meaning(office: Office, alice: Actor) -> None:
    office.bring()
    seat = claim(alice)
    for field, given in (
        ("reason", {"reason": " "}),
        ("meaning", {"meaning": "never"}),
        ("minutes", {"meaning": "later", "minutes": 0}),
        ("cases", {"cases": 3}),
    ):
        with pytest.raises(Invalid) as refusal:
            skip(alice, seat, **given)
        assert set(refusal.value.fields) == {field}
    assert office.seat(seat).state == "claimed"


def test_refuses_others_and_the_wrong_state(
    open_office: Any, crown: Any, alice: Actor, bob: Actor, gil: Actor, mona: Actor
) -> None:
    office = open_office(advice="after_answer")
    crown()
    office.bring(10_000)
    seat = claim(alice)
    for stranger in (bob, mona):
        with pytest.raises(Forbidden):
            skip(stranger, seat)
    with pytest.raises(NotFound):
        skip(gil, seat)
    answer_seat(actor=alice, seat_id=seat.pk, lease_token=seat.lease_token, label="approve")
    with pytest.raises(Conflict):
        skip(alice, seat)


def test_a_held_seat_can_be_skipped_and_the_reason_stays_out_of_the_event(office: Office, alice: Actor) -> None:
    office.bring()
    seat = claim(alice)
    hold_seat(actor=alice, seat_id=seat.pk)
    skip(alice, seat)
    (event,) = office.events("seat.skipped")
    assert event.body["meaning"] == "to_others"
    assert "shop" not in str(event.body)
    assert "reason" in event.personal

"""Fifty processes at one queue: every seat has one holder, whoever claims beside whom."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from hitl_platform.tenants.actor import Actor
from tests.concurrency.conftest import task
from tests.reviews.conftest import Office

Rivals = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
Crowd = Callable[[Office, int], list[Actor]]


def test_fifty_claim_one_seat(office: Office, rivals: Rivals, crowd: Crowd) -> None:
    (case,) = office.bring()
    answers = rivals([task("claim", actor) for actor in crowd(office, 50)])
    (seat,) = office.seats(case)
    assert Counter(answer["done"] for answer in answers) == {str(seat.pk): 1, None: 49}
    assert (seat.state, seat.lease_token) == ("claimed", 1)
    assert len(office.events("seat.claimed")) == 1


def test_fifty_claim_fifty_seats_of_small_panels(
    open_office: Callable[..., Office], rivals: Rivals, crowd: Crowd
) -> None:
    office = open_office(seats=5)
    cases = office.bring(*range(1, 11))
    answers = rivals([task("claim", actor) for actor in crowd(office, 50)])
    taken = Counter(answer["done"] for answer in answers if answer["done"])
    assert set(taken.values()) == {1}, "nothing is given twice"
    assert len(taken) == 50, "and nobody leaves while there are seats"
    for case in cases:
        holders = [seat.reviewer_id for seat in office.seats(case) if seat.reviewer_id]
        assert len(holders) == len(set(holders))


def test_ten_tabs_of_one_reviewer_are_one_lease(office: Office, rivals: Rivals, alice: Actor) -> None:
    office.bring(*range(1, 6))
    answers = rivals([task("claim", alice) for _ in range(10)])
    assert len({answer["done"] for answer in answers}) == 1
    assert answers[0]["done"] is not None


def test_one_reviewer_never_gets_two_seats_of_one_panel(
    open_office: Callable[..., Office], rivals: Rivals, alice: Actor
) -> None:
    office = open_office(seats=9)
    (case,) = office.bring()
    rivals([task("claim", alice) for _ in range(10)])
    assert [seat.reviewer_id for seat in office.seats(case) if seat.reviewer_id] == [alice.id]

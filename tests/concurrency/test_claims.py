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


def test_claims_beside_absences_and_hand_overs(office: Office, rivals: Rivals, crowd: Crowd) -> None:
    """People claim, go away and are handed seats at the same moment: one holder a seat, and the absent hold none."""
    people = crowd(office, 15)
    cases = office.bring(*range(1, 16))
    holders, leavers, takers = people[:5], people[5:10], people[10:]
    seats = [office.claim(holder) for holder in holders]
    tasks = [
        each
        for holder, seat, leaver, taker in zip(holders, seats, leavers, takers, strict=True)
        for each in (
            task("hand_over", holder, seat=str(seat.pk), to=str(leaver.id)),
            task("claim", leaver),
            task("absence", leaver),
            task("claim", leaver),
            task("claim", taker),
            task("release", holder, seat=str(seat.pk)),
        )
    ]
    answers = rivals(tasks)
    office.drain("absence")
    now = [seat for case in cases for seat in office.seats(case)]
    held = [seat.reviewer_id for seat in now if seat.state == "claimed"]
    assert len(held) == len(set(held)), "everybody holds one at most"
    assert not {leaver.id for leaver in leavers} & set(held), "the absent hold nothing"
    assert not [seat for seat in now if seat.reserved_for in {leaver.id for leaver in leavers}]
    assert {taker.id for taker in takers} <= set(held)
    # every lease that was given has a number of its own
    claims = [event for event in office.events("seat.claimed") if not event.body.get("again")]
    given = Counter((event.subject_id, event.body["lease_token"]) for event in claims)
    assert set(given.values()) == {1}
    assert {answer.get("refused") for answer in answers} <= {None, "absent", "forbidden", "conflict", "invalid"}

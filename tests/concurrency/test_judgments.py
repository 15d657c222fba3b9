"""Submit against expiry, release and withdrawal; two workers at one panel: one wins, nothing is half done."""

import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from cases.models import Case, Decision
from hitl_platform.tenants.actor import Actor
from reviews.models import Judgment, Panel, Seat, SeatDraft
from tests.concurrency.conftest import task, work
from tests.reviews.conftest import Office

Rivals = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
Crowd = Callable[[Office, int], list[Actor]]
# from the making of the tasks until every process is ready; a busy machine needs the longer ones
START_SECONDS = (8.0, 25.0, 60.0)


def test_submit_against_expiry(office: Office, rivals: Rivals, crowd: Crowd) -> None:
    """Forty leases end one after the other while their holders submit and a worker expires, until each has won some."""
    people = crowd(office, 40)
    won: Counter[str] = Counter()
    for number, start in enumerate(START_SECONDS):
        office.bring(*range(1 + 40 * number, 41 + 40 * number))
        won += _race(office, rivals, people, start=start)
        if min(won["submit"], won["lease_expired"]) > 0:
            return
    pytest.fail(f"both must have won some: {won}")


def _race(office: Office, rivals: Rivals, people: list[Actor], *, start: float) -> "Counter[str]":
    """One round; how often each side won. Whoever lost keeps the draft, whoever won is counted once."""
    seats = [office.claim(actor) for actor in people]
    begin, dice = time.time() + start, random.Random(4)
    tasks = []
    for at, (actor, seat) in enumerate(zip(people, seats, strict=True)):
        ends_at = begin + at * 0.02
        with office.scope(), connection.cursor() as cursor:
            cursor.execute("update reviews_seat set lease_ends_at = to_timestamp(%s) where id = %s", [ends_at, seat.pk])
        given = {"seat": str(seat.pk), "token": seat.lease_token, "label": "approve"}
        tasks.append(task("submit", actor, **given, at=ends_at + dice.uniform(-0.05, 0.03)))
    expiry = {"do": "expire", "tenant": str(office.tenant.id), "queue": str(office.queue.pk)}
    *answers, freed = rivals([*tasks, expiry | {"at": begin - 0.5, "until": begin + 2.0}])

    won = Counter("submit" if "done" in answer else answer["refused"] for answer in answers)
    assert set(won) <= {"submit", "lease_expired"}, won
    assert freed["done"] == won["lease_expired"]
    for actor, seat, answer in zip(people, seats, answers, strict=True):
        with office.scope():
            judged = Judgment.objects.filter(seat=seat).count()
            kept = SeatDraft.objects.filter(seat=seat, reviewer_id=actor.id).count()
        found = (office.seat(seat).state, judged, kept)
        assert found == (("submitted", 1, 0) if "done" in answer else ("open", 0, 1))
    return won


def test_double_click_is_one_judgment(office: Office, rivals: Rivals, alice: Actor) -> None:
    office.bring()
    seat = office.claim(alice)
    given = {"seat": str(seat.pk), "token": seat.lease_token}
    answers = rivals([task("submit", alice, **given, label=label) for label in ("approve", "decline") * 5])
    assert len([answer for answer in answers if "done" in answer]) == 1
    with office.scope():
        assert Judgment.objects.filter(seat=seat).count() == 1


def test_submit_against_a_managers_release(office: Office, rivals: Rivals, alice: Actor, mona: Actor) -> None:
    for _ in office.bring(*range(1, 5)):
        seat = office.claim(alice)
        submit = task("submit", alice, seat=str(seat.pk), token=seat.lease_token, label="approve")
        submitted, released = rivals([submit, task("release", mona, seat=str(seat.pk))])
        assert ("done" in submitted) != ("done" in released)
        state = office.seat(seat).state
        assert state == ("submitted" if "done" in submitted else "open")
        if state == "open":
            office.judge(alice)


@pytest.mark.parametrize("votes", [("approve", "approve"), ("approve", "decline")])
def test_two_workers_at_one_panel(
    open_office: Callable[..., Office], rivals: Rivals, alice: Actor, bob: Actor, votes: tuple[str, str]
) -> None:
    office = open_office(seats=2)
    cases = office.bring(*range(1, 6))
    for _ in cases:
        office.judge(alice, votes[0])
        office.judge(bob, votes[1])
    # two steps a panel, one step a worker
    rivals([work(office, "consensus") for _ in range(10)])
    office.drain("consensus")
    with office.scope():
        states = Counter(Panel.objects.values_list("state", flat=True))
        decisions = Decision.objects.count()
        adjudicators = Seat.objects.filter(kind="adjudicator").count()
    expected = ({"settled": 5}, 5, 0) if votes[0] == votes[1] else ({"disputed": 5}, 0, 5)
    assert (states, decisions, adjudicators) == expected


def test_decision_against_withdrawal(office: Office, rivals: Rivals, alice: Actor, mona: Actor) -> None:
    cases = office.bring(*range(1, 9))
    for _ in cases:
        office.judge(alice)
    tasks = [task("withdraw", mona, case=str(case.pk)) for case in cases]
    rivals([each for pair in zip(tasks, [work(office, "consensus")] * 8, strict=True) for each in pair])
    office.make_due()
    office.drain("consensus", "withdraw")
    with office.scope():
        for case in Case.objects.all():
            decided = Decision.objects.filter(case=case).count()
            panel = Panel.objects.get(case=case).state
            assert (case.state, decided, panel) in (("decided", 1, "settled"), ("withdrawn", 0, "cancelled"))

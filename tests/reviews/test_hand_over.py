"""Hand over: to a named person who could take it, and to nobody else for a while. Held time is kept apart."""

from typing import Any

import pytest
from django.db import connection

from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.tenants.actor import Actor
from reviews import staffing_queries
from reviews.services import claim_next, declare_conflict, hand_over_seat, hold_seat, resume_seat
from tests.reviews.conftest import Office
from tests.reviews.test_absence import away
from tests.reviews.test_staffing import ask


def test_the_named_person_gets_it_first_and_nobody_else(office: Office, alice: Actor, bob: Actor, carol: Actor) -> None:
    first, second = office.bring(1, 2)
    ask(office, second, priority=9)
    seat = office.claim(alice)
    assert seat.case_id == second.pk
    hand_over_seat(actor=alice, seat_id=seat.pk, to_user_id=bob.id, note="You know the dealer.")
    assert office.claim(carol).case_id == first.pk
    assert claim_next(actor=alice, queue_key="loans") is None
    with office.scope():
        assert staffing_queries.empty_reasons(alice, office.queue).reserved_for_others == 1
    assert office.claim(bob).pk == seat.pk
    (event,) = office.events("seat.handed_over")
    assert (event.body["to"], event.body["holder"]) == (str(bob.id), str(alice.id))
    assert "dealer" not in str(event.body)


def test_past_its_time_it_is_everybodys(office: Office, alice: Actor, bob: Actor, carol: Actor) -> None:
    office.bring()
    seat = office.claim(alice)
    hand_over_seat(actor=alice, seat_id=seat.pk, to_user_id=bob.id, hours=1)
    with office.scope(), connection.cursor() as cursor:
        cursor.execute("update reviews_seat set reserved_until = now() - interval '1 s'")
    assert office.claim(carol).pk == seat.pk


def test_a_manager_hands_over_what_is_on_hold(office: Office, alice: Actor, bob: Actor, mona: Actor) -> None:
    office.bring()
    seat = office.claim(alice)
    hold_seat(actor=alice, seat_id=seat.pk)
    hand_over_seat(actor=mona, seat_id=seat.pk, to_user_id=bob.id)
    assert office.claim(bob).pk == seat.pk


def test_only_to_somebody_who_may_judge_it(office: Office, cast: Any, mona: Actor, gil: Actor) -> None:
    alice, bob, carol, dave, sam, mel = (cast.people[name] for name in ("alice", "bob", "carol", "dave", "sam", "mel"))
    (case,) = office.bring(subject_ref="bob@example.org")
    ask(office, case, skills=["fraud:1"])
    with office.scope(), connection.cursor() as cursor:
        for person in (alice, bob, dave, sam):
            cursor.execute(
                "insert into reviews_reviewerskill (tenant_id, id, user_id, skill, level, set_by, set_at)"
                " values (%s, gen_random_uuid(), %s, 'fraud', 1, %s, now())",
                [office.tenant.id, person.id, mona.id],
            )
    seat = office.claim(alice)
    away(sam)
    declare_conflict(actor=dave, user_id=dave.id, kind="subject", about="bob@example.org")
    for person in (alice, bob, carol, dave, sam, mel, mona, gil):
        with pytest.raises(Invalid) as refusal:
            hand_over_seat(actor=alice, seat_id=seat.pk, to_user_id=person.id)
        assert set(refusal.value.fields) == {"to_user_id"}
    with pytest.raises(Invalid):
        hand_over_seat(actor=alice, seat_id=seat.pk, to_user_id=carol.id, hours=1_000)
    assert office.seat(seat).reviewer_id == alice.id


def test_refuses_others_and_the_wrong_state(office: Office, alice: Actor, bob: Actor, carol: Actor, gil: Actor) -> None:
    office.bring()
    seat = office.claim(alice)
    with pytest.raises(Forbidden):
        hand_over_seat(actor=bob, seat_id=seat.pk, to_user_id=carol.id)
    with pytest.raises(NotFound):
        hand_over_seat(actor=gil, seat_id=seat.pk, to_user_id=carol.id)
    office.submit_to(seat, alice)
    with pytest.raises(Conflict):
        hand_over_seat(actor=alice, seat_id=seat.pk, to_user_id=carol.id)


def test_time_on_hold_adds_up_and_reaches_the_judgment(office: Office, alice: Actor) -> None:
    office.bring()
    seat = office.claim(alice)
    for _ in range(2):
        hold_seat(actor=alice, seat_id=seat.pk)
        with office.scope(), connection.cursor() as cursor:
            cursor.execute("update reviews_seat set held_at = held_at - interval '90 s'")
        resume_seat(actor=alice, seat_id=seat.pk)
    assert 180 <= office.submit_to(office.seat(seat), alice).held_seconds < 190

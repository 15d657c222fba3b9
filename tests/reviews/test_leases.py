"""Leases: heartbeat, release, hold and resume, reassign, expiry."""

from datetime import timedelta
from typing import Any

import pytest

from hitl_platform.kernel.errors import Conflict, Forbidden, NotFound
from hitl_platform.tenants.actor import Actor
from reviews.services import (
    answer_seat,
    claim_next,
    heartbeat_seat,
    hold_seat,
    reassign_seat,
    release_seat,
    resume_seat,
)
from tests.reviews.conftest import Office, code_of


class TestHeartbeat:
    def test_lets_the_lease_begin_anew(self, office: Office, alice: Actor) -> None:
        office.bring()
        seat = office.claim(alice)
        ends_at = heartbeat_seat(actor=alice, seat_id=seat.pk, lease_token=seat.lease_token)
        after = office.seat(seat)
        assert after.lease_ends_at == ends_at > seat.lease_ends_at
        assert after.heartbeat_at is not None

    def test_is_no_event(self, office: Office, alice: Actor) -> None:
        office.bring()
        seat = office.claim(alice)
        before = len(office.events("seat.claimed"))
        heartbeat_seat(actor=alice, seat_id=seat.pk, lease_token=seat.lease_token)
        assert len(office.events("seat.claimed")) == before

    def test_refuses_an_ended_lease(self, office: Office, alice: Actor) -> None:
        office.bring()
        seat = office.claim(alice)
        office.end_leases()
        with pytest.raises(Conflict) as refusal:
            heartbeat_seat(actor=alice, seat_id=seat.pk, lease_token=seat.lease_token)
        assert code_of(refusal) == "lease_expired"

    def test_refuses_a_stale_token(self, office: Office, alice: Actor) -> None:
        office.bring()
        seat = office.claim(alice)
        with pytest.raises(Conflict):
            heartbeat_seat(actor=alice, seat_id=seat.pk, lease_token=seat.lease_token - 1)

    def test_refuses_others(self, office: Office, alice: Actor, bob: Actor, gil: Actor) -> None:
        office.bring()
        seat = office.claim(alice)
        with pytest.raises(Forbidden):
            heartbeat_seat(actor=bob, seat_id=seat.pk, lease_token=seat.lease_token + 1)
        with pytest.raises(NotFound):
            heartbeat_seat(actor=gil, seat_id=seat.pk, lease_token=seat.lease_token)


class TestRelease:
    def test_opens_the_seat_for_others(self, office: Office, alice: Actor, bob: Actor) -> None:
        (case,) = office.bring()
        seat = office.claim(alice)
        release_seat(actor=alice, seat_id=seat.pk)
        after = office.seat(seat)
        assert (after.state, after.reviewer_id, after.lease_ends_at) == ("open", None, None)
        assert after.released_at is not None
        assert office.claim(bob).case_id == case.pk
        (event,) = office.events("seat.released")
        assert event.body["holder"] == str(alice.id)

    def test_a_manager_takes_a_seat_from_its_holder(self, office: Office, alice: Actor, mona: Actor) -> None:
        office.bring()
        seat = office.claim(alice)
        release_seat(actor=mona, seat_id=seat.pk)
        assert office.seat(seat).state == "open"
        (event,) = office.events("seat.released")
        assert event.actor["id"] == str(mona.id)

    def test_refuses_other_reviewers_and_other_managers(
        self, office: Office, alice: Actor, bob: Actor, other_manager: Actor, gil: Actor
    ) -> None:
        office.bring()
        seat = office.claim(alice)
        with pytest.raises(Forbidden):
            release_seat(actor=bob, seat_id=seat.pk)
        for stranger in (other_manager, gil):
            with pytest.raises(NotFound):
                release_seat(actor=stranger, seat_id=seat.pk)

    def test_refuses_the_wrong_state(self, office: Office, alice: Actor) -> None:
        office.bring()
        seat = office.claim(alice)
        office.submit_to(seat, alice)
        with pytest.raises(Conflict):
            release_seat(actor=alice, seat_id=seat.pk)


class TestHold:
    def test_keeps_the_seat_without_a_lease(self, office: Office, alice: Actor, bob: Actor) -> None:
        office.bring()
        seat = office.claim(alice)
        hold_seat(actor=alice, seat_id=seat.pk)
        held = office.seat(seat)
        assert (held.state, held.reviewer_id, held.lease_ends_at) == ("held", alice.id, None)
        assert held.held_at is not None
        office.end_leases()
        assert claim_next(actor=bob, queue_key="loans") is None
        resume_seat(actor=alice, seat_id=seat.pk)
        resumed = office.seat(seat)
        assert (resumed.state, resumed.lease_token) == ("claimed", seat.lease_token)
        assert resumed.lease_ends_at is not None
        assert len(office.events("seat.held")) == len(office.events("seat.resumed")) == 1

    def test_lets_the_holder_claim_another(self, office: Office, alice: Actor) -> None:
        _, second = office.bring(1, 2)
        hold_seat(actor=alice, seat_id=office.claim(alice).pk)
        assert office.claim(alice).case_id == second.pk

    def test_refuses_others_and_the_wrong_state(self, office: Office, alice: Actor, bob: Actor) -> None:
        office.bring()
        seat = office.claim(alice)
        with pytest.raises(Conflict):
            hold_seat(actor=bob, seat_id=seat.pk)
        with pytest.raises(Conflict):
            resume_seat(actor=alice, seat_id=seat.pk)
        hold_seat(actor=alice, seat_id=seat.pk)
        with pytest.raises(Forbidden):
            resume_seat(actor=bob, seat_id=seat.pk)


class TestReassign:
    def test_opens_a_frozen_answers_seat(
        self, open_office: Any, crown: Any, alice: Actor, bob: Actor, mona: Actor
    ) -> None:
        office = open_office(advice="after_answer")
        crown()
        (case,) = office.bring(10_000)
        seat = office.claim(alice)
        answer_seat(actor=alice, seat_id=seat.pk, lease_token=seat.lease_token, label="approve")
        with pytest.raises(Conflict):
            release_seat(actor=alice, seat_id=seat.pk)
        reassign_seat(actor=mona, seat_id=seat.pk)
        again = office.claim(bob)
        assert (again.case_id, again.first_label) == (case.pk, None)
        assert office.events("seat.reassigned")
        assert office.events("seat.answered")[0].body["label"] == "approve"

    def test_refuses_reviewers(self, office: Office, alice: Actor) -> None:
        office.bring()
        with pytest.raises(Forbidden):
            reassign_seat(actor=alice, seat_id=office.claim(alice).pk)


class TestExpiry:
    def test_the_step_opens_what_has_ended_and_leaves_the_rest(self, office: Office, alice: Actor, bob: Actor) -> None:
        office.bring(1, 2)
        ended, held = office.claim(alice), office.claim(bob)
        hold_seat(actor=bob, seat_id=held.pk)
        office.end_leases()
        office.make_due()
        assert office.drain("expire") >= 1
        assert office.seat(ended).state == "open"
        assert office.seat(held).state == "held"

    def test_comes_again_for_leases_that_were_kept_alive(self, office: Office, alice: Actor) -> None:
        office.bring()
        seat = office.claim(alice)
        with office.scope():
            kept_alive = seat.claimed_at + timedelta(hours=1)
            type(seat).objects.filter(pk=seat.pk).update(lease_ends_at=kept_alive)
        office.make_due()
        office.drain("expire")
        assert office.seat(seat).state == "claimed"
        office.end_leases()
        office.make_due()
        office.drain("expire")
        assert office.seat(seat).state == "open"

    def test_leaves_a_frozen_answer_to_its_author(self, open_office: Any, crown: Any, alice: Actor) -> None:
        office = open_office(advice="after_answer")
        crown()
        office.bring(10_000)
        seat = office.claim(alice)
        answer_seat(actor=alice, seat_id=seat.pk, lease_token=seat.lease_token, label="approve")
        with office.scope():
            type(seat).objects.filter(pk=seat.pk).update(lease_ends_at=seat.claimed_at)
        office.make_due()
        office.drain("expire")
        assert office.seat(seat).state == "answered"
        again = office.claim(alice)
        assert (again.pk, again.first_label, again.state) == (seat.pk, "approve", "answered")

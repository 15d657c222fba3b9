"""A panel that sleeps: whatever happens to its seats meanwhile, nobody is handed one before it wakes."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from hitl_platform.kernel.errors import Conflict
from hitl_platform.tenants.actor import Actor
from reviews.models import PauseCause, Seat
from reviews.services import claim_next, declare_absence, hand_over_seat, reassign_seat, release_seat, skip_seat
from reviews.services.judge import answer_seat
from reviews.services.panels import add_seat, dispute_panel
from reviews.services.snoozes import snooze_panel, wake_panel
from tests.reviews.conftest import Office, code_of

Back = Callable[[Office, Seat, Actor], object]


def absent(office: Office, seat: Seat, holder: Actor) -> None:
    now = timezone.now()
    declare_absence(actor=holder, user_id=holder.id, starts_at=now, ends_at=now + timedelta(hours=1))
    office.drain("absence")


def expired(office: Office, seat: Seat, holder: Actor) -> None:
    office.end_leases()
    office.make_due()
    assert office.drain("expire")


def reassigned(office: Office, seat: Seat, holder: Actor) -> None:
    answer_seat(actor=holder, seat_id=seat.pk, lease_token=seat.lease_token, label="approve")
    reassign_seat(actor=office.manager, seat_id=seat.pk)


WAYS_BACK: dict[str, Back] = {
    "released": lambda office, seat, holder: release_seat(actor=holder, seat_id=seat.pk),
    "taken by a manager": lambda office, seat, holder: release_seat(actor=office.manager, seat_id=seat.pk),
    "skipped": lambda office, seat, holder: skip_seat(actor=holder, seat_id=seat.pk, reason="Not mine."),
    "expired": expired,
    "given back at the start of an absence": absent,
    "reassigned": reassigned,
}


def sleep(office: Office, panel_id: Any, *, hours: float = 2, **fields: Any) -> None:
    until = timezone.now() + timedelta(hours=hours)
    snooze_panel(actor=office.manager, panel_id=panel_id, until=until, **fields)


@pytest.mark.parametrize("way", WAYS_BACK)
def test_a_seat_that_comes_back_sleeps_on(
    way: str, open_office: Any, crown: Any, mona: Actor, alice: Actor, bob: Actor
) -> None:
    office = open_office(advice="after_answer" if way == "reassigned" else "hidden")
    if way == "reassigned":
        crown()
    office.bring(10_000)
    seat = office.claim(alice)
    sleep(office, seat.panel_id)
    WAYS_BACK[way](office, seat, alice)
    assert office.seat(seat).state == "open"
    assert claim_next(actor=bob, queue_key="loans") is None
    with suppress(Conflict):  # who is absent claims nothing anyway
        assert claim_next(actor=alice, queue_key="loans") is None
    wake_panel(actor=mona, panel_id=seat.panel_id)
    assert office.claim(bob).pk == seat.pk


def test_a_seat_that_is_added_sleeps_like_the_others(office: Office, mona: Actor, alice: Actor, sam: Actor) -> None:
    (case,) = office.bring()
    panel = office.panel(case)
    sleep(office, panel.pk)
    more = add_seat(actor=mona, panel_id=panel.pk, why="Look again.")
    assert claim_next(actor=alice, queue_key="loans") is None
    dispute_panel(actor=mona, panel_id=panel.pk, why="For Sam.")
    assert claim_next(actor=sam, queue_key="loans") is None
    wake_panel(actor=mona, panel_id=panel.pk)
    assert office.claim(sam).kind == "adjudicator"
    assert office.seat(more).state == "cancelled"


def test_of_two_sleeps_the_longer_holds(office: Office, mona: Actor, alice: Actor) -> None:
    (case,) = office.bring()
    panel = office.panel(case)
    sleep(office, panel.pk, hours=3)
    sleep(office, panel.pk, hours=1, cause=PauseCause.WAITING)
    with office.scope():
        (seat,) = Seat.objects.filter(panel=panel)
        assert seat.reserved_until is not None
        assert seat.reserved_until > timezone.now() + timedelta(hours=2)
    wake_panel(actor=mona, panel_id=panel.pk)
    assert office.claim(alice).panel_id == panel.pk


def test_a_sleeping_case_is_handed_to_nobody(office: Office, alice: Actor, bob: Actor) -> None:
    office.bring()
    seat = office.claim(alice)
    sleep(office, seat.panel_id)
    with pytest.raises(Conflict) as refusal:
        hand_over_seat(actor=alice, seat_id=seat.pk, to_user_id=bob.id)
    assert code_of(refusal) == "panel_sleeps"
    wake_panel(actor=alice, panel_id=seat.panel_id)
    hand_over_seat(actor=alice, seat_id=seat.pk, to_user_id=bob.id)
    assert office.claim(bob).pk == seat.pk


def test_its_holder_may_judge_it_all_the_same(office: Office, alice: Actor) -> None:
    (case,) = office.bring()
    seat = office.claim(alice)
    sleep(office, seat.panel_id)
    office.submit_to(seat, alice)
    office.drain()
    assert office.case(case).state == "decided"

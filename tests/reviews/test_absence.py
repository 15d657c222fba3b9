"""Absence: nothing new, and what was in hand is with others soon after its start."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.notices.models import Notice
from hitl_platform.pipeline.models import Step
from hitl_platform.tenants.actor import Actor
from reviews import staffing_queries
from reviews.models import Absence, Judgment
from reviews.services import (
    answer_seat,
    claim_next,
    declare_absence,
    end_absence,
    hand_over_seat,
    hold_seat,
)
from tests.reviews.conftest import Office, code_of


def away(actor: Actor, **given: Any) -> Absence:
    now = timezone.now()
    return declare_absence(
        **({"actor": actor, "user_id": actor.id, "starts_at": now, "ends_at": now + timedelta(days=7)} | given)
    )


def let_begin(office: Office, absence: Absence) -> None:
    """It is past the absence's start: the start and its step lie behind."""
    with office.scope(), connection.cursor() as cursor:
        cursor.execute("update reviews_absence set starts_at = now() - interval '5 min' where id = %s", [absence.pk])
        cursor.execute("update pipeline_step set run_at = now() - interval '5 min' where kind = 'absence'")
    office.drain("absence")


def test_absent_at_nine_holds_nothing_at_five_past(open_office: Any, crown: Any, alice: Actor, bob: Actor) -> None:
    office = open_office(advice="after_answer")
    office.bring(1, 2)
    done = office.judge(alice)
    crown()
    office.bring(10_000, 10_001)
    held = office.claim(alice)
    hold_seat(actor=alice, seat_id=held.pk)
    frozen = office.claim(alice)
    answer_seat(actor=alice, seat_id=frozen.pk, lease_token=frozen.lease_token, label="approve")
    handed = office.claim(bob)
    hand_over_seat(actor=bob, seat_id=handed.pk, to_user_id=alice.id)

    nine = (timezone.now() + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    absence = away(alice, starts_at=nine, ends_at=nine + timedelta(days=14))
    assert office.drain("absence") == 0, "the day before, nothing happens"
    assert office.seat(held).reviewer_id == alice.id
    with office.scope():
        assert Step.objects.get(kind="absence").run_at == nine

    let_begin(office, absence)
    for seat in (held, frozen, handed):
        after = office.seat(seat)
        assert (after.state, after.reviewer_id, after.reserved_for, after.first_label) == ("open", None, None, None)
    assert office.events("seat.answered")[0].body["label"] == "approve"
    assert [e.body["because"] for e in office.events("seat.reassigned")] == ["absence"]
    with office.scope():
        assert Judgment.objects.get(pk=done.pk).reviewer_id == alice.id
    with pytest.raises(Conflict) as refusal:
        claim_next(actor=alice, queue_key="loans")
    assert code_of(refusal) == "absent"
    with office.scope():
        assert staffing_queries.empty_reasons(alice, office.queue).absent_until == absence.ends_at
    assert office.claim(bob) is not None
    with office.scope():
        (told,) = Notice.objects.filter(kind="absence_reseated")
    assert told.recipient_id == alice.id
    assert "2 cases that you held went back" in told.text


def test_the_step_is_harmless_twice_and_after_an_early_return(office: Office, alice: Actor) -> None:
    office.bring()
    absence = away(alice, starts_at=timezone.now() + timedelta(hours=1))
    end_absence(actor=alice, absence_id=absence.pk)
    seat = office.claim(alice)
    let_begin(office, absence)
    assert office.seat(seat).reviewer_id == alice.id
    with pytest.raises(Conflict):
        end_absence(actor=alice, absence_id=absence.pk)
    assert [len(office.events(verb)) for verb in ("absence.declared", "absence.ended")] == [1, 1]


def test_declared_by_the_person_or_a_manager(office: Office, alice: Actor, bob: Actor, mona: Actor, gil: Actor) -> None:
    with pytest.raises(Forbidden):
        away(alice, user_id=bob.id)
    absence = away(mona, user_id=alice.id)
    for stranger in (bob, gil):
        with pytest.raises(NotFound):
            end_absence(actor=stranger, absence_id=absence.pk)
    with pytest.raises(NotFound):
        away(mona, user_id=gil.id)
    end_absence(actor=alice, absence_id=absence.pk)


def test_names_what_is_wrong(office: Office, alice: Actor) -> None:
    now = timezone.now()
    for field, given in (
        ("ends_at", {"ends_at": now}),
        ("ends_at", {"starts_at": now - timedelta(days=3), "ends_at": now - timedelta(days=1)}),
        ("ends_at", {"ends_at": now + timedelta(days=4_000)}),
        ("starts_at", {"starts_at": datetime(2026, 1, 1), "ends_at": datetime(2027, 1, 1, tzinfo=UTC)}),  # noqa: DTZ001 - a time without its zone is what is refused
    ):
        with pytest.raises(Invalid) as refusal:
            away(alice, **given)
        assert set(refusal.value.fields) == {field}

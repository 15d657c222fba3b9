"""Submit: the last word, once, by whoever holds the lease."""

from typing import Any

import pytest
from django.db import DatabaseError, connection

from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.ledger.models import AuditPersonal
from hitl_platform.pipeline.models import Step
from hitl_platform.tenants.actor import Actor
from reviews.models import Judgment, SeatDraft
from reviews.services import Verdict, hold_seat, submit_judgment
from tests.reviews.conftest import Office, code_of


def test_keeps_what_was_judged_and_when(office: Office, alice: Actor) -> None:
    (case,) = office.bring()
    seat = office.claim(alice, viewed=True)
    judgment = office.submit_to(
        seat, alice, "decline", rationale="Too much.", reason_codes=["history"], active_seconds=1_000.0
    )
    with office.scope():
        stored = Judgment.objects.get()
        assert stored.pk == judgment.pk
        assert (stored.case_id, stored.reviewer_id, stored.label) == (case.pk, alice.id, "decline")
        assert (stored.rationale, stored.reason_codes) == ("Too much.", ["history"])
        assert (stored.first_label, stored.advice_shown, stored.kind) == (None, False, "reviewer")
        assert stored.claimed_at == seat.claimed_at == stored.first_viewed_at
        assert stored.active_seconds is not None
        assert stored.active_seconds < 1_000, "nobody works longer than the seat was theirs"
    assert office.seat(seat).state == "submitted"
    assert office.seat(seat).submitted_at == judgment.judged_at


def test_records_its_event_and_keeps_free_text_erasable(office: Office, alice: Actor) -> None:
    (case,) = office.bring()
    office.judge(alice, "decline", rationale="Mr. Smith called.")
    (event,) = office.events("judgment.submitted")
    assert (event.case_id, event.body["label"]) == (case.pk, "decline")
    assert "Smith" not in str(event.body)
    with office.scope():
        assert AuditPersonal.objects.get(event_id=event.pk).value == "Mr. Smith called."


def test_asks_for_consensus_after_the_undo_time(open_office: Any, alice: Actor) -> None:
    office = open_office(undo_seconds=10)
    office.bring()
    judgment = office.judge(alice)
    with office.scope():
        step = Step.objects.get(kind="consensus")
        assert step.subject_id == judgment.panel_id
        assert (step.run_at - judgment.judged_at).total_seconds() == pytest.approx(10)


def test_refuses_a_second_submit(office: Office, alice: Actor) -> None:
    office.bring()
    seat = office.claim(alice)
    office.submit_to(seat, alice)
    with pytest.raises(Conflict):
        office.submit_to(seat, alice)


def test_refuses_others(office: Office, alice: Actor, bob: Actor, gil: Actor, mona: Actor) -> None:
    office.bring()
    seat = office.claim(alice)
    for actor, refusal in ((gil, NotFound), (mona, Forbidden)):
        with pytest.raises(refusal):
            submit_judgment(actor=actor, seat_id=seat.pk, lease_token=0, verdict=Verdict("approve"))
    with pytest.raises(Forbidden):
        submit_judgment(actor=bob, seat_id=seat.pk, lease_token=seat.lease_token + 1, verdict=Verdict("approve"))


def test_refuses_a_service_key(office: Office, integrator: Actor, alice: Actor) -> None:
    office.bring()
    seat = office.claim(alice)
    with pytest.raises((Forbidden, NotFound)):
        submit_judgment(actor=integrator, seat_id=seat.pk, lease_token=1, verdict=Verdict("approve"))


@pytest.mark.parametrize(
    ("verdict", "field"),
    [
        (Verdict("perhaps"), "label"),
        (Verdict("approve", reason_codes=["weather"]), "reason_codes"),
        (Verdict("approve", reason_codes=["income", "income"]), "reason_codes"),
        (Verdict("approve", reason_codes=["history"]), "reason_codes"),
        (Verdict("approve", rationale="x" * 5_001), "rationale"),
    ],
)
def test_refuses_what_the_case_type_does_not_know(office: Office, alice: Actor, verdict: Verdict, field: str) -> None:
    office.bring()
    seat = office.claim(alice)
    with pytest.raises(Invalid) as refusal:
        submit_judgment(actor=alice, seat_id=seat.pk, lease_token=seat.lease_token, verdict=verdict)
    assert list(refusal.value.fields) == [field]
    assert office.seat(seat).state == "claimed"


def test_an_ended_lease_keeps_the_text_as_a_draft(office: Office, alice: Actor, bob: Actor) -> None:
    office.bring()
    seat = office.claim(alice)
    office.end_leases()
    office.claim(bob)
    with pytest.raises(Conflict) as refusal:
        office.submit_to(seat, alice, "decline", rationale="Nearly done.", reason_codes=["history"])
    assert code_of(refusal) == "lease_expired"
    with office.scope():
        assert not Judgment.objects.exists()
        draft = SeatDraft.objects.get(seat=seat, reviewer_id=alice.id)
        assert draft.body == {"label": "decline", "rationale": "Nearly done.", "reason_codes": ["history"]}


def test_an_ended_lease_is_over_even_where_nobody_came(office: Office, alice: Actor) -> None:
    office.bring()
    seat = office.claim(alice)
    office.end_leases()
    with pytest.raises(Conflict) as refusal:
        office.submit_to(seat, alice)
    assert code_of(refusal) == "lease_expired"
    again = office.claim(alice)
    assert office.submit_to(again, alice).label == "approve"


def test_the_old_tab_is_stale_once_the_lease_began_anew(office: Office, alice: Actor) -> None:
    office.bring()
    old_tab = office.claim(alice)
    office.end_leases()
    new_tab = office.claim(alice)
    with pytest.raises(Conflict):
        office.submit_to(old_tab, alice)
    office.submit_to(new_tab, alice)


def test_refuses_while_on_hold(office: Office, alice: Actor) -> None:
    office.bring()
    seat = office.claim(alice)
    hold_seat(actor=alice, seat_id=seat.pk)
    with pytest.raises(Conflict):
        office.submit_to(seat, alice)


def test_the_application_cannot_change_a_judgment(office: Office, alice: Actor) -> None:
    office.bring()
    judgment = office.judge(alice)
    with pytest.raises(DatabaseError), office.scope(), connection.cursor() as cursor:
        cursor.execute("update reviews_judgment set label = 'decline' where id = %s", [judgment.pk])

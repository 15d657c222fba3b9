"""Pauses: by a queue's rule, with the reason shown, and lifted by a person with a reason."""

from typing import Any

import pytest

from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.notices.models import Notice
from hitl_platform.pipeline.models import Step
from hitl_platform.tenants.actor import Actor
from reviews.models import ReviewerHint, ReviewerLoad, ReviewerPause
from reviews.services import claim_next
from reviews.services.hints import tell_hint
from reviews.services.pauses import lift_pause, pause_reviewer, set_quality_rule
from reviews.staffing_queries import reviewer_facts
from tests.reviews.conftest import Office, code_of
from tests.reviews.quality import assess, decide, make_gold, results, set_queue


def fail(office: Office, who: Actor, *, items: int) -> None:
    """Answer so many known cases wrong."""
    make_gold(office, decide(office, *range(1_000, 1_000 * items + 1, 1_000)))
    office.bring(*range(100, 100 * items + 400, 100))
    set_queue(office, gold_first=items)
    for _ in range(items):
        office.judge(who, "decline")
    assess(office)


def pauses(office: Office) -> list[ReviewerPause]:
    with office.scope():
        return list(ReviewerPause.objects.order_by("id"))


def test_too_many_wrong_answers_pause_with_their_evidence(
    office: Office, mona: Actor, other_manager: Actor, alice: Actor, bob: Actor
) -> None:
    set_quality_rule(actor=mona, queue_key="loans", pause_below=0.8, pause_after=5)
    fail(office, alice, items=6)
    (pause,) = pauses(office)
    assert (pause.reviewer_id, pause.paused_by) == (alice.id, None)
    assert "0 of 6" in pause.reason
    assert pause.evidence["bar"] == 0.8
    with office.scope():
        assert reviewer_facts(alice, office.queue).paused == pause.reason
        told = set(Notice.objects.filter(kind="paused").values_list("recipient_id", flat=True))
    assert told == {alice.id, mona.id}
    assert claim_next(actor=alice, queue_key="loans") is None
    assert claim_next(actor=bob, queue_key="loans") is not None
    with pytest.raises(Invalid):
        lift_pause(actor=mona, pause_id=pause.pk, reason=" ")
    lift_pause(actor=other_manager, pause_id=pause.pk, reason="Trained since.")
    assert claim_next(actor=alice, queue_key="loans") is not None
    with pytest.raises(Conflict):
        lift_pause(actor=mona, pause_id=pause.pk, reason="Again.")
    assert [len(office.events(f"reviewer.{verb}")) for verb in ("paused", "pause_lifted")] == [1, 1]


def test_a_failed_entry_quiz_pauses_and_a_passed_one_does_not(office: Office, mona: Actor, alice: Actor) -> None:
    set_quality_rule(actor=mona, queue_key="loans", quiz_at_least=0.5)
    fail(office, alice, items=2)
    assert "entry quiz" in pauses(office)[0].reason


def test_without_a_rule_nobody_is_paused(office: Office, alice: Actor) -> None:
    fail(office, alice, items=3)
    assert not pauses(office)
    assert len(results(office)) == 3


def test_a_confusion_seen_three_times_is_told_late_and_without_an_answer(office: Office, alice: Actor) -> None:
    fail(office, alice, items=3)
    with office.scope():
        hint = ReviewerHint.objects.get()
        assert (hint.chosen, hint.right, hint.times) == ("decline", "approve", 3)
    assert tell_hint(actor=alice) is None, "not beside the known case"
    with office.scope():
        ReviewerLoad.objects.filter(reviewer_id=alice.id).update(taken=hint.tell_after)
    words = tell_hint(actor=alice)
    assert words == "You have several times chosen “Decline” where “Approve” was right; check what tells the two apart."
    assert tell_hint(actor=alice) is None, "once"


def test_managers_pause_by_hand_and_nobody_lifts_an_own_pause(
    office: Office, mona: Actor, alice: Actor, gil: Actor
) -> None:
    with pytest.raises(Forbidden):
        pause_reviewer(actor=alice, reviewer_id=alice.id, reason="Tired.")
    with pytest.raises(Invalid):
        pause_reviewer(actor=mona, reviewer_id=gil.id, reason="Not of this house.")
    pause = pause_reviewer(actor=mona, reviewer_id=alice.id, reason="Talk first.", case_type_key="loan")
    with pytest.raises(Conflict) as refusal:
        pause_reviewer(actor=mona, reviewer_id=alice.id, reason="Twice.", case_type_key="loan")
    assert code_of(refusal) == "already_paused"
    with pytest.raises(NotFound):
        lift_pause(actor=gil, pause_id=pause.pk, reason="Other house.")
    own = Actor("user", alice.id, alice.tenant_id, roles=frozenset({"manager"}), name="Alice")
    with pytest.raises(Forbidden):
        lift_pause(actor=own, pause_id=pause.pk, reason="Mine.")


@pytest.mark.parametrize(
    ("wrong", "field"), [({"pause_below": 1.5}, "pause_below"), ({"reveal_after": 0}, "reveal_after")]
)
def test_a_rule_is_checked_and_a_queue_is_looked_at_monthly_with_or_without_one(
    office: Office, mona: Actor, alice: Actor, wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        set_quality_rule(actor=mona, queue_key="loans", **wrong)
    assert field in refusal.value.fields
    with pytest.raises(Forbidden):
        set_quality_rule(actor=alice, queue_key="loans")
    office.make_due()
    assert office.drain("stamps") == 1
    with office.scope():
        assert Step.objects.filter(kind="stamps", state="ready").count() == 1, "and again in a month"
    set_quality_rule(actor=mona, queue_key="loans", pause_below=0.7)
    set_quality_rule(actor=mona, queue_key="loans", pause_below=0.6)
    with office.scope():
        assert Step.objects.filter(kind="stamps", state="ready").count() == 1, "a rule asks for no second one"

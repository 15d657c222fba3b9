"""Practice: past cases with a known outcome, feedback at once, and nothing counted."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cases.services import post_outcome
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.tenants.actor import Actor
from reviews.models import CompetenceSnapshot, Judgment, Seat
from reviews.quality_queries import practised
from reviews.services.practice import answer_practice, practice_cases
from tests.reviews.conftest import Office
from tests.reviews.quality import decide, make_gold


def know(office: Office, case: Any, label: str = "decline") -> None:
    """What turned out to be true of a case."""
    then = datetime(2026, 1, 1, tzinfo=UTC)
    post_outcome(actor=office.integrator, case_id=case.pk, label=label, observed_at=then, source="ledger")


def test_an_answer_is_told_at_once_and_counts_nowhere(office: Office, alice: Actor, mona: Actor, gil: Actor) -> None:
    (case,) = decide(office, 1_000)
    with office.scope():
        assert not practice_cases(alice, queue=office.queue).exists(), "its outcome is not known"
    know(office, case)
    ask = {"queue_key": "loans", "case_id": case.pk}
    with pytest.raises(Invalid):
        answer_practice(actor=alice, label="perhaps", **ask)
    with pytest.raises(Forbidden):
        answer_practice(actor=mona, label="approve", **ask)
    with pytest.raises(NotFound):
        answer_practice(actor=gil, label="approve", **ask)
    before = seats_and_judgments(office)
    answer = answer_practice(actor=alice, label="approve", **ask)
    assert (answer.label, answer.outcome) == ("approve", "decline")
    assert seats_and_judgments(office) == before
    with pytest.raises((Conflict, NotFound)):
        answer_practice(actor=alice, label="decline", **ask)
    with office.scope():
        assert (practised(alice).count, practised(alice).total) == (0, 1)
        assert not CompetenceSnapshot.objects.exists()
    assert len(office.events("practice.answered")) == 1


def test_neither_own_cases_nor_known_ones(office: Office, alice: Actor, bob: Actor) -> None:
    own, gold = decide(office, 1_000, by="alice")[0], decide(office, 2_000)[0]
    for case in (own, gold):
        know(office, case, "approve")
    make_gold(office, [gold])
    with office.scope():
        assert list(practice_cases(alice, queue=office.queue)) == []
        assert list(practice_cases(bob, queue=office.queue)) == [own]


def seats_and_judgments(office: Office) -> tuple[int, int]:
    with office.scope():
        return Seat.objects.count(), Judgment.objects.count()

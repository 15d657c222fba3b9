"""Second review: decisions of people and of the model, judged blind once more, and never changed by it."""

from typing import Any

import pytest

from hitl_platform.kernel.errors import Conflict, Forbidden
from hitl_platform.tenants.actor import Actor
from reviews.models import SecondReview
from reviews.quality_queries import second_review_agreement
from reviews.services.second_reviews import see_second_review
from tests.reviews.conftest import Office
from tests.reviews.quality import assess, decide, hidden_of, open_ahead, set_queue


def reviews(office: Office) -> list[SecondReview]:
    with office.scope():
        return list(SecondReview.objects.order_by("id"))


def test_a_share_of_human_decisions_is_judged_again_by_a_stranger(
    office: Office, mona: Actor, alice: Actor, bob: Actor
) -> None:
    (case,) = decide(office, 1_000, by="bob")
    office.bring(*range(100, 600, 100))
    set_queue(office, second_review_rate=1.0)
    for _ in range(2):
        assert hidden_of(office, office.judge(bob)) is None, "bob decided it"
        open_ahead(office)
    office.judge(alice)
    open_ahead(office)
    judgment = office.judge(alice, "decline")
    hidden = hidden_of(office, judgment)
    assert hidden is not None
    assert (hidden.purpose, hidden.probability <= 1) == ("second_review", True)
    decision = office.decision(case)
    assess(office)
    (review,) = reviews(office)
    assert (review.agrees, review.made_by, review.decided_label, review.label) == (False, "panel", "approve", "decline")
    assert office.decision(case) == decision
    with office.scope():
        (rate,) = [each for each in second_review_agreement(mona) if each.made_by == "panel"]
        assert second_review_agreement(alice) == []
    assert (rate.share.count, rate.share.total, rate.unseen) == (0, 1, 1)
    with pytest.raises(Forbidden):
        see_second_review(actor=office.people["ada"], review_id=review.pk)
    see_second_review(actor=mona, review_id=review.pk)
    with pytest.raises(Conflict):
        see_second_review(actor=mona, review_id=review.pk)


def test_routine_cases_come_into_each_diet(open_office: Any, crown: Any, alice: Actor) -> None:
    office = open_office(advice="shown")
    crown()
    office.activate(thresholds={"approve": 0.6, "decline": 0.6})
    routine = office.bring(1_000, 1_500, 2_000)
    assert {office.case(case).state for case in routine} == {"decided"}
    office.activate(thresholds={})
    office.bring(9_800, 9_900, 10_000, 10_100)
    set_queue(office, routine_rate=1.0)
    office.judge(alice)
    open_ahead(office)
    judgment = office.judge(alice)
    hidden = hidden_of(office, judgment)
    assert hidden is not None
    assert hidden.probability == pytest.approx(1 / 3)
    assess(office)
    (review,) = reviews(office)
    assert (review.made_by, review.agrees) == ("model", True)

"""Contest: a missed known case is told late, contested, and decided by somebody else, with everything made anew."""

import pytest

from hitl_platform.kernel.errors import Conflict, Forbidden, NotFound
from hitl_platform.tenants.actor import Actor
from reviews.models import CompetenceSnapshot, GoldContest, GoldItem, ReviewerPause
from reviews.quality_queries import told_results
from reviews.services.contests import contest_gold, forgive_contest, uphold_contest
from reviews.services.pauses import set_quality_rule
from tests.reviews.conftest import Office, code_of
from tests.reviews.quality import assess, decide, make_gold, results, set_queue


@pytest.fixture
def missed(office: Office, mona: Actor, alice: Actor) -> Office:
    """Alice has missed a known case and judged two live ones since; the office tells after two."""
    make_gold(office, decide(office, 1_000))
    office.bring(*range(100, 600, 100))
    set_queue(office, gold_first=1)
    set_quality_rule(actor=mona, queue_key="loans", quiz_at_least=1.0, reveal_after=2)
    office.judge(alice, "decline")
    office.judge(alice)
    assess(office)
    return office


def contested(office: Office, who: Actor) -> GoldContest:
    (result,) = results(office)
    with office.scope():
        pause = ReviewerPause.objects.get()
        type(pause).objects.filter(pk=pause.pk).update(lifted_at=pause.paused_at, lifted_by=who.id, lift_reason="x")
    office.judge(who)
    with office.scope():
        pause.pk, pause.lifted_at = None, None
        type(pause).objects.create(
            tenant_id=pause.tenant_id, reviewer_id=who.id, case_type_id=pause.case_type_id, reason="Quiz."
        )
    return contest_gold(actor=who, result_id=result.pk, reason="The savings carry it.")


def test_it_is_told_only_after_so_many_judgments(missed: Office, alice: Actor) -> None:
    (result,) = results(missed)
    with missed.scope():
        assert told_results(alice) == []
    with pytest.raises(NotFound):
        contest_gold(actor=alice, result_id=result.pk, reason="Too soon.")


def test_forgiven_by_correction_makes_everything_anew(
    missed: Office, alice: Actor, bob: Actor, mona: Actor, other_manager: Actor
) -> None:
    contest = contested(missed, alice)
    assert missed.events("gold.contested")[0].body["given"] == "decline"
    with pytest.raises(Conflict) as refusal:
        contest_gold(actor=alice, result_id=results(missed)[0].pk, reason="Again.")
    assert code_of(refusal) == "already_contested"
    with pytest.raises(NotFound):
        forgive_contest(actor=bob, contest_id=contest.pk, answer="Yes.")
    with pytest.raises(Forbidden) as refused:
        forgive_contest(actor=mona, contest_id=contest.pk, answer="Yes.", label="decline")
    assert code_of(refused) == "own_work"
    decided = forgive_contest(actor=other_manager, contest_id=contest.pk, answer="You are right.", label="decline")
    assert (decided.state, decided.effect["results"], decided.effect["pauses_lifted"]) == ("forgiven", 1, 1)
    before, after = results(missed)
    assert (before.is_right, before.superseded_at is not None) == (False, True)
    assert (after.is_right, after.because, after.superseded_at) == (True, "corrected", None)
    with missed.scope():
        gold = CompetenceSnapshot.objects.filter(reviewer_id=alice.id, source="gold").order_by("id")
        assert [(each.right, each.total) for each in gold] == [(0, 1), (1, 1)], "the earlier snapshot is kept"
        assert GoldItem.objects.get().state == "active"
        assert not ReviewerPause.objects.filter(lifted_at__isnull=True).exists()
    assert not missed.events("case.reopened")


def test_forgiven_without_an_answer_retires_the_item(missed: Office, alice: Actor, other_manager: Actor) -> None:
    contest = contested(missed, alice)
    forgive_contest(actor=other_manager, contest_id=contest.pk, answer="Nobody could know.")
    after = results(missed)[-1]
    assert (after.is_right, after.counts, after.because) == (False, False, "forgiven")
    with missed.scope():
        assert GoldItem.objects.get().state == "retired"
        assert CompetenceSnapshot.objects.filter(source="gold").latest("id").total == 0


def test_upheld_with_a_reason(missed: Office, alice: Actor, other_manager: Actor) -> None:
    contest = contested(missed, alice)
    uphold_contest(actor=other_manager, contest_id=contest.pk, answer="The limit is 30 %.")
    assert len(results(missed)) == 1
    with missed.scope():
        assert GoldContest.objects.get().answer == "The limit is 30 %."
    with pytest.raises(Conflict):
        uphold_contest(actor=other_manager, contest_id=contest.pk, answer="Twice.")
    assert len(missed.events("gold.upheld")) == 1

"""A reviewer's word against a gold item: asked, decided by somebody else, and its effects recomputed with history."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from hitl_platform.access import duties
from hitl_platform.kernel.errors import Conflict, Invalid, NotFound, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.notices.services import notify
from hitl_platform.tenants.actor import Actor
from reviews import permissions, quality_queries
from reviews.measures import keep_competence, measure, panels_that_would_change
from reviews.models import GoldContest, GoldItem, GoldResult, Queue, ReviewerPause
from reviews.services.gold import require_answer, told_of
from reviews.services.pauses import MY_WORK, evidence_of, lift
from reviews.states import CONTEST, GOLD

MAX_REASON = 2_000
MOST_NAMED = 50


@command
def contest_gold(*, actor: Actor, result_id: UUID, reason: str) -> GoldContest:
    """Say that a known answer is wrong, once it was told; a manager who is not its author decides."""
    told = quality_queries.told_results(actor)
    result = next((each for each in told if each.pk == result_id), None)
    if result is None:
        raise NotFound
    if result.is_right or not result.counts:
        raise Conflict("Your answer counts against nobody.", code="nothing_to_contest")
    _require_words("reason", reason)
    contest = GoldContest(
        tenant_id=actor.tenant_id,
        gold_item=result.gold_item,
        judgment_id=result.judgment_id,
        reviewer_id=actor.id,
        given=result.label,
        reason=reason,
    )
    try:
        with transaction.atomic():
            contest.save(force_insert=True)
    except IntegrityError:
        raise Conflict("You have contested this already.", code="already_contested") from None
    body = {"gold_item_id": str(contest.gold_item_id), "given": contest.given}
    record("gold.contested", contest, actor=actor, body=body, personal={"reason": reason})
    return contest


@command
def forgive_contest(
    *, actor: Actor, contest_id: UUID, answer: str, label: str | None = None, accepted: Sequence[str] = ()
) -> GoldContest:
    """The reviewer is right: the item gets another answer, or (without `label`) is retired.

    Every result of the item is made anew, competence is measured again, pauses that no longer have a reason are
    lifted, and `effect` says which settled panels would come out differently; none of them is reopened.
    """
    contest, item = _decidable(actor, contest_id, answer)
    before = measure(item.case_type_id, "gold")
    if label is None:
        item.state, item.retired_at = GOLD.apply("retire", item.state), Now()
        item.save(update_fields=["state", "retired_at"])
        record("gold.retired", item, actor=actor, body=told_of(item))
    else:
        require_answer(item.known_case, label=label, accepted=list(accepted), why=item.why)
        item.state = GOLD.apply("correct", item.state)
        item.label, item.accepted = label, list(accepted)
        item.save(update_fields=["label", "accepted"])
        record("gold.corrected", item, actor=actor, body=told_of(item))
    contest.state = CONTEST.apply("forgive", contest.state)
    contest.effect = _recompute(actor, item, counts=label is not None, before=before)
    _decide(actor, contest, answer, verb="gold.forgiven")
    return contest


@command
def uphold_contest(*, actor: Actor, contest_id: UUID, answer: str) -> GoldContest:
    """The known answer stands, and the reviewer is told why."""
    contest, _ = _decidable(actor, contest_id, answer)
    contest.state = CONTEST.apply("uphold", contest.state)
    _decide(actor, contest, answer, verb="gold.upheld")
    return contest


def _decidable(actor: Actor, contest_id: UUID, answer: str) -> tuple[GoldContest, GoldItem]:
    contest = quality_queries.get_contest(actor, contest_id, lock=True)
    require(permissions.can_define_reviews(actor))
    item = GoldItem.objects.select_for_update(no_key=True).get(pk=contest.gold_item_id)
    duties.require_second_person(
        actor, author_ids=[item.proposed_by, contest.reviewer_id], what="a contest of a gold item"
    )
    _require_words("answer", answer)
    return contest, item


def _decide(actor: Actor, contest: GoldContest, answer: str, *, verb: str) -> None:
    contest.answer, contest.decided_by, contest.decided_at = answer, actor.id, datetime.now(UTC)
    contest.save(update_fields=["state", "answer", "decided_by", "decided_at", "effect"])
    body = {"gold_item_id": str(contest.gold_item_id), "reviewer_id": str(contest.reviewer_id)}
    record(verb, contest, actor=actor, body=body | {"effect": contest.effect}, personal={"answer": answer})
    notify(
        tenant_id=actor.tenant_id, recipient_ids=[contest.reviewer_id], kind="contest_answered",
        subject=f"Your contest is {contest.state}", text="The answer and its reason are on your page.", path=MY_WORK,
        dedupe_key=f"contest:{contest.pk}",
    )  # fmt: skip


def _recompute(actor: Actor, item: GoldItem, *, counts: bool, before: Any) -> dict[str, Any]:
    """Results made anew beside the old ones, and what follows from them."""
    standing = list(item.results.filter(superseded_at__isnull=True).select_for_update(no_key=True))
    now = datetime.now(UTC)
    GoldResult.objects.filter(pk__in=[each.pk for each in standing]).update(superseded_at=now)
    because = "corrected" if counts else "forgiven"
    # one by one in place of copies, so that a column that is added later is not forgotten silently
    GoldResult.objects.bulk_create(
        GoldResult(
            tenant_id=each.tenant_id, gold_item=item, judgment_id=each.judgment_id, reviewer_id=each.reviewer_id,
            queue_id=each.queue_id, case_type_id=each.case_type_id, label=each.label, expected=item.label,
            is_right=item.is_right(each.label), advice_label=each.advice_label,
            counts=counts and each.counts, because=because, judged_at=each.judged_at, assessed_at=now,
        )
        for each in standing
    )  # fmt: skip
    reviewers = {each.reviewer_id for each in standing}
    keep_competence(
        actor, case_type_id=item.case_type_id, reviewers=reviewers, sources=["gold"], because=f"gold item {because}"
    )
    lifted = _examine_pauses(actor, item, standing)
    changed, asked = panels_that_would_change(
        item.case_type_id, before, measure(item.case_type_id, "gold", besides=before.reviewers)
    )
    return {
        "results": len(standing),
        "reviewers": len(reviewers),
        "pauses_lifted": lifted,
        "panels_asked": asked,
        "panels_that_would_change": [str(panel_id) for panel_id in changed[:MOST_NAMED]],
    }


def _examine_pauses(actor: Actor, item: GoldItem, results: Sequence[GoldResult]) -> int:
    """Lift the pauses by rule that the item no longer supports; returns how many."""
    lifted = 0
    queues = {queue.pk: queue for queue in Queue.objects.filter(pk__in={each.queue_id for each in results})}
    for reviewer_id in sorted({each.reviewer_id for each in results}):
        pause = ReviewerPause.objects.filter(
            reviewer_id=reviewer_id, case_type_id=item.case_type_id, lifted_at__isnull=True, paused_by__isnull=True
        ).first()
        still = pause is not None and any(
            evidence_of(queue, case_type_id=item.case_type_id, reviewer_id=reviewer_id) for queue in queues.values()
        )
        if pause is not None and not still:
            lift(
                actor, pause=pause, reason="A known case that counted for this pause was wrong and has been corrected."
            )
            lifted += 1
    return lifted


def _require_words(name: str, words: str) -> None:
    if not words.strip() or len(words) > MAX_REASON:
        raise Invalid("Say why.", fields={name: [f"A reason, of at most {MAX_REASON} characters."]})

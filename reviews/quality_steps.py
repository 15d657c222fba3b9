"""What the pipeline does about quality: compare what was hidden with what is known, and look for rubber stamps."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from cases.models import Decision
from hitl_platform.ledger.commands import record
from hitl_platform.pipeline.runner import ClaimedStep, Finish
from hitl_platform.pipeline.services import NewStep, enqueue_many
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.scope import tenant_scope
from models_registry.queries import predictions_for
from reviews.measures import keep_competence
from reviews.models import (
    LIVE_PANEL,
    GoldResult,
    HiddenSeat,
    Judgment,
    Purpose,
    QualityRule,
    Queue,
    SeatDraft,
    SecondReview,
)
from reviews.quality_queries import REVEAL_AFTER
from reviews.services.escalations import end_with_panels
from reviews.services.flags import enqueue_look, raise_flags
from reviews.services.hiding import ask_for_hidden, hide
from reviews.services.hints import note_hints
from reviews.services.panels import move_panels
from reviews.services.pauses import pause_by_rule


def assess_judgments(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Compare judgments on hidden seats with what is known, once their undo time is over. No decision follows."""
    tenant_id = steps[0].tenant_id
    with tenant_scope(tenant_id):
        ready, waiting = _read([step.subject_id for step in steps])
    actor = system_actor(tenant_id, "quality")
    with finish() if ready else finish.closing():
        moved = set(move_panels("settle", panel_ids=[judgment.panel_id for judgment in ready]))
        SeatDraft.objects.filter(seat__panel_id__in=moved).delete()
        end_with_panels(actor=actor, panel_ids=moved, because="panel_settled")
        fresh = [judgment for judgment in ready if judgment.panel_id in moved]
        hidden = {
            each.panel_id: each
            for each in HiddenSeat.objects.filter(panel_id__in=moved).select_related("gold_item", "queue")
        }
        _assess_gold(actor, [each for each in fresh if each.purpose == Purpose.GOLD], hidden)
        _assess_second(actor, [each for each in fresh if each.purpose == Purpose.SECOND_REVIEW], hidden)
        _come_again(tenant_id, waiting)
        ask_for_hidden(tenant_id=tenant_id, panel_ids=moved)


def open_hidden(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Open hidden seats ahead of the claims that will take them, one step a transaction."""
    with finish():
        for step in steps:
            queue_id, _, position = step.dedupe_key.partition(":")
            hide(tenant_id=step.tenant_id, reviewer_id=step.subject_id, queue_id=UUID(queue_id), position=int(position))


def look_for_stamps(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Look at the month that has ended, in each queue, and come again in a month."""
    tenant_id = steps[0].tenant_id
    actor = system_actor(tenant_id, "quality")
    with finish():
        for step in steps:
            until = datetime.strptime(step.dedupe_key, "%Y-%m").replace(tzinfo=UTC)
            since = (until - timedelta(days=1)).replace(day=1)
            raise_flags(actor, queue=Queue.objects.get(pk=step.subject_id), since=since, until=until)
            enqueue_look(tenant_id=tenant_id, queue_id=step.subject_id, after=until)


def _read(panel_ids: Sequence[UUID]) -> tuple[list[Judgment], dict[UUID, tuple[UUID, datetime]]]:
    """The judgments that stand on these panels and can no longer be undone; and when the others can be looked at."""
    standing = Judgment.objects.filter(
        panel_id__in=panel_ids, superseded_at__isnull=True, panel__state__in=LIVE_PANEL
    ).exclude(purpose=Purpose.LIVE)
    ready, waiting = [], {}
    # Any: the stubs take an annotation for a second definition of a column
    rows: Any = standing.select_related("seat__queue").annotate(read_at=Now())
    for judgment in rows:
        until = judgment.judged_at + timedelta(seconds=judgment.seat.queue.undo_seconds)
        if until > judgment.read_at:
            waiting[judgment.panel_id] = (judgment.case_id, until)
        else:
            ready.append(judgment)
    return ready, waiting


def _assess_gold(actor: Actor, judgments: Sequence[Judgment], hidden: dict[UUID, HiddenSeat]) -> None:
    said = predictions_for([each.case_id for each in judgments if each.advice_shown])
    results = []
    for each in judgments:
        item = hidden[each.panel_id].gold_item
        # handed on to somebody else: two people looked, and it measures neither
        is_own = hidden[each.panel_id].reviewer_id == each.reviewer_id
        advice = said.get(each.case_id) if each.advice_shown else None
        results.append(
            GoldResult(
                tenant_id=actor.tenant_id, gold_item=item, judgment=each, reviewer_id=each.reviewer_id,
                queue=hidden[each.panel_id].queue, case_type_id=each.case_type_id, label=each.label,
                expected=item.label, is_right=item.is_right(each.label),
                advice_label=advice.label if advice else None, judged_at=each.judged_at,
                counts=is_own, because="assessed" if is_own else "handed on",
            )
        )  # fmt: skip
    GoldResult.objects.bulk_create(results)
    for result in results:
        told = {"gold_item_id": str(result.gold_item_id), "reviewer_id": str(result.reviewer_id)}
        record("gold.assessed", result, actor=actor, body=told | {"is_right": result.is_right})
    by_type: dict[UUID, set[UUID]] = {}
    for result in results:
        by_type.setdefault(result.case_type_id, set()).add(result.reviewer_id)
    for case_type_id, reviewers in by_type.items():
        keep_competence(
            actor, case_type_id=case_type_id, reviewers=reviewers, sources=("gold", "panels", "outcomes"),
            because="gold assessed",
        )  # fmt: skip
    _follow(actor, results)


def _follow(actor: Actor, results: Sequence[GoldResult]) -> None:
    """Pauses and hints, once for each reviewer, queue and case type of a batch."""
    reveal = dict(QualityRule.objects.values_list("queue_id", "reveal_after"))
    for reviewer_id, queue, case_type_id in {
        (result.reviewer_id, result.queue, result.case_type_id) for result in results
    }:
        pause_by_rule(actor, queue=queue, case_type_id=case_type_id, reviewer_id=reviewer_id)
        after = reveal.get(queue.pk, REVEAL_AFTER)
        note_hints(actor, case_type_id=case_type_id, reviewer_id=reviewer_id, reveal_after=after)


def _assess_second(actor: Actor, judgments: Sequence[Judgment], hidden: dict[UUID, HiddenSeat]) -> None:
    decisions = Decision.objects.in_bulk([hidden[each.panel_id].decision_id for each in judgments])
    reviews = []
    for each in judgments:
        seat = hidden[each.panel_id]
        decision = decisions[seat.decision_id]
        reviews.append(
            SecondReview(
                tenant_id=actor.tenant_id, panel_id=each.panel_id, queue=seat.queue, case_type_id=each.case_type_id,
                decision_id=decision.pk, made_by=decision.made_by, decided_label=decision.label, judgment=each,
                reviewer_id=each.reviewer_id, label=each.label, agrees=each.label == decision.label,
                probability=seat.probability,
            )
        )  # fmt: skip
    SecondReview.objects.bulk_create(reviews)
    for review in reviews:
        record("second_review.assessed", review, actor=actor, body={"agrees": review.agrees})


def _come_again(tenant_id: UUID, waiting: dict[UUID, tuple[UUID, datetime]]) -> None:
    rows = [
        NewStep(panel_id, (case_id,), dedupe_key=f"undo:{until.isoformat()}", run_at=until)
        for panel_id, (case_id, until) in waiting.items()
    ]
    enqueue_many("assess", tenant_id=tenant_id, rows=rows)

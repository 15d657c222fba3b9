"""What is measured of reviewers: competence by its three sources, kept as snapshots; and what a change would change."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from cases.definitions import label_keys
from cases.models import CaseTypeVersion, Outcome
from hitl_platform.kernel.ids import uuid7s
from hitl_platform.ledger.commands import MAX_ITEMS, record_batch
from hitl_platform.tenants.actor import Actor
from models_registry.queries import predictions_for
from reviews.consensus import posteriors_given
from reviews.models import CompetenceSnapshot, GoldResult, Judgment, Queue
from reviews.quality.competence import Competence, confusion_counts, shrunken
from reviews.quality.stamps import Judged, Seeded
from reviews.quality_queries import settled_votes, standing_results

# the newest answers say more of a reviewer than old ones, and bound the work
MOST_ANSWERS = 20_000
# panels that are looked at again when a known answer changes
MOST_PANELS = 500

# (reviewer, true label, given label)
Answer = tuple[UUID, str, str]


@dataclass(frozen=True, slots=True)
class Measured:
    """Competence in one case type by one source: `of` is in the order of `reviewers` and `labels`."""

    reviewers: list[UUID]
    labels: list[str]
    of: Competence


def measure(case_type_id: UUID, source: str, *, besides: Collection[UUID] = ()) -> Measured:
    """How everybody answers in a case type; `besides` are reviewers who are there even without an answer."""
    answers = list(_ANSWERS[source](case_type_id))
    version = CaseTypeVersion.objects.filter(case_type_id=case_type_id).order_by("-version").first()
    known = label_keys(version.labels) if version else []
    labels = [*known, *sorted({label for _, *pair in answers for label in pair} - set(known))]
    reviewers = sorted({*besides, *(answer[0] for answer in answers)})
    person, code = {who: at for at, who in enumerate(reviewers)}, {label: at for at, label in enumerate(labels)}
    counts = confusion_counts(
        [person[who] for who, _, _ in answers],
        [code[true] for _, true, _ in answers],
        [code[given] for _, _, given in answers],
        n_reviewers=len(reviewers),
        n_labels=len(labels),
    )
    return Measured(reviewers, labels, shrunken(counts))


def keep_competence(
    actor: Actor, *, case_type_id: UUID, reviewers: Collection[UUID], sources: Sequence[str], because: str
) -> list[CompetenceSnapshot]:
    """New snapshots of these reviewers; the earlier ones stay. Inside a command or a finish."""
    snapshots = [
        _snapshot(
            measured,
            who,
            CompetenceSnapshot(tenant_id=actor.tenant_id, case_type_id=case_type_id, source=source, because=because),
        )
        for source in sources
        for measured in [measure(case_type_id, source, besides=reviewers)]
        for who in sorted(reviewers)
    ]
    for row, key in zip(snapshots, uuid7s(len(snapshots)), strict=True):
        row.pk = key
    CompetenceSnapshot.objects.bulk_create(snapshots)
    for start in range(0, len(snapshots), MAX_ITEMS):
        items = {
            str(row.pk): {
                "reviewer_id": str(row.reviewer_id), "source": row.source, "right": row.right, "total": row.total
            }
            for row in snapshots[start : start + MAX_ITEMS]
        }  # fmt: skip
        told = {"case_type_id": str(case_type_id), "because": because}
        record_batch("competence.measured", "competencesnapshot", actor=actor, items=items, body=told)
    return snapshots


def panels_that_would_change(case_type_id: UUID, before: Measured, after: Measured) -> tuple[list[UUID], int]:
    """The settled panels whose most probable label, weighted by competence, differs; and how many were asked.

    Of the newest MOST_PANELS with two votes or more. None of them is reopened.
    """
    settled = settled_votes().filter(case_type_id=case_type_id).order_by("-panel_id")
    votes = list(settled.values_list("panel_id", "reviewer_id", "label")[: 9 * MOST_PANELS])
    known = set(before.reviewers) & set(after.reviewers)
    votes = [vote for vote in votes if vote[1] in known and vote[2] in before.labels]
    panels = list(dict.fromkeys(vote[0] for vote in votes))[:MOST_PANELS]
    at = {panel: number for number, panel in enumerate(panels)}
    votes = [vote for vote in votes if vote[0] in at]
    if not votes or before.labels != after.labels:
        return [], len(panels)
    answers = [
        posteriors_given(
            np.array([at[panel] for panel, _, _ in votes]),
            np.array([measured.reviewers.index(who) for _, who, _ in votes]),
            np.array([measured.labels.index(label) for _, _, label in votes]),
            n_tasks=len(panels),
            confusions=measured.of.mean,
            prior=np.full(len(measured.labels), 1 / len(measured.labels)),
        ).argmax(axis=1)
        for measured in (before, after)
    ]
    changed = np.flatnonzero(answers[0] != answers[1])
    return [panels[number] for number in changed], len(panels)


def period_of(queue: Queue, *, since: Any, until: Any) -> tuple[list[UUID], Judged, Seeded]:
    """What `stamps.look` asks: the reviewers in the order of their codes, their judgments, their seeded answers."""
    rows = list(
        Judgment.objects.filter(
            seat__queue=queue, kind="reviewer", superseded_at__isnull=True, judged_at__gte=since, judged_at__lt=until
        ).order_by("-judged_at")[:MOST_ANSWERS]
    )
    results = list(
        GoldResult.objects.filter(
            queue=queue, superseded_at__isnull=True, counts=True, advice_label__isnull=False, judged_at__gte=since,
            judged_at__lt=until,
        ).select_related("gold_item")
    )  # fmt: skip
    wrong = [result for result in results if not result.gold_item.is_right(str(result.advice_label))]
    reviewers = sorted({row.reviewer_id for row in rows} | {result.reviewer_id for result in wrong})
    code = {who: at for at, who in enumerate(reviewers)}
    said = predictions_for(list({row.case_id for row in rows}))
    label_code = {label: at for at, label in enumerate(sorted({row.label for row in rows}))}
    judged = Judged(
        reviewer=np.array([code[row.reviewer_id] for row in rows], dtype=np.int64),
        label=np.array([label_code[row.label] for row in rows], dtype=np.int64),
        confidence=np.array([max(said[r.case_id].probabilities) if r.case_id in said else np.nan for r in rows]),
        agreed=np.array([r.case_id in said and said[r.case_id].label == r.label for r in rows], dtype=bool),
        shown=np.array([row.advice_shown for row in rows], dtype=bool),
        control=np.array([row.control for row in rows], dtype=bool),
        seconds=np.array([_seconds(row) for row in rows], dtype=np.float64),
        length=np.array([row.content_length for row in rows], dtype=np.float64),
    )
    seeded = Seeded(
        reviewer=np.array([code[result.reviewer_id] for result in wrong], dtype=np.int64),
        kept=np.array([result.label == result.advice_label for result in wrong], dtype=bool),
    )
    return reviewers, judged, seeded


def _seconds(judgment: Judgment) -> float:
    """The time at work as the page counted it, or else from the first look to the last word, less what was held."""
    if judgment.active_seconds is not None:
        return judgment.active_seconds
    begun = judgment.first_viewed_at or judgment.claimed_at
    return max((judgment.judged_at - begun).total_seconds() - judgment.held_seconds, 0.0)


def _snapshot(measured: Measured, who: UUID, row: CompetenceSnapshot) -> CompetenceSnapshot:
    at, of = measured.reviewers.index(who), measured.of
    counts = of.counts[at]
    row.reviewer_id, row.labels, row.strength = who, measured.labels, of.strength
    row.counts = counts.astype(int).tolist()
    row.mean, row.low, row.high = (each[at].round(6).tolist() for each in (of.mean, of.low, of.high))
    row.right, row.total = int(np.trace(counts)), int(counts.sum())
    return row


def _by_gold(case_type_id: UUID) -> Iterable[Answer]:
    rows = standing_results([case_type_id]).order_by("-judged_at")
    for who, expected, given, is_right in rows.values_list("reviewer_id", "expected", "label", "is_right")[
        :MOST_ANSWERS
    ]:
        yield who, expected, expected if is_right else given


def _by_panels(case_type_id: UUID) -> Iterable[Answer]:
    rows = settled_votes().filter(case_type_id=case_type_id).order_by("-judged_at")
    yield from rows.values_list("reviewer_id", "decided", "label")[:MOST_ANSWERS]


def _by_outcomes(case_type_id: UUID) -> Iterable[Answer]:
    outcomes = Outcome.objects.filter(case__case_type_id=case_type_id).order_by("-id")[:MOST_ANSWERS]
    # the newest outcome of a case is read last and stands
    truth = dict(list(outcomes.values_list("case_id", "label"))[::-1])
    votes = _votes(case_type_id).filter(case_id__in=truth).order_by("-judged_at")
    for who, case_id, given in votes.values_list("reviewer_id", "case_id", "label")[:MOST_ANSWERS]:
        yield who, truth[case_id], given


_ANSWERS = {"gold": _by_gold, "panels": _by_panels, "outcomes": _by_outcomes}


def _votes(case_type_id: UUID) -> Any:
    return Judgment.objects.filter(
        case_type_id=case_type_id, kind="reviewer", purpose="live", superseded_at__isnull=True
    )

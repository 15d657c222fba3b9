"""How the reviewers of a case type err, estimated over its recent judgments and kept for a while."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from hitl_platform.tenants.scope import current_tenant_id
from reviews.consensus import aggregate
from reviews.consensus.answers import Floats
from reviews.models import Judgment, Purpose, SeatKind

# The newest judgments of a case type say more of its reviewers than old ones, and bound the work of a fit.
MOST_JUDGMENTS = 20_000
# A small history changes with every judgment and costs nothing to read; a large one is read once a minute.
SMALL_HISTORY = 2_000
FRESH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Fit:
    """Dawid-Skene over `judgments` judgments. confusions: (workers, labels, labels); prior: (labels,)."""

    labels: tuple[str, ...]
    workers: dict[UUID, int]
    confusions: Floats
    prior: Floats
    judgments: int
    fitted_at: float

    def knows(self, labels: Sequence[str], reviewers: Sequence[UUID]) -> bool:
        """Whether panels with these labels and reviewers can be judged by it."""
        return set(labels) <= set(self.labels) and all(reviewer in self.workers for reviewer in reviewers)

    def is_fresh(self) -> bool:
        """Whether it may be used again."""
        return self.judgments >= SMALL_HISTORY and time.monotonic() - self.fitted_at < FRESH_SECONDS


_fits: dict[tuple[UUID, UUID], Fit] = {}


def fit_for(case_type_id: UUID, *, labels: Sequence[str], reviewers: Sequence[UUID]) -> Fit:
    """The fit for a case type, inside a scope; every one of `reviewers` must have judged there."""
    key = (current_tenant_id(), case_type_id)
    kept = _fits.get(key)
    if kept is not None and kept.is_fresh() and kept.knows(labels, reviewers):
        return kept
    _fits[key] = _fit(case_type_id, labels)
    return _fits[key]


def _fit(case_type_id: UUID, labels: Sequence[str]) -> Fit:
    told = Judgment.objects.filter(
        case_type_id=case_type_id, kind=SeatKind.REVIEWER, purpose=Purpose.LIVE, superseded_at__isnull=True
    ).order_by("-judged_at")
    rows = list(told.values_list("panel_id", "reviewer_id", "label")[:MOST_JUDGMENTS])
    panels, workers = _codes(row[0] for row in rows), _codes(row[1] for row in rows)
    known = {label: code for code, label in enumerate(sorted({*labels, *(row[2] for row in rows)}))}
    fitted = aggregate(
        np.array([panels[row[0]] for row in rows]),
        np.array([workers[row[1]] for row in rows]),
        np.array([known[row[2]] for row in rows]),
        n_tasks=len(panels),
        n_workers=len(workers),
        n_labels=len(known),
        method="dawid_skene",
    )
    return Fit(tuple(known), workers, fitted.confusions, fitted.prior, len(rows), time.monotonic())


def _codes(values: Iterable[UUID]) -> dict[UUID, int]:
    codes: dict[UUID, int] = {}
    for value in values:
        codes.setdefault(value, len(codes))
    return codes

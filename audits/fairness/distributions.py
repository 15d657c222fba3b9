"""Numbers per group: scores and what they are worth (calibration), durations. From histograms and sums."""

from typing import Any

import numpy as np

from audits.fairness.cube import NONE, POSITIVE, TRUTH, Floats, Mask
from audits.fairness.intervals import wilson_bounds
from audits.fairness.metrics import Groups, groups_of, rate
from audits.fairness.plan import Histogram, Plan
from audits.fairness.rendering import pairs_of, plain, plains

Plain = dict[str, Any]


def score_documents(scores: Histogram, *, attributes: tuple[str, ...], plan: Plan, hidden: Mask) -> Plain:
    """Distribution and calibration of the scores of every group: how often a score of x came true."""
    groups = groups_of(scores.cube, attributes=attributes)
    names = (*attributes, TRUTH, "bin")
    counts, sums = (scores.cube.sums(names, of=of) for of in (None, scores.sums))
    size = counts.shape[-1]
    n, total = (part.reshape(-1, 4, size)[groups.cells] for part in (counts, sums))
    documents: Plain = {}
    for place, label in enumerate(groups.labels):
        if hidden[groups.cells[place]]:
            documents[label] = {"suppressed": True}
            continue
        all_of = n[place].sum(axis=0)
        documents[label] = {
            "n": int(all_of.sum()),
            "mean": plain(float(rate((total[place].sum(), all_of.sum())))),
            "histogram": [int(count) for count in all_of],
            "distance": plain(distance(all_of, others=shown_sum(n, groups=groups, hidden=hidden) - all_of)),
            **calibration(n[place], total[place], confidence=plan.confidence),
        }
    return {"edges": [plain(edge) for edge in scores.edges], "groups": documents}


def shown_sum(n: Floats, *, groups: Groups, hidden: Mask) -> Floats:
    """The histogram of all groups that are shown."""
    total: Floats = n[~hidden[groups.cells]].sum(axis=(0, 1))
    return total


def distance(one: Floats, *, others: Floats) -> float:
    """The largest difference of two distribution functions at the bins' edges; NaN where one is empty."""
    if not one.sum() or not others.sum():
        return np.nan
    return float(np.abs(np.cumsum(one) / one.sum() - np.cumsum(others) / others.sum()).max())


def calibration(n: Floats, total: Floats, *, confidence: float) -> Plain:
    """Of cases whose truth is known: mean score and share of positives by bin, and their mean distance."""
    known, positive = n[:NONE].sum(axis=0), n[POSITIVE]
    score = rate((total[:NONE].sum(axis=0), known))
    came_true = rate((positive, known))
    bounds = pairs_of(wilson_bounds((positive.astype(np.int64), known.astype(np.int64)), confidence=confidence))
    bins = [
        {"bin": number, "n": int(count), "mean_score": a, "positive_rate": b, "interval": interval}
        for number, (count, a, b, interval) in enumerate(
            zip(known, plains(score), plains(came_true), bounds, strict=True)
        )
        if count
    ]
    error = float(np.nansum(known * np.abs(score - came_true)) / known.sum()) if known.sum() else np.nan
    return {"calibration": bins, "calibration_error": plain(error)}


def measure_documents(measure: Histogram, *, attributes: tuple[str, ...], hidden: Mask) -> Plain:
    """Number, mean, median and ninth decile of every group; quantiles lie within their bin."""
    groups = groups_of(measure.cube, attributes=attributes)
    counts, sums = (measure.cube.sums((*attributes, "bin"), of=of) for of in (None, measure.sums))
    size = counts.shape[-1]
    n, total = (part.reshape(-1, size)[groups.cells] for part in (counts, sums))
    documents: Plain = {}
    for place, label in enumerate(groups.labels):
        if hidden[groups.cells[place]]:
            documents[label] = {"suppressed": True}
            continue
        documents[label] = {
            "n": int(n[place].sum()),
            "mean": plain(float(rate((total[place].sum(), n[place].sum())))),
            "median": plain(quantile(n[place], edges=measure.edges, at=0.5)),
            "p90": plain(quantile(n[place], edges=measure.edges, at=0.9)),
        }
    return {"groups": documents}


def quantile(counts: Floats, *, edges: tuple[float, ...], at: float) -> float:
    """The value below which this part of the cases lies, straight within its bin; NaN where there are none."""
    if not counts.sum():
        return np.nan
    below = np.concatenate([[0.0], np.cumsum(counts)])
    place = min(int(np.searchsorted(below, at * below[-1], side="left")), len(counts)) or 1
    low, high = edges[place - 1], edges[place]
    return float(low + (high - low) * (at * below[-1] - below[place - 1]) / counts[place - 1])

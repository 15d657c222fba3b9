"""Comparisons as plain values: what the document holds. NaN becomes None; doubles keep fourteen digits."""

from typing import Any

import numpy as np

from audits.fairness import disparities
from audits.fairness.comparison import TESTED, Comparison
from audits.fairness.cube import Floats
from audits.fairness.intervals import Bounds, wilson_bounds
from audits.fairness.metrics import RATES, Confusion

COUNTS = ("n", "tp", "fp", "fn", "tn", "n_true_pos", "n_true_neg", "n_pred_pos", "n_pred_neg", "favourable_n")
# disparities to the largest group's rates: how many times theirs
RELATIVE = ("fpr", "fnr", "fdr", "for", "tpr", "tnr", "precision", "npv", "selection_rate")

Plain = dict[str, Any]


def plain(value: float) -> float | None:
    """A double as the document holds it: fourteen digits; None for what is not a number or has no bound."""
    return float(f"{value:.14g}") if np.isfinite(value) else None


def plains(values: Floats) -> list[float | None]:
    """A column of them."""
    return [plain(value) for value in values.tolist()]


def pairs_of(bounds: Bounds) -> list[list[float | None] | None]:
    """Intervals, a pair a group; None where there is none."""
    low, high = (plains(side) for side in bounds)
    return [None if a is None and b is None else [a, b] for a, b in zip(low, high, strict=True)]


def count_columns(counts: Confusion) -> dict[str, list[Any]]:
    """The counts by name."""
    return {name: getattr(counts, name).tolist() for name in COUNTS}


def rate_columns(found: Comparison) -> dict[str, list[Any]]:
    """Rates and the interval of the favourable rate, in the order of the document."""
    columns: dict[str, list[Any]] = {}
    for name in RATES:
        columns[name] = plains(found.rates[name])
        if name == "favourable_rate":
            columns["favourable_rate_wilson95"] = pairs_of(wilson_bounds(found.pairs[name], confidence=0.95))
    return columns


def group_documents(found: Comparison) -> dict[str, Plain]:
    """Every group by its label; a suppressed one says that and nothing else."""
    columns = count_columns(found.counts) | rate_columns(found) | standing_columns(found)
    against = {name: differences(found, name=name) for name in TESTED}
    intervals = {name: pairs_of(found.bounds[name]) for name in RATES}
    names = list(columns)
    documents: dict[str, Plain] = {}
    for place, (label, values) in enumerate(zip(found.groups.labels, zip(*columns.values(), strict=True), strict=True)):
        if found.hidden[place]:
            documents[label] = {"suppressed": True}
            continue
        document = dict(zip(names, values, strict=True))
        document["intervals"] = {name: column[place] for name, column in intervals.items()}
        document["intervals"]["impact_ratio"] = document.pop("impact_ratio_interval")
        document["unknown"] = not found.groups.known[place]
        if found.compared[place]:
            document["against"] = {name: column[place] for name, column in against.items()}
        if place == found.to.best or not found.compared[place]:
            del document["fisher_p_vs_best"], document["z_vs_best"]
        documents[label] = document
    return documents


def standing_columns(found: Comparison) -> dict[str, list[Any]]:
    """How each group stands against the best and the largest; nothing of the kind for a group that is not compared."""
    largest = found.to.largest
    relative = {
        f"{name}_disparity_vs_largest": plains(
            disparities.ratio(found.rates[name], float("nan") if largest is None else float(found.rates[name][largest]))
        )
        for name in RELATIVE
    }
    columns: dict[str, list[Any]] = {
        "share": plains(found.share),
        "impact_ratio": plains(found.impact),
        "impact_ratio_interval": pairs_of(found.impact_bounds),
        "below_four_fifths": found.below.tolist(),
        "shortfall": found.lacking.tolist(),
        "under_2pct": found.under_share.tolist(),
        "impact_ratio_excl_under_2pct": plains(found.impact_without_small),
        "fisher_p_vs_best": plains(found.fisher_to_best),
        "z_vs_best": plains(found.z_to_best),
        **relative,
    }
    kept = ("share", "under_2pct")
    return {
        name: column
        if name in kept
        else [value if shown else None for value, shown in zip(column, found.compared, strict=True)]
        for name, column in columns.items()
    }


def differences(found: Comparison, *, name: str) -> list[Plain]:
    """Each group's rate less that of whom it is tested against, with the interval and the test."""
    tested = found.against.tested[name]
    rows = zip(
        plains(found.against.difference[name]),
        pairs_of(found.against.bounds[name]),
        plains(tested.p),
        tested.test.tolist(),
        strict=True,
    )
    return [{"difference": d, "interval": i, "p": p, "test": test or None} for d, i, p, test in rows]


def spread_document(found: Comparison) -> Plain:
    """How far apart the groups lie, over all groups that are compared."""
    spreads = found.spreads
    document: Plain = {}
    for name in RATES:
        document[f"{name}_difference"] = plain(spreads[name].difference)
        document[f"{name}_ratio"] = plain(spreads[name].ratio)
    tpr, fpr = spreads["tpr"], spreads["fpr"]
    document["demographic_parity_difference"] = document["selection_rate_difference"]
    document["demographic_parity_ratio"] = document["selection_rate_ratio"]
    # one of the two undefined leaves the pair undefined, never the other one alone
    document["equalized_odds_difference"] = plain(float(np.maximum(tpr.difference, fpr.difference)))
    document["equalized_odds_ratio"] = plain(float(np.minimum(tpr.ratio, fpr.ratio)))
    document["equal_opportunity_difference"] = document["tpr_difference"]
    return document


def average_odds(found: Comparison) -> dict[str, float | None]:
    """Mean of the differences of both odds to the largest group's, by group."""
    place = found.to.largest
    if place is None:
        return {}
    tpr, fpr = found.rates["tpr"], found.rates["fpr"]
    values = plains(((tpr - tpr[place]) + (fpr - fpr[place])) / 2)
    shown = zip(found.groups.labels, values, found.compared, strict=True)
    return {label: value for label, value, compared in shown if compared}


def audit_document(found: Comparison, *, favourable: int) -> Plain:
    """One attribute set of one decider."""
    labels, to = found.groups.labels, found.to
    names = {
        f"{kind}_group": None if place is None else labels[place]
        for kind, place in (("best", to.best), ("largest", to.largest), ("reference", to.reference))
    }
    sizes = found.counts.n[~found.hidden & (found.counts.n > 0)]
    chi = found.chi
    return {
        "attrs": list(found.groups.attributes),
        "favourable": favourable,
        "n": int(found.counts.n.sum()),
        **names,
        "groups": group_documents(found),
        **spread_document(found),
        "average_odds_difference_vs_largest": average_odds(found),
        "chi2": [None, None, None] if chi is None else [plain(chi.statistic), chi.degrees, plain(chi.p)],
        "smallest_group_n": int(sizes.min()) if len(sizes) else None,
        "suppressed": int(found.hidden.sum()),
        "unknown_n": int(found.counts.n[~found.groups.known].sum()) if not found.hidden.any() else None,
        "intervals": {
            name: [plain(low), plain(high)] for name, (low, high) in sorted(renamed(found.spread_bounds).items())
        },
    }


def renamed(bounds: Any) -> dict[str, tuple[float, float]]:
    """The intervals also under the names that the parity metrics go by."""
    also = {
        "demographic_parity_difference": "selection_rate_difference",
        "demographic_parity_ratio": "selection_rate_ratio",
        "equal_opportunity_difference": "tpr_difference",
    }
    return {**bounds, **{name: bounds[other] for name, other in also.items() if other in bounds}}

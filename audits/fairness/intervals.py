"""Intervals of rates, differences, ratios, and of what has no closed form. Element by element.

Difference of two shares: Newcombe, Statistics in Medicine 17 (1998), method 10. Ratio: Katz, Baptista, Azen and Pike,
Biometrics 34 (1978), with Walter's half counts, so that a share of 0 has an interval too. Weighted share: linearised
variance of Hajek's ratio. Spread of rates over groups: parametric bootstrap, seeded.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from audits.fairness.cube import Floats, Mask
from audits.fairness.metrics import Pair, rate
from reviews.quality.intervals import wilson

Bounds = tuple[Floats, Floats]


def normal_quantile(confidence: float) -> float:
    """The half width, in standard errors, of a central interval."""
    return float(ndtri(0.5 + confidence / 2))


def wilson_bounds(pair: Pair, *, confidence: float) -> Bounds:
    """Wilson's interval of shares; NaN where there is nothing to count."""
    k, n = pair
    low, high = wilson(k, n, confidence=confidence)
    empty = np.asarray(n) <= 0
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def newcombe_bounds(first: Pair, second: Pair, *, confidence: float) -> Bounds:
    """The interval of the first shares less the second."""
    p, q = rate(first), rate(second)
    (low_p, high_p), (low_q, high_q) = (wilson_bounds(pair, confidence=confidence) for pair in (first, second))
    return p - q - np.hypot(p - low_p, high_q - q), p - q + np.hypot(high_p - p, q - low_q)


def ratio_bounds(first: Pair, second: Pair, *, confidence: float) -> Bounds:
    """The interval of the first shares divided by the second; it always holds the ratio itself."""
    (k, m), (j, n) = (tuple(np.asarray(part, dtype=np.float64) + 0.5 for part in pair) for pair in (first, second))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = rate(first) / rate(second)
    middle = np.log(k / m) - np.log(j / n)
    spread = normal_quantile(confidence) * np.sqrt(np.maximum(1 / k - 1 / m + 1 / j - 1 / n, 0))
    low, high = np.minimum(np.exp(middle - spread), ratio), np.maximum(np.exp(middle + spread), ratio)
    undefined = ~np.isfinite(ratio)
    return np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)


@dataclass(frozen=True, slots=True)
class Spread:
    """How far rates lie apart over groups: highest less lowest, lowest over highest. NaN: not defined."""

    difference: float
    ratio: float


def spread(values: Floats, *, compared: Mask) -> Spread:
    """The spread of the rates of the compared groups that are defined; without any, none; no ratio to 0."""
    there = values[compared & ~np.isnan(values)]
    if not len(there):
        return Spread(np.nan, np.nan)
    low, high = float(there.min()), float(there.max())
    return Spread(high - low, low / high if high > 0 else np.nan)


def resampled_rates(pair: Pair, *, random: np.random.Generator, replicates: int) -> Floats:
    """Rates of resampled groups, (replicates, groups): every group drawn anew from its own rate, its size kept."""
    n = np.asarray(pair[1], dtype=np.int64)
    chances = np.nan_to_num(rate(pair))
    # one group after the other: the generator sets up a binomial once, not once a draw
    drawn = random.binomial(n[:, None], chances[:, None], size=(len(n), replicates))
    rates: Floats = np.divide(drawn, n[:, None], out=np.full(drawn.shape, np.nan), where=n[:, None] > 0)
    return rates.T


def bootstrap_spreads(
    pairs: Mapping[str, Pair], *, compared: Mask, random: np.random.Generator, replicates: int, confidence: float
) -> dict[str, tuple[float, float]]:
    """Percentile intervals of `<rate>_difference` and `<rate>_ratio` for each pair, and of the equalised odds.

    pairs: rates by name; "tpr" and "fpr" together give "equalized_odds_difference" and "equalized_odds_ratio".
    Answers only what is defined in the data at hand.
    """
    if not compared.any() or replicates < 1:
        return {}
    draws: dict[str, Floats] = {}
    for name, (k, n) in pairs.items():
        usable = compared & (np.asarray(n) > 0)
        if usable.sum() < 2:
            continue
        rates = resampled_rates((k[usable], n[usable]), random=random, replicates=replicates)
        low, high = rates.min(axis=1), rates.max(axis=1)
        draws[f"{name}_difference"] = high - low
        draws[f"{name}_ratio"] = np.divide(low, high, out=np.full(len(high), np.nan), where=high > 0)
    if "tpr_difference" in draws and "fpr_difference" in draws:
        draws["equalized_odds_difference"] = np.maximum(draws["tpr_difference"], draws["fpr_difference"])
        draws["equalized_odds_ratio"] = np.minimum(draws["tpr_ratio"], draws["fpr_ratio"])
    tail = (1 - confidence) / 2
    return {name: percentiles(values, tail=tail) for name, values in draws.items() if not np.isnan(values).any()}


def percentiles(values: Floats, *, tail: float) -> tuple[float, float]:
    """The central interval of a sample."""
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)

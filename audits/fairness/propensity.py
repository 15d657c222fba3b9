"""Rates over all cases from those whose truth was looked up with a known probability.

A case that was looked at with probability p stands for 1/p cases (Horvitz and Thompson, JASA 47, 1952). Shares are
Hajek's ratios of such sums; their variance is linearised. Cases that could never be looked at (p = 0) are represented
by nobody: their number is told, never guessed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from audits.fairness.cube import NEGATIVE, NONE, POSITIVE, Cube, Floats
from audits.fairness.intervals import normal_quantile
from audits.fairness.metrics import Groups, answer_table


@dataclass(frozen=True, slots=True)
class Weighted:
    """An element per group: the corrected share, its bounds, and how many equally weighted cases tell as much."""

    share: Floats
    low: Floats
    high: Floats
    effective_n: Floats


def inverse_propensities(probabilities: ArrayLike) -> Floats:
    """Weights 1/p. Raises ValueError for a probability that is not above 0 and at most 1."""
    p = np.asarray(probabilities, dtype=np.float64)
    if not np.all((p > 0) & (p <= 1)):
        raise ValueError("a probability of having been looked at lies above 0 and at 1 at most")
    return 1 / p


def corrected_rates(cube: Cube, *, groups: Groups, decider: str, confidence: float) -> dict[str, Weighted]:
    """Rates that need the truth, of a weighted cube. Raises ValueError for a cube without weights."""
    if cube.weights is None or cube.squares is None:
        raise ValueError("the cube has no weights")
    sums = answer_table(cube, groups=groups, decider=decider, of=cube.weights)
    squares = answer_table(cube, groups=groups, decider=decider, of=cube.squares)
    positive, negative = (POSITIVE, POSITIVE), (NEGATIVE, NEGATIVE)
    false_positive, false_negative = (NEGATIVE, POSITIVE), (POSITIVE, NEGATIVE)
    judged = [(truth, given) for truth in range(NONE) for given in range(NONE)]
    wanted = {
        "accuracy": ([positive, negative], judged),
        "base_rate": ([(POSITIVE, given) for given in range(NONE)], judged),
        "tpr": ([positive], [positive, false_negative]),
        "tnr": ([negative], [negative, false_positive]),
        "fpr": ([false_positive], [negative, false_positive]),
        "fnr": ([false_negative], [positive, false_negative]),
        "precision": ([positive], [positive, false_positive]),
        "npv": ([negative], [negative, false_negative]),
        "fdr": ([false_positive], [positive, false_positive]),
        "for": ([false_negative], [negative, false_negative]),
    }
    quantile = normal_quantile(confidence)
    return {
        name: hajek(
            part=(picked(sums, numerator), picked(squares, numerator)),
            whole=(picked(sums, denominator), picked(squares, denominator)),
            quantile=quantile,
        )
        for name, (numerator, denominator) in wanted.items()
    }


def picked(table: Floats, cells: list[tuple[int, int]]) -> Floats:
    """The sum of some cells (truth, answer) of (groups, 4, 4)."""
    return np.asarray(sum(table[:, truth, given] for truth, given in cells), dtype=np.float64)


def hajek(*, part: tuple[Floats, Floats], whole: tuple[Floats, Floats], quantile: float) -> Weighted:
    """part, whole: sums of w and of w squared over those who have it, and over all. NaN where there are none."""
    (a, a2), (w, w2) = part, whole
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(w > 0, a / w, np.nan)
        variance = (a2 * (1 - share) ** 2 + (w2 - a2) * share**2) / w**2
        effective = w**2 / w2
    # Wilson's interval at the effective number, so that a share of 0 or 1 is not certain
    n = np.where(variance > 0, share * (1 - share) / np.where(variance > 0, variance, 1), effective)
    z2 = quantile**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = quantile / (1 + z2 / n) * np.sqrt(np.maximum(share * (1 - share) / n + z2 / (4 * n * n), 0))
    return Weighted(share, np.clip(middle - reach, 0, 1), np.clip(middle + reach, 0, 1), effective)

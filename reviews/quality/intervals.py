"""Intervals of shares, vectorised. No ORM, no clock.

Wilson: E. B. Wilson, JASA 22 (1927). Difference of two independent shares: R. G. Newcombe, "Interval estimation
for the difference between independent proportions", Statistics in Medicine 17 (1998), method 10.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, ndtri

from reviews.consensus.answers import Floats

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """`of` in `total` as a share with its interval; without any, `share` is None and the interval is all there is."""

    count: int
    total: int
    share: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference of two shares with its interval."""

    value: float
    low: float
    high: float


def wilson(count: ArrayLike, total: ArrayLike, *, confidence: float = CONFIDENCE) -> tuple[Floats, Floats]:
    """Lower and upper bounds of shares, element by element; 0 and 1 where there is nothing to go by."""
    k, n = np.asarray(count, dtype=np.float64), np.asarray(total, dtype=np.float64)
    z = float(ndtri(0.5 + confidence / 2))
    sure = np.maximum(n, 1)
    middle = (k + z * z / 2) / (sure + z * z)
    half = z / (sure + z * z) * np.sqrt(k * (sure - k) / sure + z * z / 4)
    low, high = np.where(n > 0, middle - half, 0.0), np.where(n > 0, middle + half, 1.0)
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def share_of(count: int, total: int, *, confidence: float = CONFIDENCE) -> Share:
    """One share with its Wilson interval."""
    low, high = wilson(count, total, confidence=confidence)
    return Share(count, total, count / total if total else None, float(low), float(high))


def newcombe(first: tuple[int, int], second: tuple[int, int], *, confidence: float = CONFIDENCE) -> Difference | None:
    """(count, total) against (count, total): the first share minus the second; None where one of them is empty."""
    (a, m), (b, n) = first, second
    if not m or not n:
        return None
    (low_a, high_a), (low_b, high_b) = (wilson(k, of, confidence=confidence) for k, of in (first, second))
    p, q = a / m, b / n
    low = p - q - float(np.hypot(p - low_a, high_b - q))
    high = p - q + float(np.hypot(high_a - p, q - low_b))
    return Difference(p - q, low, high)


def beta_interval(alpha: Any, beta: Any, *, confidence: float = CONFIDENCE) -> tuple[Floats, Floats]:
    """The central interval of Beta(alpha, beta), element by element."""
    tail = (1 - confidence) / 2
    low: Floats = betaincinv(alpha, beta, tail)
    high: Floats = betaincinv(alpha, beta, 1 - tail)
    return low, high

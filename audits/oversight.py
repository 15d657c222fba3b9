"""Figures of a period's oversight, from counts: pure. Shares with Wilson intervals, medians by order statistics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reviews.quality.intervals import Share, share_of

# a model's confidence, from each edge on and below the next; the last band holds certainty too
BANDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
# of a normal distribution, for 95 of 100 intervals
Z = 1.959964


@dataclass(frozen=True, slots=True)
class Median:
    """A median of whole seconds with its distribution-free interval; None where there is nothing to go by."""

    total: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of the report: its key for machines, its name, what it is of, and the figure."""

    key: str
    name: str
    of: str
    share: Share | None = None
    median: Median | None = None


def band_of(confidence: float) -> int:
    """The place of the band that holds a confidence."""
    return max(place for place, edge in enumerate(BANDS) if confidence >= edge)


def band_name(place: int) -> str:
    """A band in words, such as "80 to 90 %"."""
    top = BANDS[place + 1] if place + 1 < len(BANDS) else 1.0
    return f"{BANDS[place] * 100:.0f} to {top * 100:.0f} % sure"


def median_of(counts: Mapping[int, int]) -> Median:
    """The median of values given as {value: how often}, and the order statistics that hold it in 95 of 100 cases.

    The ranks are n/2 -+ Z sqrt(n)/2 (David and Nagaraja, Order Statistics, 7.1), rounded outwards.
    """
    values = np.array(sorted(counts), dtype=np.float64)
    often = np.array([counts[int(value)] for value in values], dtype=np.int64)
    total = int(often.sum())
    if not total:
        return Median(0, None, None, None)
    upto = np.cumsum(often)

    def ranked(rank: float) -> float:
        return float(values[np.searchsorted(upto, min(max(rank, 1), total))])

    half = Z * np.sqrt(total) / 2
    middle = (ranked((total + 1) // 2) + ranked(total // 2 + 1)) / 2
    return Median(total, middle, ranked(np.floor(total / 2 - half)), ranked(np.ceil(total / 2 + half + 1)))


def override_lines(rows: Sequence[tuple[float, bool]]) -> list[Line]:
    """By band of the model's confidence: of (confidence, whether its answer was overridden)."""
    seen = [[0, 0] for _ in BANDS]
    for confidence, overridden in rows:
        place = band_of(confidence)
        seen[place][0] += overridden
        seen[place][1] += 1
    whole = share_of(sum(each[0] for each in seen), sum(each[1] for each in seen))
    lines = [Line("override", "Overrides", "all judgments that saw the model's answer", whole)]
    return lines + [
        Line("override_by_confidence", "Overrides", band_name(place), share_of(*each))
        for place, each in enumerate(seen)
        if each[1]
    ]

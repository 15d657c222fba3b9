"""One group against another: ratios against a limit, shortfalls, and who is compared with whom.

A ratio is never compared with a limit as a fraction of doubles: a third of the exact boundaries would be judged
wrongly. `below_limit` multiplies integers instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from audits.fairness.cube import Floats, Integers, Mask
from audits.fairness.metrics import Groups, rate

FOUR_FIFTHS: Final = (4, 5)
Reference = str | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Comparators:
    """Places of the groups that others are compared with; None where there is none to compare with."""

    best: int | None
    largest: int | None
    reference: int | None


def is_below(first: tuple[int, int], second: tuple[int, int], *, limit: tuple[int, int] = FOUR_FIFTHS) -> bool:
    """Whether k1/n1 is under `limit` of k2/n2, exactly: `5·k1·n2 < 4·k2·n1`."""
    (k1, n1), (k2, n2), (over, under) = first, second, limit
    return under * k1 * n2 < over * k2 * n1


def below_limit(k: Integers, *, n: Integers, best: int, limit: tuple[int, int]) -> Mask:
    """For each group, whether its share is under `limit` of the best group's. Python's integers: nothing overflows."""
    top = (int(k[best]), int(n[best]))
    return np.array([is_below((int(a), int(b)), top, limit=limit) for a, b in zip(k, n, strict=True)], dtype=bool)


def shortfall(k: Integers, *, n: Integers, best: int, limit: tuple[int, int]) -> Integers:
    """How many more favourable answers each group would need to reach the limit; 0 for one that is there."""
    over, under = limit
    top_k, top_n = int(k[best]), int(n[best])
    lacking = [
        max(0, -(-over * top_k * int(b) // (under * top_n)) - int(a)) if top_n else 0 for a, b in zip(k, n, strict=True)
    ]
    return np.array(lacking, dtype=np.int64)


def ratios_to_best(rates: Floats, *, compared: Mask) -> Floats:
    """Each rate over the highest of the compared; NaN where either is not defined or the highest is 0."""
    there = rates[compared & ~np.isnan(rates)]
    top = float(there.max()) if len(there) else np.nan
    if not top > 0:
        return np.full(len(rates), np.nan)
    return rates / top


def ratio(first: Floats, second: float) -> Floats:
    """First over second; NaN where not defined or the second is 0."""
    return first / second if second > 0 else np.full(len(first), np.nan)


def comparators(groups: Groups, *, k: Integers, n: Integers, compared: Mask, reference: Reference) -> Comparators:
    """Best (highest favourable rate), largest, and the one by rule: "best", "largest", or a chosen label per attribute.

    Among equals the first in the order of the labels. A chosen group that an attribute set has no label for, or that
    may not be compared, leaves the largest. Raises ValueError for a rule of another name.
    """
    rates = rate((k, n))
    usable = compared & (n > 0)
    if not usable.any():
        return Comparators(None, None, None)
    best = int(np.argmax(np.where(usable, rates, -1.0)))
    largest = int(np.argmax(np.where(usable, n, -1)))
    if isinstance(reference, str):
        if reference not in ("best", "largest"):
            raise ValueError(f'the reference group is "best", "largest" or a label per attribute, not {reference!r}')
        return Comparators(best, largest, best if reference == "best" else largest)
    label = " | ".join(reference.get(name, "") for name in groups.attributes)
    chosen = groups.labels.index(label) if label in groups.labels else largest
    return Comparators(best, largest, chosen if usable[chosen] else largest)

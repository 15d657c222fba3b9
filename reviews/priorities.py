"""Where a seat stands in its queue: importance times uncertainty times pressure of time, as a small whole number.

Pure. A step of one is a fifth more of the product (four steps double it), so that cases which hardly differ stand
level and the earlier due date goes first. A case of importance 1 about which nothing is known stands at 0.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

HOUR, DAY = 3_600.0, 86_400.0
STEPS_A_DOUBLING = 4
# what is thought to be certain still counts for a sixteenth: nobody waits for ever because a model is sure
LEAST_UNCERTAINTY = 1 / 16
LEAST_IMPORTANCE, MOST_IMPORTANCE = 1 / 64, 1_000_000.0
# with a day left a case counts twice, with an hour (or less) twenty-five times
LEAST_LEFT = HOUR
MOST, LEAST = 32_000, -32_000


class Ranked(NamedTuple):
    """A seat's place and, in words for its reviewer, why; the words never tell what a model would say."""

    priority: int
    cause: str


def priority_of(
    *,
    importance: float = 1.0,
    probabilities: Sequence[float] | None = None,
    seconds_left: float | None = None,
    base: int = 0,
) -> Ranked:
    """The place of one seat.

    `probabilities` are the model's, one a label, or None where none answered. `seconds_left` are those until the
    case is due (negative when it is overdue), None without a date. `base` is added: whole steps that somebody else
    gave the case.
    """
    weight = min(max(importance, LEAST_IMPORTANCE), MOST_IMPORTANCE)
    unsure, pressure = uncertainty_of(probabilities), pressure_of(seconds_left)
    steps = round(STEPS_A_DOUBLING * math.log2(weight * unsure * pressure))
    words = [*_of_importance(importance), *_of_uncertainty(probabilities, unsure), *_of_time(seconds_left)]
    cause = ", ".join(words)
    return Ranked(min(max(base + steps, LEAST), MOST), cause[:1].upper() + cause[1:])


def uncertainty_of(probabilities: Sequence[float] | None) -> float:
    """One less the margin between the two likeliest labels, from LEAST_UNCERTAINTY to 1; 1 where nothing is known."""
    if probabilities is None or len(probabilities) < 2:
        return 1.0
    second, first = sorted(probabilities)[-2:]
    margin = first - second
    # NaN compares false, and is nothing known
    return max(1.0 - margin, LEAST_UNCERTAINTY) if 0.0 <= margin <= 1.0 else 1.0


def pressure_of(seconds_left: float | None) -> float:
    """1 without a date, else 1 + a day / the time left (an hour at least)."""
    return 1.0 if seconds_left is None else 1.0 + DAY / max(seconds_left, LEAST_LEFT)


def _of_importance(importance: float) -> list[str]:
    return [] if importance == 1 else [f"importance {importance:g}"]


def _of_uncertainty(probabilities: Sequence[float] | None, unsure: float) -> list[str]:
    # silent about cases that the model is sure of: the words would be advice
    return ["two answers are close"] if probabilities is not None and unsure >= 0.5 else []


def _of_time(seconds_left: float | None) -> list[str]:
    if seconds_left is None or seconds_left > 7 * DAY:
        return []
    if seconds_left <= 0:
        return ["overdue"]
    for unit, name in ((DAY, "day"), (HOUR, "hour")):
        if seconds_left >= unit:
            count = int(seconds_left // unit)
            return [f"due in {count} {name}{'s' * (count != 1)}"]
    return ["due within the hour"]

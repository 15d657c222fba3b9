"""Confusions that somebody shows again and again."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# one slip is no pattern, nor are two
OFTEN = 3


@dataclass(frozen=True, slots=True)
class Pattern:
    """`chosen` was given `times` times where `right` was right."""

    chosen: str
    right: str
    times: int


def patterns(missed: Iterable[tuple[str, str]]) -> Sequence[Pattern]:
    """The confusions among (given, right) pairs that were shown OFTEN times or more, most frequent first.

    `times` is rounded down to a multiple of OFTEN, so that a pattern is told again only after OFTEN more.
    """
    seen = Counter(pair for pair in missed if pair[0] != pair[1])
    return [
        Pattern(chosen, right, times // OFTEN * OFTEN)
        for (chosen, right), times in seen.most_common()
        if times >= OFTEN
    ]

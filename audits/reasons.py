"""The principal reasons of one decision, from what really moved it: pure, on plain values.

Where a model decided or advised, its factors are the stored contributions of the pinned version, in log-odds towards
its label; where people did, the reason codes of those whose label became the decision. At most four: the official
commentary to 12 CFR 1002.9(b)(2) holds that more are not helpful. A factor that did not move the decision is no reason.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MOST_REASONS = 4
# log-odds from which a value is said to have weighed strongly, or clearly; below the last it is not named at all
STRONG, CLEAR, LEAST = 1.0, 0.3, 0.01


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason. `source` is "people" or "model"; `key` a reason code or a feature; `weight` how many people gave the
    code, or the log-odds of the feature."""

    source: str
    key: str
    weight: float

    @property
    def strength(self) -> str:
        """How strongly a value weighed, in a word; nothing for people's reasons."""
        if self.source == "people":
            return ""
        return "strongly" if self.weight >= STRONG else "clearly" if self.weight >= CLEAR else "slightly"


def factors_of(contributions: Mapping[str, float] | None) -> list[Reason]:
    """The features that moved a model towards its label, the strongest first; equal ones by name."""
    moved = [(name, value) for name, value in (contributions or {}).items() if value >= LEAST]
    return [Reason("model", name, value) for name, value in sorted(moved, key=lambda item: (-item[1], item[0]))]


def codes_of(given: Sequence[Sequence[str]]) -> list[Reason]:
    """The codes of judgments, each counted once a judgment, the most frequent first; equal ones by key."""
    counted = Counter(code for codes in given for code in set(codes))
    return [
        Reason("people", code, count) for code, count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    ]


def principal_reasons(*, people: Sequence[Reason], model: Sequence[Reason]) -> list[Reason]:
    """At most four: what people gave first, since they decided; then the model's factors in the room that is left."""
    return [*people, *model][:MOST_REASONS]

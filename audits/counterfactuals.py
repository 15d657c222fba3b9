"""How another value would have changed a model's answer: a search over single features, pure.

For each feature the nearest value that was really seen in decided cases of the type and that turns the answer. One
change at a time: changes of several values together are not searched. After Wachter, Mittelstadt and Russell,
"Counterfactual explanations without opening the black box", Harvard JL & Tech 31 (2018).
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# of a number, so many values spread over all that were seen; of a category, the most frequent
MOST_NUMBERS = 40
MOST_CATEGORIES = 25
MOST_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Changeable:
    """A feature that may be varied: its name, where its value stands in a payload, and whether it is a number."""

    name: str
    path: tuple[str, ...]
    is_number: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """One changed value. `distance` is its rank among the values tried: 1 is the nearest on its side."""

    feature: str
    path: tuple[str, ...]
    before: Any
    after: Any
    distance: float


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """The nearest value of one feature that turns the answer to `label`, with the probability it would have had."""

    candidate: Candidate
    label: str
    probability: float


def value_at(payload: Mapping[str, Any], path: Sequence[str]) -> Any:
    """The value at a path, None where there is none."""
    value: Any = payload
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def candidates(
    payload: Mapping[str, Any], features: Sequence[Changeable], *, observed: Sequence[Mapping[str, Any]]
) -> list[Candidate]:
    """What to try: for each feature the values of the observed payloads other than its own, the nearest first."""
    found: list[Candidate] = []
    for feature in features:
        before = value_at(payload, feature.path)
        seen = [value_at(each, feature.path) for each in observed]
        tried = _numbers(seen, before) if feature.is_number else _categories(seen, before)
        found += [Candidate(feature.name, feature.path, before, after, distance) for after, distance in tried]
    return found[:MOST_ROWS]


def changed_payload(payload: Mapping[str, Any], candidate: Candidate) -> dict[str, Any]:
    """The payload with one value changed; the one that is given stays as it is."""
    changed = copy.deepcopy(dict(payload))
    inner: Any = changed
    for key in candidate.path[:-1]:
        if not isinstance(inner.get(key), dict):
            inner[key] = {}
        inner = inner[key]
    inner[candidate.path[-1]] = candidate.after
    return changed


def nearest_changes(
    tried: Sequence[Candidate],
    probabilities: NDArray[np.float64],
    *,
    labels: Sequence[str],
    decided: str,
    wanted: Sequence[str] = (),
) -> list[Counterfactual]:
    """For each feature the nearest candidate whose most probable label is another than `decided` (one of `wanted`,
    where any are); those that change least come first.

    `probabilities` (n candidates, n labels), rows of NaN where the model gave no answer.
    """
    best: dict[str, Counterfactual] = {}
    for candidate, row in zip(tried, probabilities, strict=True):
        if np.isnan(row).any():
            continue
        winner = int(row.argmax())
        label = labels[winner]
        if label == decided or (wanted and label not in wanted):
            continue
        known = best.get(candidate.feature)
        if known is None or candidate.distance < known.candidate.distance:
            best[candidate.feature] = Counterfactual(candidate, label, float(row[winner]))
    return sorted(best.values(), key=lambda each: (each.candidate.distance, each.candidate.feature))


def _numbers(seen: Sequence[Any], before: Any) -> list[tuple[Any, float]]:
    """Numbers that were seen, with their distance from the present one in spreads (10th to 90th percentile)."""
    values = sorted({each for each in seen if type(each) in (int, float) and np.isfinite(each)})
    if type(before) not in (int, float) or not values:
        return []
    if len(values) > MOST_NUMBERS:
        places = np.unique(np.linspace(0, len(values) - 1, MOST_NUMBERS).round().astype(int))
        values = [values[place] for place in places]
    low, high = np.percentile(np.array(values, dtype=np.float64), [10, 90])
    spread = float(high - low) or 1.0
    others = [(each, abs(float(each) - float(before)) / spread) for each in values if each != before]
    return sorted(others, key=lambda item: item[1])


def _categories(seen: Sequence[Any], before: Any) -> list[tuple[Any, float]]:
    """Categories that were seen, the most frequent first; all are equally far, and frequent ones are preferred."""
    texts = [each for each in seen if isinstance(each, str)]
    ranked = sorted({*texts} - {before}, key=lambda each: (-texts.count(each), each))[:MOST_CATEGORIES]
    return [(each, 1.0 + place / 1_000) for place, each in enumerate(ranked)]

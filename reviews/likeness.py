"""How alike two cases are, by the properties of their payload's schema. Pure.

Numbers are standardised over the cases compared (a missing one counts as their mean), true and false are 0 and 1, and
short texts are categories: two different ones lie as far apart as true and false. What a schema does not describe, and
texts that are nearly all different, take no part; protected attributes are no part of a payload.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

MOST_CATEGORIES = 50
LONGEST_CATEGORY = 60
# two one-hot vectors lie √2 apart: so scaled, one apart
_ONE_HOT = np.float32(0.5**0.5)

Payload = Mapping[str, Any]
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Column:
    """One property as it is compared: a number with its mean and deviation, or a category with its values."""

    key: str
    mean: float = 0.0
    deviation: float = 1.0
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Likeness:
    """What one case type's cases are compared by."""

    columns: tuple[Column, ...]

    def vectors(self, payloads: Sequence[Payload]) -> Vectors:
        """A row for each payload."""
        parts = [_part(column, [payload.get(column.key) for payload in payloads]) for column in self.columns]
        return np.concatenate(parts, axis=1) if parts else np.zeros((len(payloads), 0), np.float32)


def likeness_of(schema: Mapping[str, Any], payloads: Sequence[Payload]) -> Likeness:
    """What cases with these payloads are compared by, as their schema describes them."""
    columns = []
    for key, about in (schema.get("properties") or {}).items():
        kinds = _kinds(about)
        values = [payload.get(key) for payload in payloads]
        column = _number(key, values) if kinds & {"number", "integer", "boolean"} else None
        column = _category(key, values) if kinds == {"string"} else column
        if column is not None:
            columns.append(column)
    return Likeness(tuple(columns))


def nearest(vectors: Vectors, vector: Vectors, *, count: int) -> list[tuple[int, float]]:
    """The rows of `vectors` that lie nearest to `vector` (exactly, all are measured), with their distances."""
    if not len(vectors) or not vectors.shape[1]:
        return []
    distances = np.linalg.norm(vectors - vector, axis=1)
    found = np.argsort(distances, kind="stable")[:count]
    return [(int(row), float(distances[row])) for row in found]


def _kinds(about: Any) -> set[str]:
    named = about.get("type", ()) if isinstance(about, Mapping) else ()
    return ({named} if isinstance(named, str) else set(named)) - {"null"}


def _number(key: str, values: Sequence[Any]) -> Column | None:
    known = np.array([float(value) for value in values if isinstance(value, int | float)])
    if not known.size:
        return None
    deviation = float(known.std())
    return Column(key, mean=float(known.mean()), deviation=deviation if deviation > 0 else 1.0)


def _category(key: str, values: Sequence[Any]) -> Column | None:
    told = Counter(value for value in values if isinstance(value, str) and 0 < len(value) <= LONGEST_CATEGORY)
    if not told or len(told) > max(MOST_CATEGORIES, len(values) // 10):
        return None
    return Column(key, categories=tuple(value for value, _ in told.most_common(MOST_CATEGORIES)))


def _part(column: Column, values: Sequence[Any]) -> Vectors:
    if column.categories:
        places = {value: at for at, value in enumerate(column.categories)}
        hot = np.zeros((len(values), len(places)), np.float32)
        found = [(row, places[value]) for row, value in enumerate(values) if isinstance(value, str) and value in places]
        if found:
            rows, at = zip(*found, strict=True)
            hot[list(rows), list(at)] = _ONE_HOT
        return hot
    numbers = [float(value) if isinstance(value, int | float) else column.mean for value in values]
    return ((np.array(numbers) - column.mean) / column.deviation).astype(np.float32).reshape(-1, 1)

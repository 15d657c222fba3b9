"""A model's features: where each comes from in a case's payload, and what it may be.

A schema is `{"features": [{"name", "type", "path"?, "missing_value"?, "values"?}]}`; a type is number,
category or text; `path` is dotted and defaults to the name. A feature without `missing_value` is required;
with it, an absent or null value becomes that (for a number, null means NaN, which the model must impute).
`values` lists the only categories that are accepted. Extraction is by column: a batch that fits costs
little Python per value and none per row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hitl_platform.kernel.errors import Invalid
from models_registry.outputs import Floats

TYPES = ("number", "category", "text")
MAX_FEATURES = 500
MAX_CATEGORY = 1_000
MAX_TEXT = 200_000
_KEYS = {"name", "type", "path", "missing_value", "values"}
_ABSENT = object()


@dataclass(frozen=True)
class Feature:
    """One input of a model."""

    name: str
    type: str
    path: tuple[str, ...]
    required: bool = True
    missing_value: float | str | None = None
    values: frozenset[str] | None = None


@dataclass(frozen=True)
class Columns:
    """A batch as columns: floats for numbers, lists of text for the rest."""

    n_rows: int
    kinds: list[str]
    values: list[Floats | list[str]]

    def rows(self, wanted: slice) -> "Columns":
        """Some of the rows, as views where they are numbers."""
        n_rows = len(range(*wanted.indices(self.n_rows)))
        return Columns(n_rows, self.kinds, [column[wanted] for column in self.values])


@dataclass(frozen=True)
class Extraction:
    """The rows that fit the schema (`fitting`, indices into the batch) and what is wrong with the others."""

    columns: Columns
    fitting: list[int]
    problems: dict[int, dict[str, str]]


def parse_features(schema: Any) -> tuple[Feature, ...]:
    """Read a feature schema; raises Invalid naming the feature and the key."""
    entries = schema.get("features") if isinstance(schema, Mapping) else None
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_FEATURES or set(schema) != {"features"}:
        raise _invalid("feature_schema", f"holds `features`, a list of 1 to {MAX_FEATURES}")
    features = tuple(_feature(index, entry) for index, entry in enumerate(entries))
    names = [feature.name for feature in features]
    for name in names:
        if names.count(name) > 1:
            raise _invalid("feature_schema", f"names the feature {name!r} twice")
    return features


def extract(features: Sequence[Feature], payloads: Sequence[Mapping[str, Any]]) -> Extraction:
    """Columns of all payloads that fit; for each that does not, which feature and why."""
    problems: dict[int, dict[str, str]] = {}
    columns: list[Floats | list[str]] = []
    for feature in features:
        raw = _column(feature.path, payloads)
        read = _numbers if feature.type == "number" else _texts
        columns.append(read(feature, raw, problems))
    fitting = list(range(len(payloads)))
    if problems:
        fitting = [row for row in fitting if row not in problems]
        columns = [_take(column, fitting) for column in columns]
    kinds = ["number" if feature.type == "number" else "text" for feature in features]
    return Extraction(Columns(len(fitting), kinds, columns), fitting, problems)


def _feature(index: int, entry: Any) -> Feature:
    place = f"feature_schema.features[{index}]"
    if not isinstance(entry, Mapping) or not set(entry) <= _KEYS or not {"name", "type"} <= set(entry):
        raise _invalid(place, "holds name and type, and may hold path, missing_value, values")
    name, kind, path = entry["name"], entry["type"], entry.get("path", entry["name"])
    if not isinstance(name, str) or not 1 <= len(name) <= 200 or not isinstance(path, str) or not path:
        raise _invalid(place, "has a name of 1 to 200 characters and a dotted path")
    if kind not in TYPES:
        raise _invalid(f"{place}.type", f"is one of {', '.join(TYPES)}")
    values = entry.get("values")
    if values is not None and (kind != "category" or not _are_texts(values)):
        raise _invalid(f"{place}.values", "lists the texts that a category may be")
    missing = entry.get("missing_value", _ABSENT)
    wanted: tuple[type, ...] = (int, float, type(None)) if kind == "number" else (str,)
    if missing is not _ABSENT and type(missing) not in wanted:
        raise _invalid(f"{place}.missing_value", "is a number or null for a number, a text for the rest")
    return Feature(
        name=name,
        type=kind,
        path=tuple(path.split(".")),
        required=missing is _ABSENT,
        missing_value=None if missing is _ABSENT else missing,
        values=None if values is None else frozenset(values),
    )


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and bool(values) and all(type(value) is str for value in values)


def _invalid(place: str, reason: str) -> Invalid:
    return Invalid(f"{place} {reason}.", code="feature_schema_invalid", fields={place: [reason]})


def _column(path: tuple[str, ...], payloads: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The values at `path`; None where it is absent or leads through something that is not an object."""
    first, *rest = path
    values: list[Any] = [payload.get(first) for payload in payloads]
    for key in rest:
        values = [value.get(key) if isinstance(value, Mapping) else None for value in values]
    return values


def _numbers(feature: Feature, raw: list[Any], problems: dict[int, dict[str, str]]) -> Floats:
    if set(map(type, raw)) <= {int, float}:
        try:
            column = np.array(raw, dtype=np.float64)
        except OverflowError:
            pass
        else:
            if np.isfinite(column).all():
                return column
    column = np.zeros(len(raw))
    for row, value in enumerate(raw):
        if value is None and not feature.required:
            column[row] = np.nan if feature.missing_value is None else float(feature.missing_value)
            continue
        column[row], reason = _number(value)
        if reason:
            problems.setdefault(row, {})[feature.name] = reason
    return column


def _number(value: Any) -> tuple[float, str]:
    if value is None:
        return 0.0, "is missing"
    if type(value) not in (int, float):
        return 0.0, "is not a number"
    try:
        number = float(value)
    except OverflowError:
        return 0.0, "is too large"
    return (number, "") if np.isfinite(number) else (0.0, "is not finite")


def _texts(feature: Feature, raw: list[Any], problems: dict[int, dict[str, str]]) -> list[str]:
    limit = MAX_TEXT if feature.type == "text" else MAX_CATEGORY
    if set(map(type, raw)) <= {str}:
        distinct = set(raw)
        known = feature.values is None or distinct <= feature.values
        if known and all(len(value) <= limit for value in distinct):
            return raw
    column: list[str] = []
    for row, value in enumerate(raw):
        if value is None and not feature.required:
            column.append(str(feature.missing_value))
            continue
        reason = _wrong_text(feature, value, limit)
        if reason:
            problems.setdefault(row, {})[feature.name] = reason
        column.append("" if reason else value)
    return column


def _wrong_text(feature: Feature, value: Any, limit: int) -> str:
    if value is None:
        return "is missing"
    if type(value) is not str:
        return "is not text"
    if len(value) > limit:
        return f"is longer than {limit} characters"
    if feature.values is not None and value not in feature.values:
        return "is not one of the values that the model knows"
    return ""


def _take(column: Floats | list[str], rows: list[int]) -> Floats | list[str]:
    if isinstance(column, np.ndarray):
        taken: Floats = column[rows]
        return taken
    return [column[row] for row in rows]

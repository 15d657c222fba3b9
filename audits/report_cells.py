"""Cells, rows and points that the sections of a report share. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from audits.charts import Point, Row
from audits.report_document import Cell
from audits.report_words import (
    NOT_DEFINED,
    SUPPRESSED,
    is_single,
)

Plain = Mapping[str, Any]


def ordered(sets: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Attribute sets: single ones first, then by name."""
    return sorted(sets.items(), key=lambda each: (not is_single(each[0]), each[0]))


def suppressed_row(group: str, *, columns: int) -> tuple[Cell, ...]:
    return (Cell(group, is_number=False), Cell(SUPPRESSED, meaning="soft"), *(Cell("") for _ in range(columns - 2)))


def point_row(group: str, found: Plain, wanted: Sequence[tuple[str, Any]]) -> Row:
    if found.get("suppressed"):
        return Row(group, words=SUPPRESSED)
    return Row(group, [point_of(found[name], pair) for name, pair in wanted])


def point_of(value: float | None, pair: Sequence[float | None] | None) -> Point:
    low, high = pair if pair is not None else (None, None)
    return Point(value, low, high)


def aside(found: Plain) -> str:
    return "not compared" if found.get("unknown") else NOT_DEFINED


def alarm(found: Plain) -> str:
    return "danger" if found.get("below_four_fifths") else ""


def percent(value: float) -> str:
    return f"{value * 100:g} %"


def three(value: float | None) -> str:
    return NOT_DEFINED if value is None else f"{value:.3f}"


def plain_points(value: float | None) -> str:
    return NOT_DEFINED if value is None else f"{value * 100:.1f}"

"""Rows as the audit of a file reads them, and two documents compared value by value."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from audits.fairness import Plan, audit
from audits.fairness.files import Columns, read_population

TOLERANCE = 1e-9


def audited(rows: Sequence[Mapping[str, Any]], *, columns: Columns) -> dict[str, Any]:
    """The rows written as CSV and audited as `audit_csv` does it: `overall`, `audits`, and the rest."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    text.seek(0)
    read = read_population(text, columns=columns)
    document = audit(read.population, plan=Plan(favourable=read.favourable, deciders=columns.decisions, replicates=0))
    first = document["deciders"][columns.decisions[0]]
    return {**document, "overall": first["overall"], "audits": first["audits"]}


def rows_of(file: Path) -> list[dict[str, str]]:
    """A CSV file with its header in small letters."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return [{name.lower(): value for name, value in row.items()} for row in csv.DictReader(lines)]


def differences(expected: Any, found: Any, *, at: str = "") -> list[str]:
    """Every value of `expected` that `found` does not have; numbers within TOLERANCE, null where null is expected."""
    if isinstance(expected, Mapping):
        wrong = [f"{at}/{name}: missing" for name in expected if name not in found]
        return wrong + [
            line
            for name, value in expected.items()
            if name in found
            for line in differences(value, found[name], at=f"{at}/{name}")
        ]
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            return [f"{at}: {expected} but {found}"]
        return [
            line
            for number, (one, other) in enumerate(zip(expected, found, strict=True))
            for line in differences(one, other, at=f"{at}/{number}")
        ]
    is_number = isinstance(expected, int | float) and not isinstance(expected, bool)
    if is_number and isinstance(found, int | float) and not isinstance(found, bool):
        return [] if abs(expected - found) <= TOLERANCE else [f"{at}: {expected} but {found}"]
    return [] if expected == found and type(expected) is type(found) else [f"{at}: {expected} but {found}"]


def number_of_values(document: Any) -> int:
    """How many leaves a document has."""
    if isinstance(document, Mapping):
        return sum(map(number_of_values, document.values()))
    if isinstance(document, list):
        return sum(map(number_of_values, document))
    return 1


def only(document: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Some keys of a document."""
    return {name: document[name] for name in names}

"""Two audits of the same question side by side: what each group's ratio was and is, which findings are new. Pure."""

from collections.abc import Mapping
from typing import Any

from audits.report_cells import ordered, suppressed_row
from audits.report_document import Cell, Column, Table
from audits.report_words import NOT_DEFINED, points, ratio, share, whole

Plain = Mapping[str, Any]
COLUMNS = (
    Column("Group", is_number=False), Column("Cases before"), Column("Cases now"), Column("Rate before"),
    Column("Rate now"), Column("Change"), Column("Impact ratio before"), Column("Impact ratio now"),
)  # fmt: skip


def compared_tables(before: Plain, now: Plain) -> list[tuple[str, Table]]:
    """A table for each attribute set of final decisions that both audits have."""
    earlier = before["deciders"]["final decision"]["audits"]
    later = now["deciders"]["final decision"]["audits"]
    return [
        (
            name,
            Table(COLUMNS, tuple(_row(group, earlier[name]["groups"], found["groups"]) for group in found["groups"])),
        )
        for name, found in ordered(later)
        if name in earlier
    ]


def compared_findings(before: Plain, now: Plain) -> dict[str, list[str]]:
    """The texts of findings that are new, that are still there, and that are gone; a claim is known by its id."""
    earlier = {each["id"]: each["text"] for each in before["findings"]}
    later = {each["id"]: each["text"] for each in now["findings"]}
    return {
        "new": [text for claim, text in later.items() if claim not in earlier],
        "still": [text for claim, text in later.items() if claim in earlier],
        "gone": [text for claim, text in earlier.items() if claim not in later],
    }


def _row(group: str, earlier: Plain, later: Plain) -> tuple[Cell, ...]:
    a, b = earlier.get(group, {}), later[group]
    # the change of a group that is suppressed in one of them would tell what it was
    if a.get("suppressed") or b.get("suppressed"):
        return suppressed_row(group, columns=len(COLUMNS))
    rates = (a.get("favourable_rate"), b["favourable_rate"])
    change = points(rates[1] - rates[0]) if None not in rates else NOT_DEFINED
    return (
        Cell(group, is_number=False),
        Cell(whole(a.get("n", 0))),
        Cell(whole(b["n"])),
        Cell(share(rates[0])),
        Cell(share(rates[1])),
        Cell(change),
        Cell(_ratio(a)),
        Cell(_ratio(b), meaning="danger" if b.get("below_four_fifths") else ""),
    )


def _ratio(found: Plain) -> str:
    return "not compared" if found.get("unknown") else ratio(found.get("impact_ratio"))

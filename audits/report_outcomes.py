"""The main sections of a report: who got what, where a disparity enters, machine and people side by side. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from audits.charts import PointChart, Row
from audits.report_cells import alarm, aside, ordered, percent, point_of, point_row, suppressed_row
from audits.report_document import Cell, Claim, Column, Section, Table
from audits.report_words import (
    SUPPRESSED,
    chance,
    group_words,
    interval,
    is_single,
    points,
    ratio,
    share,
    whole,
)

Plain = Mapping[str, Any]
FINAL, LIMIT = "final decision", 0.8
SIDES = ("AI alone", "humans alone", "final decision")
SIDE_NAMES = ("AI alone", "Humans alone", "Combined")


def outcomes(document: Plain) -> Section:
    claims = [
        Claim(
            f"outcome-{at}", f"By {group_words(name)}", _outcome_sentence(audit), _outcome_chart(name, audit),
            _outcome_table(name, audit), is_folded=not is_single(name),
        )
        for at, (name, audit) in enumerate(ordered(document["deciders"][FINAL]["audits"]), 1)
    ]  # fmt: skip
    intro = "Who got a favourable final decision, and how that compares with the group that fares best."
    return Section("outcomes", "Final decisions", intro, tuple(claims))


def _outcome_sentence(audit: Plain) -> str:
    below = [group for group, found in audit["groups"].items() if found.get("below_four_fifths")]
    if not audit["best_group"]:
        return "No two groups are large enough to be compared."
    if not below:
        return f"No group is under four fifths of {audit['best_group']}, the group that fares best."
    are = "is" if len(below) == 1 else "are"
    return f"{', '.join(below)} {are} under four fifths of {audit['best_group']}, the group that fares best."


def _outcome_chart(name: str, audit: Plain) -> PointChart:
    rows = [
        point_row(group, found, [("impact_ratio", found.get("intervals", {}).get("impact_ratio"))])
        for group, found in audit["groups"].items()
        if not found.get("unknown")
    ]
    return PointChart(
        f"Impact ratio of final decisions by {group_words(name)}", ("impact ratio",), rows, lambda value: f"{value:g}",
        limit=LIMIT, limit_name="four fifths",
    )  # fmt: skip


def _outcome_table(name: str, audit: Plain) -> Table:
    columns = (
        Column("Group", is_number=False), Column("Cases"), Column("Favourable"), Column("Rate", "favourable_rate"),
        Column("95 %", "interval"), Column("Impact ratio", "impact_ratio"), Column("Shortfall", "shortfall"),
        Column("p"),
    )  # fmt: skip
    return Table(columns, tuple(_outcome_cells(name, group, found) for group, found in audit["groups"].items()))


def _outcome_cells(name: str, group: str, found: Plain) -> tuple[Cell, ...]:
    if found.get("suppressed"):
        return suppressed_row(group, columns=8)
    against = (found.get("against") or {}).get("favourable_rate") or {}
    cases = {"of": FINAL, "by": name, "group": group}
    compared = not found.get("unknown") and found.get("impact_ratio") is not None
    return (
        Cell(group, is_number=False),
        Cell(whole(found["n"]), cases=cases),
        Cell(whole(found["favourable_n"]), cases=cases | {"answer": "favourable"}),
        Cell(share(found["favourable_rate"])),
        Cell(interval(found["favourable_rate_wilson95"])),
        Cell(ratio(found["impact_ratio"]) if compared else aside(found), meaning=alarm(found)),
        Cell(whole(found["shortfall"]) if compared else ""),
        Cell(chance(against["p"]) if against else ""),
    )


def stages(document: Plain) -> Section | None:
    claims = []
    for at, (name, groups) in enumerate(ordered(document.get("stages") or {}), 1):
        rows = [
            Row(f"{group} · {stage['stage']}", [point_of(stage["effect"], stage["interval"])])
            for group, told in groups.items()
            for stage in told["stages"]
            if stage["n"]
        ]
        chart = PointChart(
            f"What each stage adds, by {group_words(name)}",
            ("effect",),
            rows,
            lambda value: f"{value * 100:+g}",
            zero=0,
        )
        claims.append(
            Claim(f"stage-{at}", f"By {group_words(name)}", _entering(groups), chart, _stage_table(groups),
                  is_folded=not is_single(name))
        )  # fmt: skip
    intro = (
        "What each stage adds for a group in points, among cases that were alike before it: same truth, same answer so "
        "far, same declared factors. Left of the line is to the group's disadvantage."
    )
    return Section("stages", "Where it enters", intro, tuple(claims)) if claims else None


def _entering(groups: Plain) -> str:
    told = [f"{group}: {found['enters']}" for group, found in groups.items() if found["enters"]]
    return f"It enters at: {'; '.join(told)}." if told else "No stage adds a difference that holds after correction."


def _stage_table(groups: Plain) -> Table:
    columns = (
        Column("Group", is_number=False), Column("Stage", is_number=False), Column("Cases"),
        Column("Adds", "stage_effect"), Column("95 %", "interval"), Column("Adjusted p", "p_adjusted"),
        Column("Gap after"),
    )  # fmt: skip
    rows = tuple(
        (
            Cell(group, is_number=False),
            Cell(stage["stage"], is_number=False, meaning="danger" if stage["stage"] == told["enters"] else ""),
            Cell(whole(stage["n"])),
            Cell(points(stage["effect"])),
            Cell(interval(stage["interval"], points)),
            Cell(chance(stage["p_adjusted"])),
            Cell(points(stage["gap_after"])),
        )
        for group, told in groups.items()
        for stage in told["stages"]
    )
    return Table(columns, rows)


def sides(document: Plain) -> Section | None:
    same = document.get("same_cases")
    if not same or not same["n"]:
        return None
    sides = [same["sides"][name]["audits"] for name in SIDES]
    claims = [
        Claim(f"side-{at}", f"By {group_words(name)}", _side_sentence(name, same), _side_chart(name, sides),
              _side_table(name, sides), is_folded=not is_single(name))
        for at, (name, _) in enumerate(ordered(sides[0]), 1)
    ]  # fmt: skip
    intro = (
        f"The same {whole(same['n'])} cases as the model, people and the platform as a whole decided them: only cases "
        "that all three answered."
    )
    return Section("sides", "AI alone, humans alone, combined", intro, tuple(claims))


def _side_sentence(name: str, same: Plain) -> str:
    told = [
        f"{word} {points(-audit['selection_rate_difference']).lstrip(chr(0x2212))}"
        for word, side in zip(SIDE_NAMES, SIDES, strict=True)
        if (audit := same["sides"][side]["audits"][name])["selection_rate_difference"] is not None
    ]
    return f"Between the groups that fare best and worst lie, in points: {', '.join(told)}." if told else "Not defined."


def _side_chart(name: str, sides: Sequence[Plain]) -> PointChart:
    rows = []
    for group in sides[0][name]["groups"]:
        found = [side[name]["groups"].get(group, {"suppressed": True}) for side in sides]
        if any(each.get("suppressed") for each in found):
            rows.append(Row(group, words=SUPPRESSED))
        else:
            rows.append(Row(group, [point_of(e["favourable_rate"], e["favourable_rate_wilson95"]) for e in found]))
    return PointChart(f"Favourable rate by {group_words(name)}", SIDE_NAMES, rows, percent)


def _side_table(name: str, sides: Sequence[Plain]) -> Table:
    columns = (
        Column("Group", is_number=False), Column("Cases"),
        *(Column(word, "favourable_rate") for word in SIDE_NAMES), Column("Combined, impact ratio", "impact_ratio"),
    )  # fmt: skip
    rows = []
    for group, first in sides[0][name]["groups"].items():
        found = [side[name]["groups"].get(group, {"suppressed": True}) for side in sides]
        if any(each.get("suppressed") for each in found):
            rows.append(suppressed_row(group, columns=6))
            continue
        rates = (
            Cell(f"{share(each['favourable_rate'])} ({interval(each['favourable_rate_wilson95'])})") for each in found
        )
        last = Cell(
            ratio(found[-1]["impact_ratio"]) if not first["unknown"] else aside(first), meaning=alarm(found[-1])
        )
        rows.append((Cell(group, is_number=False), Cell(whole(first["n"])), *rates, last))
    return Table(columns, tuple(rows))

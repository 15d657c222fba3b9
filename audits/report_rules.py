"""What rule sets ask, as parts of a report: their tables, what is missing, what no audit can show. Pure."""

from collections.abc import Mapping
from typing import Any

from audits.charts import PointChart
from audits.report_cells import point_row
from audits.report_document import Cell, Claim, Column, Meta, RulePart, Table
from audits.report_words import ratio, share, whole

Plain = Mapping[str, Any]
OF_INTEREST = ("AI alone", "final decision", "score above median")


def rule_parts(document: Plain, *, meta: Meta) -> tuple[RulePart, ...]:
    """Each rule set that the audit was asked for."""
    return tuple(_part(found, meta) for found in document["rules"])


def _part(found: Plain, meta: Meta) -> RulePart:
    since, until = found["in_force_from"], found["in_force_to"]
    dates = f"in force from {since}" + (f" to {until}" if until else "") if since else "no date of its own"
    tables = [table for table in found["tables"] if table["decider"] in OF_INTEREST]
    return RulePart(
        anchor=f"rule-{found['id']}",
        name=found["name"],
        about=f"{found['jurisdiction']} · {found['citation']} · {dates} · {found['status']}",
        text=found["text"],
        claims=tuple(_claim(found["id"], at, table) for at, table in enumerate(tables, 1)),
        missing=tuple(_fact(name, found) for name in found["missing_facts"]),
        duties=tuple(_duty(each) for each in found["duties"]),
        cannot_show=tuple(found["cannot_show"]),
    )


def _duty(each: Plain) -> tuple[str, str, str]:
    told = "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in each["facts"].items() if value is not None)
    missing = ", ".join(name.replace("_", " ") for name in each["missing"])
    return each["article"], each["text"], told + (("; " if told else "") + f"not given: {missing}" if missing else "")


def _fact(name: str, found: Plain) -> str:
    told = found["facts"].get(name)
    return str(told["title"]) if told else name.replace("_", " ")


def _claim(rule: str, at: int, table: Plain) -> Claim:
    title = f"{table['title']}, {table['decider']}"
    flags = table.get("flags", [])
    sentence = table.get("refused") or (
        f"{len(flags)} {'category is' if len(flags) == 1 else 'categories are'} under the limit."
        if flags
        else "No category is under the limit."
    )
    drawn = [
        point_row(each["category"], each, [("impact_ratio", None)])
        for each in table["rows"]
        if each["impact_ratio"] is not None
    ]
    chart = PointChart(title, ("impact ratio",), drawn, lambda value: f"{value:g}", limit=0.8, limit_name="four fifths")
    columns = (
        Column("Category", is_number=False), Column("Cases"), Column("Selected"), Column("Rate"),
        Column("Impact ratio", "impact_ratio"), Column("Note", is_number=False),
    )  # fmt: skip
    cells = tuple(_cells(each) for each in [*table["rows"], *table["excluded"]])
    shown = chart if len(drawn) > 1 else None
    return Claim(f"{rule}-{at}", title, sentence, shown, Table(columns, cells, note=_left_out(table)), is_folded=True)


def _left_out(table: Plain) -> str:
    if table.get("refused"):
        return ""
    unknown, hidden = table["n_unknown"], table["suppressed"]
    return f"Category unknown, left out: {whole(unknown) if unknown is not None else 'suppressed'}. " + (
        f"Suppressed categories: {hidden}." if hidden else ""
    )


def _cells(each: Plain) -> tuple[Cell, ...]:
    note = each.get("justification") or ("under the limit" if each.get("is_below_limit") else "")
    return (
        Cell(each["category"], is_number=False),
        Cell(whole(each["n"])),
        Cell(whole(each["selected"]) if "selected" in each else ""),
        Cell(share(each["rate"])),
        Cell(ratio(each["impact_ratio"]) if "impact_ratio" in each else "left out"),
        Cell(str(note), is_number=False, meaning="danger" if each.get("is_below_limit") else ""),
    )

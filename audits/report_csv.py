"""A report as lines for a spreadsheet. Pure. No cell begins a formula, whatever a group is called."""

import csv
import io
from collections.abc import Iterator

from audits.report_document import Claim, Report

COLUMNS = ("section", "claim", "row", "column", "value")
# what a spreadsheet takes for the beginning of a formula
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def report_csv(report: Report) -> str:
    """Every number of the report, a line each: section, claim, row, column, value."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    for section in report.sections:
        for claim in section.claims:
            lines.writerows(tuple(map(safe, line)) for line in _lines(section.title, claim))
    for rule in report.rules:
        for claim in rule.claims:
            lines.writerows(tuple(map(safe, line)) for line in _lines(rule.name, claim))
    return text.getvalue()


def safe(cell: str) -> str:
    """The cell with an apostrophe before what would be a formula; signed numbers stay numbers."""
    if cell.startswith(FORMULA) and not _is_number(cell):
        return f"'{cell}"
    return cell


def _is_number(cell: str) -> bool:
    digits = cell[1:].replace(".", "", 1)
    return digits.isascii() and digits.isdigit()


def _lines(section: str, claim: Claim) -> Iterator[tuple[str, ...]]:
    titles = [column.title for column in claim.table.columns]
    # a title that stands twice is told apart by what stands before it
    named = [f"{titles[at - 1]}, {title}" if titles.count(title) > 1 else title for at, title in enumerate(titles)]
    for row in claim.table.rows:
        for title, cell in zip(named[1:], row[1:], strict=True):
            if cell.text:
                value = cell.text.replace("\u202f", "").replace("\u2212", "-")
                yield section, claim.title, row[0].text, title, value

"""A report on paper: the same report as the page, set by Typst, which needs nothing of the system and no network.

The words travel as data beside a fixed template, so nothing in them is ever read as markup. The same report gives the
same bytes.
"""

import dataclasses
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import typst

from audits.report_document import Claim, Report

TEMPLATE = Path(__file__).with_name("report.typ")


def report_pdf(report: Report, *, beside: Mapping[str, Any]) -> bytes:
    """The report as PDF. `beside`: title, organisation, cover (pairs), hashes, findings and the signature."""
    content = orjson.dumps(_plain(report) | dict(beside))
    pdf: bytes = typst.compile(
        TEMPLATE.read_bytes(), font_paths=_fonts(), sys_inputs={"report": content.decode()}, timestamp=0
    )
    return pdf


@cache
def _fonts() -> Any:
    """Those that come with Typst: the same pages on every machine."""
    return typst.Fonts(include_system_fonts=False)


def _plain(report: Report) -> dict[str, Any]:
    parts = {
        field.name: getattr(report, field.name)
        for field in dataclasses.fields(report)
        if field.name not in ("sections", "rules")
    }
    return parts | {
        "headlines": [dataclasses.asdict(each) for each in report.headlines],
        "sections": [
            {"title": each.title, "intro": each.intro, "claims": [_claim(claim) for claim in each.claims]}
            for each in report.sections
        ],
        "rules": [
            {
                "name": each.name,
                "about": each.about,
                "text": each.text,
                "claims": [_claim(claim) for claim in each.claims],
                "duties": each.duties,
                "missing": each.missing,
                "cannot_show": each.cannot_show,
            }
            for each in report.rules
        ],
    }


def _claim(claim: Claim) -> dict[str, Any]:
    table = claim.table
    return {
        "title": claim.title,
        "sentence": claim.sentence,
        "svg": claim.drawn(standalone=True),
        "table": {
            "columns": [{"title": column.title, "is_number": column.is_number} for column in table.columns],
            "rows": [[{"text": cell.text, "meaning": cell.meaning} for cell in row] for row in table.rows],
            "note": table.note,
        },
    }

"""From what an audit found to a report that people read: question, population, answer, claims with chart and table.

Pure: the document of `audits.fairness` and what is known of the audit in, sections out. The page, the PDF and the CSV
present the same report. A number is linked to its definition and, where it counts cases, to them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from audits.charts import LineChart, PointChart, draw
from audits.report_words import (
    DEFINED,
    certainty_words,
    group_words,
    is_single,
    named_people,
    ratio,
    share,
    size_words,
    stage_sentence,
    whole,
)

Plain = Mapping[str, Any]
HEADLINES = 3
# what still fits a page; the table tells the rest
MOST_ROWS = 24


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: what it says, whether it is a number, a meaning (warning, danger, soft), and the cases behind it."""

    text: str
    is_number: bool = True
    meaning: str = ""
    cases: Mapping[str, str] | None = None

    @property
    def query(self) -> str:
        """Which cases, as the query of an address."""
        return urlencode(self.cases or {})


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, and which definition says what it means."""

    title: str
    definition: str = ""
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows of cells; the first cell of a row names it."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim: a sentence, a chart that shows it, the table beside it. `folded`: read where it is wanted."""

    anchor: str
    title: str
    sentence: str
    chart: PointChart | LineChart | None
    table: Table
    is_folded: bool = False

    @property
    def svg(self) -> str:
        """The chart as markup in which every word is escaped; none where it would be longer than a page."""
        return self.drawn(standalone=False)

    def drawn(self, *, standalone: bool) -> str:
        """The same, with the colours of paper inside or without."""
        if self.chart is None or (isinstance(self.chart, PointChart) and not 0 < len(self.chart.rows) <= MOST_ROWS):
            return ""
        return draw(self.chart, standalone=standalone)


@dataclass(frozen=True, slots=True)
class Section:
    """Claims of one kind, under one title."""

    anchor: str
    title: str
    intro: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Headline:
    """One of the first things to read: what was found, how large, how certain."""

    severity: str
    text: str
    size: str
    certainty: str


@dataclass(frozen=True, slots=True)
class RulePart:
    """One rule set: what it is, its tables, what is missing, what it cannot show."""

    anchor: str
    name: str
    about: str
    text: str
    claims: tuple[Claim, ...]
    missing: tuple[str, ...]
    duties: tuple[tuple[str, str, str], ...]
    cannot_show: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Meta:
    """What is known of an audit beside its numbers. `people`: names of reviewers and queues by their ids."""

    title: str
    case_type: str
    attributes: tuple[str, ...]
    since: datetime
    until: datetime
    known_on: datetime
    narrowed: tuple[str, ...]
    truth: str
    favourable: tuple[str, ...]
    unfavourable: tuple[str, ...]
    minimum_cell: int
    reference: str
    forgotten: int
    population_sha256: str
    report_sha256: str
    people: Mapping[str, str] = field(default_factory=dict)
    fact_titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """All of it, in the order in which it is read."""

    question: str
    population: tuple[tuple[str, str], ...]
    answer: tuple[str, str]
    headlines: tuple[Headline, ...]
    sections: tuple[Section, ...]
    rules: tuple[RulePart, ...]
    definitions: tuple[tuple[str, str, str], ...]
    limits: tuple[str, ...]


def first_page(document: Plain, *, meta: Meta) -> tuple[str, tuple[str, str], tuple[Headline, ...]]:
    """The question, its answer in two sentences, and the findings that weigh most."""
    attributes = " and ".join(group_words(name) for name in meta.attributes)
    question = f"Do decisions on {meta.case_type} treat people differently by {attributes}, and where does it begin?"
    return question, (_first_sentence(document), _second_sentence(document)), _headlines(document, meta)


def population_words(document: Plain, *, meta: Meta) -> tuple[tuple[str, str], ...]:
    """The population in terms and what they are."""
    days = f"{meta.since.day} {meta.since:%B %Y} to {meta.until.day} {meta.until:%B %Y} (the last day left out)"
    known = f"{meta.known_on.day} {meta.known_on:%B %Y, %H:%M %Z}"
    return (
        ("Cases", f"{whole(document['n'])} decided cases of {meta.case_type}"),
        ("Decided", days),
        ("Narrowed to", "; ".join(meta.narrowed) or "nothing: every decided case of the period"),
        ("Favourable", ", ".join(meta.favourable)),
        ("Unfavourable", ", ".join(meta.unfavourable)),
        ("Truth", TRUTHS[meta.truth]),
        ("As known on", known),
        ("Compared with", meta.reference),
    )


TRUTHS = {
    "outcomes": "what turned out to be true, as posted outcomes say",
    "adjudication": "what adjudicators decided, corrected for who was looked at",
    "gold": "approved known answers, corrected for who was looked at",
    "none": "not asked: no error rates",
}


def limits_of(document: Plain, *, meta: Meta) -> tuple[str, ...]:
    """What the data cannot say."""
    limits = [
        str(document["note"]),
        f"Groups with fewer than {meta.minimum_cell} cases are suppressed, and so is what would let them be computed.",
        "People whose group is not known are counted as unknown, shown apart, and compared with nobody.",
        _tests_said(document),
        "A difference is no proof of its cause; none where the numbers are small is no proof of its absence.",
        "What an audit shows is arithmetic on recorded decisions. It says of no law that it is complied with.",
    ]
    if meta.truth != "none":
        limits.append("Error rates rest on the cases whose truth is known, which may not be like the others.")
    if meta.forgotten:
        limits.append(
            f"{whole(meta.forgotten)} people were erased after this audit: their rows are gone, the counts remain."
        )
    return tuple(limits)


def _tests_said(document: Plain) -> str:
    tests = document["tests"]
    rate = share(tests["false_discovery_rate"])
    return f"{tests['number']} tests were made; of all findings at most {rate} are expected to be chance."


def definitions_of(document: Plain) -> tuple[tuple[str, str, str], ...]:
    """Every term that a table links to."""
    return tuple((name, title, sentence) for name, (title, sentence) in DEFINED.items())


def _first_sentence(document: Plain) -> str:
    final = document["deciders"]["final decision"]
    overall = final["overall"]
    said = f"Of {whole(final['n'])} final decisions {share(overall.get('favourable_rate'))} were favourable"
    lowest = lowest_group(document)
    if lowest is None:
        return f"{said}; no two groups are large enough to be compared."
    attribute, group, found, best = lowest
    return (
        f"{said}; by {group_words(attribute)}, {group} got them {ratio(found['impact_ratio'])} times as often as {best}"
        f"{', under four fifths' if found.get('below_four_fifths') else ''}."
    )


def lowest_group(document: Plain) -> tuple[str, str, Plain, str] | None:
    """By a single attribute, who has the lowest impact ratio of final decisions: attribute, name, numbers, the best."""
    found = [
        (entry["impact_ratio"], attribute, group, entry, audit["best_group"])
        for attribute, audit in document["deciders"]["final decision"]["audits"].items()
        if len(audit["attrs"]) == 1
        for group, entry in audit["groups"].items()
        if entry.get("impact_ratio") is not None and group != audit["best_group"]
    ]
    return min(found, key=lambda each: each[:3])[1:] if found else None


def _second_sentence(document: Plain) -> str:
    entered = [
        (attribute, group, told["enters"])
        for attribute, groups in sorted((document.get("stages") or {}).items())
        if is_single(attribute)
        for group, told in sorted(groups.items())
        if told.get("enters")
    ]
    if entered:
        return stage_sentence(entered)
    if document["findings"]:
        return "Differences hold after correction for all tests, and no single stage explains them."
    return "No difference holds after correction for all tests: what is seen may be chance."


def _headlines(document: Plain, meta: Meta) -> tuple[Headline, ...]:
    return tuple(
        Headline(
            severity=found["severity"],
            text=named_people(found["text"], people=meta.people),
            size=size_words(found),
            certainty=certainty_words(found),
        )
        for found in weightiest(document["findings"])[:HEADLINES]
    )


def weightiest(findings: Sequence[Plain]) -> list[Plain]:
    """Findings as they are told: where it begins, then what it comes to; of each group the first of a kind alone."""
    order = {"stage": 0, "favourable_rate": 1, "tpr": 2, "fpr": 2, "reviewer": 3, "queue": 3}
    ranked = sorted(
        findings,
        key=lambda found: (
            len(found["attributes"]), order.get(found["kind"], 4), found["decider"] != "final decision",
        ),
    )  # fmt: skip
    told: dict[tuple[str, str], Plain] = {}
    for found in ranked:
        told.setdefault((found["kind"], found["group"]), found)
    return list(told.values())


def report_of(document: Plain, *, meta: Meta, sections: tuple[Section, ...], rules: tuple[RulePart, ...]) -> Report:
    """The whole report, around sections that were made of the same document."""
    question, answer, headlines = first_page(document, meta=meta)
    return Report(
        question=question,
        population=population_words(document, meta=meta),
        answer=answer,
        headlines=headlines,
        sections=sections,
        rules=rules,
        definitions=definitions_of(document),
        limits=limits_of(document, meta=meta),
    )

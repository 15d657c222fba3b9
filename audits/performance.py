"""Figures that people steer by: quality, efficiency and business, each with its n, its interval and its definition.

Plain counts in, figures out; no ORM, no clock. Shares have Wilson intervals, the mean mark one by its standard
error. What rests on nothing is None, never 0.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from math import sqrt
from typing import Literal

from reviews.quality.intervals import share_of

Unit = Literal["share", "count", "seconds", "rate", "money", "ratio", "mark"]
Family = Literal["quality", "efficiency", "business"]
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted over a set of decided cases.

    `known` cases have an outcome; `same` of them were judged by the model and by people as well, and the three
    `…_wrong_same` are the errors there. Seconds are of people's active time (`worked`, over `timed` judgments)
    and from submission to the first decision (`median`, `late`: the ninetieth percentile).
    """

    decided: int = 0
    automatic: int = 0
    known: int = 0
    wrong: int = 0
    automatic_known: int = 0
    automatic_wrong: int = 0
    edge: int = 0
    edge_known: int = 0
    edge_wrong: int = 0
    same: int = 0
    model_wrong_same: int = 0
    people_wrong_same: int = 0
    wrong_same: int = 0
    overturned: int = 0
    median: float | None = None
    late: float | None = None
    judgments: int = 0
    timed: int = 0
    worked: float = 0.0
    clocks: int = 0
    kept: int = 0
    marks: int = 0
    stars: int = 0
    squares: int = 0


COUNTED = [each.name for each in fields(Counts)]


@dataclass(frozen=True, slots=True)
class Rates:
    """What was declared of the cost of one case type: money a decision before, an hour, an automatic decision."""

    currency: str
    decision: float
    hour: float
    automatic: float


@dataclass(frozen=True, slots=True)
class Money:
    """What decisions cost and would have cost before; None where there is no baseline, or several currencies."""

    currency: str
    decided: int
    spent: float
    before: float


@dataclass(frozen=True, slots=True)
class Definition:
    """One figure: how it is called, and what exactly it says. `better` is the direction that people want."""

    key: str
    family: Family
    title: str
    unit: Unit
    says: str
    better: Literal["up", "down", ""] = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One value with the n that it rests on and, where it is an estimate, its 95 % interval."""

    definition: Definition
    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    currency: str = ""


DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "error", "quality", "Wrong decisions", "share",
        "Decisions that differ from the outcome, of all decisions whose outcome is known. The latest outcome counts, "
        "and the first decision.", "down",
    ),
    Definition(
        "error_model", "quality", "Model alone", "share",
        "How often the model's most probable label differs from the outcome, on cases that the model, people and the "
        "platform all answered and whose outcome is known: the same cases for all three.", "down",
    ),
    Definition(
        "error_people", "quality", "People alone", "share",
        "How often the majority of the reviewers differs from the outcome, on the same cases.", "down",
    ),
    Definition(
        "error_combined", "quality", "Combined", "share",
        "How often the decision differs from the outcome, on the same cases.", "down",
    ),
    Definition(
        "error_automatic", "quality", "Wrong automatic decisions", "share",
        "Decisions that no person saw before and that differ from the outcome, of those whose outcome is known.",
        "down",
    ),
    Definition(
        "edge", "quality", "Edge cases", "share",
        "Cases that were routed to people for any reason but a random check, of all decided cases.",
    ),
    Definition(
        "error_edge", "quality", "Wrong on edge cases", "share",
        "Decisions on edge cases that differ from the outcome, of those whose outcome is known.", "down",
    ),
    Definition(
        "overturned", "quality", "Overturned", "share",
        "Cases whose decision now has another label than the first one: by appeal, override or a new review.", "down",
    ),
    Definition(
        "decided", "efficiency", "Cases decided", "count", "Cases whose first decision fell in the period.", "up",
    ),
    Definition(
        "automation", "efficiency", "Decided automatically", "share",
        "Cases that the model decided and that no person saw before the decision. Held and then approved is not "
        "automatic.", "up",
    ),
    Definition(
        "time", "efficiency", "Time to decision", "seconds",
        "Median of the time from submission to the first decision; half of all cases took less.", "down",
    ),
    Definition(
        "time_late", "efficiency", "Nine of ten within", "seconds",
        "Nine in ten cases had their first decision within this time of their submission.", "down",
    ),
    Definition(
        "handling", "efficiency", "Active time a judgment", "seconds",
        "Mean of the time that reviewers were active on a case they judged: the page visible and in use.", "down",
    ),
    Definition(
        "pace", "efficiency", "Judgments an hour", "rate",
        "Judgments for each hour of reviewers' active time.", "up",
    ),
    Definition(
        "sla", "business", "Within service level", "share",
        "Cases answered before their service level's time ran out, of those that had one and are answered or late.",
        "up",
    ),
    Definition(
        "cost", "business", "Cost a decision", "money",
        "Reviewers' active hours and automatic decisions at the declared rates, for each decided case.", "down",
    ),
    Definition(
        "saving", "business", "Saved", "money",
        "What the decisions would have cost by the declared baseline, less what they cost.", "up",
    ),
    Definition(
        "roi", "business", "Return", "ratio",
        "What was saved for each unit of money spent on deciding; the platform's own running cost is not known here.",
        "up",
    ),
    Definition(
        "satisfaction", "business", "Subjects' mark", "mark",
        "Mean of the marks from 1 to 5 that subjects gave, the last one of each case.", "up",
    ),
)  # fmt: skip
BY_KEY = {each.key: each for each in DEFINITIONS}


def figures(counts: Counts, *, money: Money | None = None) -> dict[str, Figure]:
    """Every figure of a set of cases, by key, in the order of DEFINITIONS."""
    shares = {
        "error": (counts.wrong, counts.known),
        "error_model": (counts.model_wrong_same, counts.same),
        "error_people": (counts.people_wrong_same, counts.same),
        "error_combined": (counts.wrong_same, counts.same),
        "error_automatic": (counts.automatic_wrong, counts.automatic_known),
        "edge": (counts.edge, counts.decided),
        "error_edge": (counts.edge_wrong, counts.edge_known),
        "overturned": (counts.overturned, counts.decided),
        "automation": (counts.automatic, counts.decided),
        "sla": (counts.kept, counts.clocks),
    }
    found = {key: _share(key, *pair) for key, pair in shares.items()}
    found["decided"] = Figure(BY_KEY["decided"], counts.decided, counts.decided)
    found["time"] = Figure(BY_KEY["time"], counts.median, counts.decided)
    found["time_late"] = Figure(BY_KEY["time_late"], counts.late, counts.decided)
    found["handling"] = _quotient("handling", counts.worked, counts.timed, n=counts.timed)
    found["pace"] = _quotient("pace", counts.timed * 3600, counts.worked, n=counts.timed)
    found |= _money(money)
    found["satisfaction"] = _mark(counts)
    return {each.key: found[each.key] for each in DEFINITIONS}


def money_of(rows: Iterable[tuple[str, Counts]], *, rates: Mapping[str, Rates]) -> Money | None:
    """What cases cost, by case type; None where a type has no baseline, or the types have several currencies.

    Judgments whose time is not known are taken to be as long as the others of their type.
    """
    parts = [(counts, rates.get(key)) for key, counts in rows if counts.decided]
    declared = [(counts, rate) for counts, rate in parts if rate is not None]
    currencies = {rate.currency for _, rate in declared}
    if not parts or len(declared) < len(parts) or len(currencies) != 1:
        return None
    spent = sum(_hours(counts) * rate.hour + counts.automatic * rate.automatic for counts, rate in declared)
    before = sum(counts.decided * rate.decision for counts, rate in declared)
    return Money(currencies.pop(), sum(counts.decided for counts, _ in declared), spent, before)


def _hours(counts: Counts) -> float:
    mean = counts.worked / counts.timed if counts.timed else 0.0
    return (counts.worked + mean * (counts.judgments - counts.timed)) / 3600


def _share(key: str, count: int, total: int) -> Figure:
    share = share_of(count, total)
    if share.share is None:
        return Figure(BY_KEY[key], None, 0)
    return Figure(BY_KEY[key], share.share, total, share.low, share.high)


def _quotient(key: str, above: float, below: float, *, n: int) -> Figure:
    return Figure(BY_KEY[key], above / below if below else None, n)


def _money(money: Money | None) -> dict[str, Figure]:
    if money is None:
        return {key: Figure(BY_KEY[key], None, 0) for key in ("cost", "saving", "roi")}
    saved, n, currency = money.before - money.spent, money.decided, money.currency
    return {
        "cost": Figure(BY_KEY["cost"], money.spent / n, n, currency=currency),
        "saving": Figure(BY_KEY["saving"], saved, n, currency=currency),
        "roi": Figure(BY_KEY["roi"], saved / money.spent if money.spent else None, n),
    }


def _mark(counts: Counts) -> Figure:
    n = counts.marks
    if not n:
        return Figure(BY_KEY["satisfaction"], None, 0)
    mean = counts.stars / n
    if n == 1:
        return Figure(BY_KEY["satisfaction"], mean, n)
    spread = _Z * sqrt(max(0.0, counts.squares - n * mean * mean) / (n - 1) / n)
    return Figure(BY_KEY["satisfaction"], mean, n, max(1.0, mean - spread), min(5.0, mean + spread))

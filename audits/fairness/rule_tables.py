"""The table of a rule: n, selected, rate and ratio of every category, who is left out and why, who is under the limit.

NYC's rule (6 RCNY §5-300 to 304) in general form: the unknown are counted and left out, the ratio is to the highest
rate, a small category may be left out only with its number, its rate and a justification in print. Who may not be shown
because the group is too small for the audit's own minimum is not shown here either.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from audits.fairness import disparities
from audits.fairness.comparison import rest_of
from audits.fairness.cube import NEGATIVE, POSITIVE, Cube, Floats, Integers, Mask
from audits.fairness.intervals import newcombe_bounds, wilson_bounds
from audits.fairness.metrics import answer_table, confusion, groups_of, rate, set_name
from audits.fairness.plan import Plan
from audits.fairness.rendering import pairs_of, plain, plains
from audits.fairness.significance import difference_test
from audits.fairness.suppression import suppressed_cells

Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the data as two integers, so that its boundary is exact."""

    over: int
    under: int


@dataclass(frozen=True, slots=True)
class RuleTable:
    """What a rule asks: which attributes, "selection" or "scoring" rate, the limit, which categories count as small."""

    title: str
    attributes: tuple[str, ...]
    rate: str
    limit: tuple[int, int] | None
    small: Share | None
    is_tested: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """Categories of a table: how many, how many favoured, who is known, shown, small, left out."""

    labels: tuple[str, ...]
    k: Integers
    n: Integers
    known: Mask
    hidden: Mask
    small: Mask
    excluded: Mask

    @property
    def kept(self) -> Mask:
        """Who is compared."""
        return self.known & ~self.hidden & ~self.excluded & (self.n > 0)


def impact_table(
    cube: Cube,
    *,
    table: RuleTable,
    attributes: tuple[str, ...],
    decider: str,
    plan: Plan,
    justifications: Mapping[str, str],
) -> Plain:
    """The table as plain values. justifications: for each small category that is left out, why.

    Raises ValueError where one is to be left out that is not small, or without a word of justification.
    """
    tally = tally_of(
        cube, table=table, attributes=attributes, decider=decider, plan=plan, justifications=justifications
    )
    rates = rate((tally.k, tally.n))
    ratios = disparities.ratios_to_best(rates, compared=tally.kept)
    best = int(np.argmax(np.where(tally.kept, rates, -1.0))) if tally.kept.any() else None
    under = under_limit(tally, best=best, limit=table.limit)
    tests = tested_columns(tally, plan=plan) if table.is_tested else {}
    rows = rows_of(tally, rates=rates, ratios=ratios, under=under, tests=tests, plan=plan)
    return {
        "title": table.title,
        "decider": decider,
        "rate": table.rate,
        "attributes": list(attributes),
        "set": set_name(attributes),
        "n_unknown": int(tally.n[~tally.known].sum()) if not (tally.hidden & ~tally.known).any() else None,
        "most_selected": None if best is None else tally.labels[best],
        "limit": None if table.limit is None else list(table.limit),
        "rows": rows,
        "excluded": excluded_rows(tally, rates=rates, justifications=justifications),
        "suppressed": int(tally.hidden.sum()),
        "flags": flags_of(tally, ratios=ratios, under=under, shown={"decider": decider, "set": set_name(attributes)}),
    }


def under_limit(tally: Tally, *, best: int | None, limit: tuple[int, int] | None) -> Mask:
    """Who lies under the rule's limit of the best; nobody where there is no limit or nobody to compare with."""
    if best is None or limit is None:
        return np.zeros(len(tally.n), dtype=bool)
    return disparities.below_limit(tally.k, n=tally.n, best=best, limit=limit) & tally.kept


def flags_of(tally: Tally, *, ratios: Floats, under: Mask, shown: Plain) -> list[Plain]:
    """Each category under the limit, with what is shown beside it."""
    return [
        {"category": tally.labels[place], "impact_ratio": plain(float(ratios[place])), **shown}
        for place in np.flatnonzero(under).tolist()
    ]


def tally_of(
    cube: Cube,
    *,
    table: RuleTable,
    attributes: tuple[str, ...],
    decider: str,
    plan: Plan,
    justifications: Mapping[str, str],
) -> Tally:
    """Count the categories and mark them. A scoring rate counts the positive answers: scores above the median."""
    answered = cube.where(cube.answered([decider]))
    groups = groups_of(answered, attributes=attributes)
    favourable = POSITIVE if table.rate == "scoring" or plan.favourable == POSITIVE else NEGATIVE
    counts = confusion(answer_table(answered, groups=groups, decider=decider), favourable=favourable)
    hidden = suppressed_cells(answered, sets=[*plan.sets_of(answered), attributes], minimum=plan.minimum_cell)
    n = counts.n
    small = np.zeros(len(n), dtype=bool)
    if table.small is not None:
        # of the data that is used: the unknown are none of it
        small = n * table.small.under < table.small.over * int(n[groups.known].sum())
    excluded = np.zeros(len(n), dtype=bool)
    for place, label in enumerate(groups.labels):
        if label in justifications:
            if not small[place] or not justifications[label].strip():
                raise ValueError(f"{label} may be left out only as a small category, with a justification")
            excluded[place] = True
    return Tally(groups.labels, counts.favourable_n, n, groups.known, hidden[attributes][groups.cells], small, excluded)


def tested_columns(tally: Tally, *, plan: Plan) -> dict[str, list[Any]]:
    """How each category differs from the rest: in points with an interval, and whether chance explains it."""
    pair = (tally.k, tally.n)
    rest = rest_of(pair, compared=tally.kept)
    tested = difference_test(pair, rest)
    return {
        "difference": plains(rate(pair) - rate(rest)),
        "difference_interval": pairs_of(newcombe_bounds(pair, rest, confidence=plan.confidence)),
        "p": plains(tested.p),
        "test": [name or None for name in tested.test.tolist()],
    }


def rows_of(
    tally: Tally, *, rates: Floats, ratios: Floats, under: Mask, tests: Mapping[str, list[Any]], plan: Plan
) -> list[Plain]:
    """A row for every category that is compared."""
    share = rate((tally.n, np.full(len(tally.n), int(tally.n[tally.known].sum()))))
    columns: dict[str, list[Any]] = {
        "category": list(tally.labels),
        "n": tally.n.tolist(),
        "selected": tally.k.tolist(),
        "rate": plains(rates),
        "interval": pairs_of(wilson_bounds((tally.k, tally.n), confidence=plan.confidence)),
        "impact_ratio": plains(ratios),
        "share": plains(share),
        "is_small": tally.small.tolist(),
        "is_below_limit": under.tolist(),
        **tests,
    }
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return [row for row, kept in zip(rows, tally.kept, strict=True) if kept]


def excluded_rows(tally: Tally, *, rates: Floats, justifications: Mapping[str, str]) -> list[Plain]:
    """Who is left out: the number, the rate and the justification, as the rule wants them printed."""
    return [
        {"category": tally.labels[place], "n": int(tally.n[place]), "rate": plain(float(rates[place])),
         "justification": justifications[tally.labels[place]]}
        for place in np.flatnonzero(tally.excluded & ~tally.hidden).tolist()
    ]  # fmt: skip

"""One decider, one attribute set: every group's counts and rates, and how they stand against each other."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from audits.fairness import disparities
from audits.fairness.cube import Cube, Floats, Integers, Mask
from audits.fairness.disparities import Comparators
from audits.fairness.intervals import (
    Bounds,
    Spread,
    bootstrap_spreads,
    newcombe_bounds,
    ratio_bounds,
    spread,
    wilson_bounds,
)
from audits.fairness.metrics import Confusion, Groups, Pair, answer_table, confusion, groups_of, rate
from audits.fairness.plan import Plan
from audits.fairness.significance import ChiSquare, Tested, chi_square, difference_test, fisher, pooled_z

# differences of these are shown with an interval and tested
TESTED = ("favourable_rate", "tpr", "fpr")
SPREADS = ("selection_rate", "favourable_rate", "tpr", "fpr")
SMALL_SHARE = (2, 100)


@dataclass(frozen=True, slots=True)
class Against:
    """Groups against one other group (or all the rest): differences with intervals, and tests, by rate."""

    difference: Mapping[str, Floats]
    bounds: Mapping[str, Bounds]
    tested: Mapping[str, Tested]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything about one attribute set and one decider, an element per group."""

    groups: Groups
    hidden: Mask
    compared: Mask
    counts: Confusion
    pairs: Mapping[str, Pair]
    rates: Mapping[str, Floats]
    bounds: Mapping[str, Bounds]
    to: Comparators
    impact: Floats
    impact_bounds: Bounds
    impact_without_small: Floats
    below: Mask
    lacking: Integers
    share: Floats
    under_share: Mask
    fisher_to_best: Floats
    z_to_best: Floats
    against: Against
    spreads: Mapping[str, Spread]
    spread_bounds: Mapping[str, tuple[float, float]]
    chi: ChiSquare | None


def compare(cube: Cube, *, attributes: tuple[str, ...], decider: str, plan: Plan, hidden: Mask) -> Comparison:
    """Count, rate and compare. hidden: cells of the attributes' full grid that may not be shown."""
    groups = groups_of(cube, attributes=attributes)
    counts = confusion(answer_table(cube, groups=groups, decider=decider), favourable=plan.favourable)
    concealed = hidden[groups.cells]
    compared = groups.known & ~concealed
    pairs = counts.pairs()
    k, n = pairs["favourable_rate"]
    to = disparities.comparators(groups, k=k, n=n, compared=compared, reference=plan.reference)
    together = stacked(pairs)
    rates = by_name(pairs, values=rate(together))
    lows, highs = (by_name(pairs, values=side) for side in wilson_bounds(together, confidence=plan.confidence))
    share = rate((n, np.full(len(n), n.sum())))
    under = (n * SMALL_SHARE[1] < SMALL_SHARE[0] * n.sum()) & (n > 0)
    return Comparison(
        groups=groups,
        hidden=concealed,
        compared=compared,
        counts=counts,
        pairs=pairs,
        rates=rates,
        bounds={name: (lows[name], highs[name]) for name in pairs},
        to=to,
        share=share,
        under_share=under,
        impact_without_small=without_small(rates["favourable_rate"], compared=compared, under=under),
        **to_best((k, n), to=to, rates=rates["favourable_rate"], compared=compared, plan=plan),
        against=against_others(pairs, to=to, compared=compared, plan=plan),
        spreads={name: spread(values, compared=compared) for name, values in rates.items()},
        spread_bounds=bootstrap_spreads(
            {name: pairs[name] for name in SPREADS},
            compared=compared & (n > 0),
            random=np.random.default_rng([plan.seed, zlib.crc32(f"{decider}\n{groups.name}".encode())]),
            replicates=plan.replicates,
            confidence=plan.confidence,
        ),
        chi=chi_square((k[compared], n[compared])),
    )


def to_best(pair: Pair, *, to: Comparators, rates: Floats, compared: Mask, plan: Plan) -> dict[str, Any]:
    """How each group stands against the best: the parts of a Comparison that say so, by name."""
    k, n = pair
    best = one_of(pair, to.best)
    nobody = np.zeros(len(n), dtype=np.int64)
    return {
        "impact": disparities.ratios_to_best(rates, compared=compared),
        "impact_bounds": ratio_bounds(pair, best, confidence=plan.confidence),
        "below": below(k, n=n, to=to, plan=plan) & (n > 0),
        "lacking": nobody if to.best is None else disparities.shortfall(k, n=n, best=to.best, limit=plan.limit),
        "fisher_to_best": fisher(pair, best),
        "z_to_best": pooled_z(pair, best),
    }


def one_of(pair: Pair, place: int | None) -> Pair:
    """One group's counts, to stand against all; nothing where there is no such group."""
    k, n = pair
    if place is None:
        return np.zeros_like(k), np.zeros_like(n)
    return np.full_like(k, k[place]), np.full_like(n, n[place])


def rest_of(pair: Pair, *, compared: Mask) -> Pair:
    """For each group, all compared groups but itself."""
    k, n = (np.where(compared, part, 0) for part in pair)
    return k.sum() - k, n.sum() - n


def other_side(pair: Pair, *, to: Comparators, compared: Mask, plan: Plan) -> Pair:
    """Whom a test compares a group with: the reference group, or everybody else where that is the best.

    The best group is chosen by the very numbers that are tested: against it, chance alone would be significant.
    """
    return rest_of(pair, compared=compared) if plan.reference == "best" else one_of(pair, to.reference)


def against_others(pairs: Mapping[str, Pair], *, to: Comparators, compared: Mask, plan: Plan) -> Against:
    """Differences, intervals and tests of the tested rates."""
    chosen = {name: pairs[name] for name in TESTED}
    own = stacked(chosen)
    other = stacked({name: other_side(pair, to=to, compared=compared, plan=plan) for name, pair in chosen.items()})
    low, high = newcombe_bounds(own, other, confidence=plan.confidence)
    tested = difference_test(own, other)
    return Against(
        difference=by_name(chosen, values=rate(own) - rate(other)),
        bounds={name: (low[place], high[place]) for place, name in enumerate(TESTED)},
        tested={name: Tested(tested.p[place], tested.test[place]) for place, name in enumerate(TESTED)},
    )


def stacked(pairs: Mapping[str, Pair]) -> Pair:
    """All rates in one array, (rates, groups): computed at once."""
    return np.stack([k for k, _ in pairs.values()]), np.stack([n for _, n in pairs.values()])


def by_name(pairs: Mapping[str, Pair], *, values: Floats) -> dict[str, Floats]:
    """And apart again."""
    return dict(zip(pairs, values, strict=True))


def below(k: Integers, *, n: Integers, to: Comparators, plan: Plan) -> Mask:
    """Who is under the limit of the best; nobody where there is no best."""
    if to.best is None:
        return np.zeros(len(n), dtype=bool)
    return disparities.below_limit(k, n=n, best=to.best, limit=plan.limit)


def without_small(rates: Floats, *, compared: Mask, under: Mask) -> Floats:
    """Impact ratios where groups of under two in a hundred are left out; NaN for themselves."""
    kept = compared & ~under
    return np.where(kept, disparities.ratios_to_best(rates, compared=kept), np.nan)

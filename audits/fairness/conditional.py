"""Groups compared among cases that are alike: Mantel-Haenszel over strata of declared legitimate factors.

Odds ratio: Mantel and Haenszel (1959) with the variance of Robins, Breslow and Greenland (Biometrics 42, 1986). Risk
difference: Greenland and Robins (Biometrics 41, 1985). Test: Cochran, Mantel and Haenszel without a correction, where
Mantel and Fleiss' rule (1980) says that its distribution holds.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from audits.fairness.cube import NONE, Cube, Floats, Mask
from audits.fairness.intervals import normal_quantile
from audits.fairness.metrics import Groups
from audits.fairness.plan import Plan

Strata = tuple[str, ...]
ENOUGH = 5.0  # Mantel and Fleiss: so far the count must be able to lie from what is expected, both ways


@dataclass(frozen=True, slots=True)
class Stratified:
    """An element per group: cases in strata where it meets others, effects with bounds, the test's p-value."""

    n: Floats
    difference: Floats
    low: Floats
    high: Floats
    odds_ratio: Floats
    odds_low: Floats
    odds_high: Floats
    p: Floats


@dataclass(frozen=True, slots=True)
class Fourfold:
    """Strata by groups: successes and cases of the group, and of whom it is compared with."""

    k: Floats
    m: Floats
    j: Floats
    n: Floats


def stratum_table(cube: Cube, *, groups: Groups, strata: Strata, decider: str, success: int) -> tuple[Floats, Floats]:
    """Successes and answers by stratum and group: two arrays (strata, groups)."""
    grid = cube.sums((*groups.attributes, *strata, decider))
    flat = grid.reshape(int(np.prod(grid.shape[: len(groups.attributes)])), -1, grid.shape[-1])[groups.cells]
    answered = flat[:, :, :NONE].sum(axis=2)
    used = answered.sum(axis=0) > 0
    return flat[:, used, success].T, answered[:, used].T


def stratified(table: tuple[Floats, Floats], *, compared: Mask, plan: Plan, groups: Groups) -> Stratified:
    """Each group against the others within strata: the reference group, or all the rest where that is the best."""
    k, m = (np.where(compared, part, 0.0) for part in table)
    reference = chosen_group(groups, m=m, plan=plan)
    if reference is None:
        j, n = k.sum(axis=1, keepdims=True) - k, m.sum(axis=1, keepdims=True) - m
    else:
        j, n = (np.repeat(part[:, reference : reference + 1], part.shape[1], axis=1) for part in (k, m))
        m = np.where(np.arange(m.shape[1]) == reference, 0.0, m)
    return effects(Fourfold(k, m, j, n), quantile=normal_quantile(plan.confidence))


def chosen_group(groups: Groups, *, m: Floats, plan: Plan) -> int | None:
    """The place of the reference group where the rule does not depend on the answers; else None."""
    if plan.reference == "best" or not m.size:
        return None
    largest = int(np.argmax(m.sum(axis=0)))
    if isinstance(plan.reference, str):
        return largest
    label = " | ".join(plan.reference.get(name, "") for name in groups.attributes)
    return groups.labels.index(label) if label in groups.labels else largest


def effects(cells: Fourfold, *, quantile: float) -> Stratified:
    """Pooled effects of each column; NaN where no stratum holds both sides."""
    both = (cells.m > 0) & (cells.n > 0)
    k, m, j, n = (np.where(both, part, 0.0) for part in (cells.k, cells.m, cells.j, cells.n))
    total = np.where(both, m + n, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference, deviation = risk_difference(k, m=m, j=j, n=n, total=total)
        odds, spread = odds_ratio(k, m=m, j=j, n=n, total=total)
        p = cochran_mantel_haenszel(k, m=m, j=j, n=n, total=total)
        reach = np.exp(quantile * spread)
        return Stratified(
            n=m.sum(axis=0),
            difference=difference,
            low=difference - quantile * deviation,
            high=difference + quantile * deviation,
            odds_ratio=odds,
            odds_low=odds / reach,
            odds_high=odds * reach,
            p=p,
        )


def risk_difference(k: Floats, *, m: Floats, j: Floats, n: Floats, total: Floats) -> tuple[Floats, Floats]:
    """Mantel-Haenszel difference of shares, and its standard error."""
    safe_m, safe_n = np.maximum(m, 1.0), np.maximum(n, 1.0)
    weight = m * n / total
    whole = weight.sum(axis=0)
    difference = (weight * (k / safe_m - j / safe_n)).sum(axis=0) / whole
    # shares of a stratum with a half added each: a stratum without variation is not certain
    p, q = (k + 0.5) / (safe_m + 1), (j + 0.5) / (safe_n + 1)
    variance = (weight**2 * (p * (1 - p) / safe_m + q * (1 - q) / safe_n)).sum(axis=0) / whole**2
    return difference, np.sqrt(variance)


def odds_ratio(k: Floats, *, m: Floats, j: Floats, n: Floats, total: Floats) -> tuple[Floats, Floats]:
    """Common odds ratio, and the standard error of its logarithm; NaN where it has no bound."""
    right, wrong = k * (n - j) / total, (m - k) * j / total
    r, s = right.sum(axis=0), wrong.sum(axis=0)
    agree, differ = (k + n - j) / total, (m - k + j) / total
    variance = (
        (agree * right).sum(axis=0) / (2 * r**2)
        + (agree * wrong + differ * right).sum(axis=0) / (2 * r * s)
        + (differ * wrong).sum(axis=0) / (2 * s**2)
    )
    defined = (r > 0) & (s > 0)
    return np.where(defined, r / s, np.nan), np.where(defined, np.sqrt(variance), np.nan)


def cochran_mantel_haenszel(k: Floats, *, m: Floats, j: Floats, n: Floats, total: Floats) -> Floats:
    """p-values of no association within strata; NaN where there is too little to tell."""
    won = k + j
    expected = m * won / total
    variance = np.where(total > 1, m * n * won * (total - won) / (total**2 * np.maximum(total - 1, 1)), 0).sum(axis=0)
    middle = expected.sum(axis=0)
    room = np.minimum(middle - np.maximum(0, won - n).sum(axis=0), np.minimum(won, m).sum(axis=0) - middle)
    statistic = (k.sum(axis=0) - middle) ** 2 / variance
    return np.where((room >= ENOUGH) & (variance > 0), chdtrc(1, statistic), np.nan)

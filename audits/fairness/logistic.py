"""Logistic regression of a favourable answer on groups and declared factors, on counts, by Newton's method.

One row is one combination with its counts, so a million cases cost what a few thousand rows cost. Where a group or a
factor separates the answers completely no finite estimate exists: it is told as not estimable.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr

from audits.fairness.cube import NONE, Cube, Floats, Integers, Mask
from audits.fairness.intervals import normal_quantile
from audits.fairness.metrics import Groups

ROUNDS = 50
TOLERANCE = 1e-12
# keeps columns that say the same from breaking the equations; their variance then is far beyond any estimate
RIDGE = 1e-9
# an odds ratio of e to this is no estimate but a separation
SEPARATED = 15.0


@dataclass(frozen=True, slots=True)
class Fitted:
    """An element per group: odds ratios against the reference, bounds, p-values; NaN for what is not estimable."""

    reference: int
    odds_ratio: Floats
    low: Floats
    high: Floats
    p: Floats
    converged: bool


@dataclass(frozen=True, slots=True)
class Design:
    """Rows of the regression: `x` (rows, columns), successes and trials. Column 1 + i is the i-th of `members`."""

    x: Floats
    k: Floats
    n: Floats
    members: Integers


def fit_groups(
    cube: Cube,
    *,
    groups: Groups,
    factors: tuple[str, ...],
    decider: str,
    success: int,
    compared: Mask,
    reference: int,
    confidence: float,
) -> Fitted:
    """Odds of success of each compared group against the reference group, at equal factors."""
    design = design_of(cube, groups=groups, factors=factors, decider=decider, success=success, compared=compared,
                       reference=reference)  # fmt: skip
    beta, covariance, converged = maximum_likelihood(design)
    size = len(groups.labels)
    value, error = np.full(size, np.nan), np.full(size, np.nan)
    for column, member in enumerate(design.members, 1):
        spread = covariance[column, column]
        if converged and abs(beta[column]) < SEPARATED and 0 < spread < SEPARATED**2:
            value[member], error[member] = beta[column], np.sqrt(spread)
    reach = normal_quantile(confidence) * error
    p = 2 * ndtr(-np.abs(value / error))
    return Fitted(reference, np.exp(value), np.exp(value - reach), np.exp(value + reach), p, converged)


def design_of(
    cube: Cube,
    *,
    groups: Groups,
    factors: tuple[str, ...],
    decider: str,
    success: int,
    compared: Mask,
    reference: int,
) -> Design:
    """Dummies for every compared group but the reference, and for every level of each factor but its first."""
    grid = cube.sums((*groups.attributes, *factors, decider))
    flat = grid.reshape(int(np.prod(grid.shape[: len(groups.attributes)])), -1, grid.shape[-1])[groups.cells]
    n = flat[:, :, :NONE].sum(axis=2)
    group, level = np.nonzero((n > 0) & compared[:, None])
    members = np.array([place for place in np.unique(group) if place != reference], dtype=np.int64)
    columns = [np.ones(len(group)), *(np.where(group == member, 1.0, 0.0) for member in members)]
    levels = np.unravel_index(level, [cube.axis(name).size for name in factors]) if factors else ()
    for codes in levels:
        columns += [np.where(codes == code, 1.0, 0.0) for code in np.unique(codes)[1:]]
    x = np.stack(columns, axis=1) if len(group) else np.ones((0, 1))
    return Design(x, flat[group, level, success], n[group, level], members)


def maximum_likelihood(design: Design) -> tuple[Floats, Floats, bool]:
    """Coefficients, their covariance, and whether Newton's steps came to rest."""
    x, k, n = design.x, design.k, design.n
    width = x.shape[1]
    beta: Floats = np.zeros(width)
    covariance: Floats = np.full((width, width), np.nan)
    if not len(x) or not 0 < k.sum() < n.sum():
        return beta, covariance, False
    last = -np.inf
    for _ in range(ROUNDS):
        linear = x @ beta
        mean = expit(linear)
        # the logarithm of the likelihood: where it no longer grows, what still moves has no finite estimate
        now = float((k * linear - n * np.logaddexp(0, linear)).sum())
        information = (x * (n * mean * (1 - mean))[:, None]).T @ x + np.diag(np.full(width, RIDGE))
        if now - last <= TOLERANCE * (1 + abs(now)):
            covariance = np.linalg.inv(information).astype(np.float64)
            return beta, covariance, True
        last = now
        beta = np.clip(beta + np.linalg.solve(information, x.T @ (k - n * mean)), -2 * SEPARATED, 2 * SEPARATED)
    return beta, covariance, False

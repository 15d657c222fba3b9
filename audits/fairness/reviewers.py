"""How reviewers (or queues) differ: each one's gap between a group and the others, shrunk towards what all share.

Few cases say little of one reviewer. Gaps are drawn to their mean by how much they differ beyond chance (DerSimonian
and Laird, Controlled Clinical Trials 7, 1986; the shrunken values are empirical Bayes').
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from audits.fairness.conditional import Fourfold, effects
from audits.fairness.cube import NONE, Cube, Floats
from audits.fairness.intervals import normal_quantile
from audits.fairness.metrics import Groups, groups_of


@dataclass(frozen=True, slots=True)
class Spreading:
    """Gaps of those who could be measured. `who`: their codes; `group`: the place of the group in `groups`."""

    groups: Groups
    group: int
    who: list[int]
    n: Floats
    gap: Floats
    error: Floats
    p: Floats
    shrunk: Floats
    low: Floats
    high: Floats
    mean: float
    between: float  # standard deviation of true gaps between people
    heterogeneity_p: float


def gaps(
    cube: Cube, *, by: str, attributes: tuple[str, ...], strata: tuple[str, ...], favourable: int, confidence: float
) -> list[Spreading]:
    """For each known group against all others: the favourable gap of everyone who judged both, within strata.

    by: the factor that names the people ("reviewer", "queue"). strata: the truth and factors that make cases alike.
    """
    groups = groups_of(cube, attributes=attributes)
    width, count = len(attributes), cube.axis(by).size
    grid = cube.sums((*attributes, by, *strata, "judgment"))
    flat = grid.reshape(int(np.prod(grid.shape[:width])), count, -1, 4)[groups.cells]
    won, given = flat[..., favourable], flat[..., :NONE].sum(axis=-1)
    found = []
    places = [place for place, known in enumerate(groups.known) if known]
    for place in places[:1] if len(places) == 2 else places:
        others = [other for other in places if other != place]
        cells = Fourfold(won[place].T, given[place].T, won[others].sum(axis=0).T, given[others].sum(axis=0).T)
        found.append(shrunken(cells, groups=groups, place=place, confidence=confidence))
    return found


def shrunken(cells: Fourfold, *, groups: Groups, place: int, confidence: float) -> Spreading:
    """Gaps of all columns (people), and the same shrunk to their common mean."""
    quantile = normal_quantile(confidence)
    measured = effects(cells, quantile=quantile)
    error = (measured.high - measured.low) / (2 * quantile)
    there = np.isfinite(measured.difference) & np.isfinite(error) & (error > 0)
    gap, spread = measured.difference[there], error[there]
    mean, between, p = common(gap, error=spread)
    weight = between**2 / (between**2 + spread**2) if len(gap) else spread
    middle = mean + weight * (gap - mean)
    reach = quantile * np.sqrt(weight) * spread if between > 0 else np.zeros(len(gap))
    return Spreading(
        groups=groups,
        group=place,
        who=np.flatnonzero(there).tolist(),
        n=measured.n[there],
        gap=gap,
        error=spread,
        p=measured.p[there],
        shrunk=middle,
        low=middle - reach,
        high=middle + reach,
        mean=mean,
        between=between,
        heterogeneity_p=p,
    )


def common(gap: Floats, *, error: Floats) -> tuple[float, float, float]:
    """The mean of gaps, the standard deviation of the true ones, and Cochran's p that all are the same."""
    if not len(gap):
        return np.nan, 0.0, np.nan
    weight = 1 / error**2
    mean = float((weight * gap).sum() / weight.sum())
    q, degrees = float((weight * (gap - mean) ** 2).sum()), len(gap) - 1
    if not degrees:
        return mean, 0.0, np.nan
    scale = float(weight.sum() - (weight**2).sum() / weight.sum())
    between = max(0.0, (q - degrees) / scale)
    pooled = 1 / (error**2 + between)
    return float((pooled * gap).sum() / pooled.sum()), float(np.sqrt(between)), float(chdtrc(degrees, q))

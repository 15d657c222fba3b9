"""Tests of a difference, element by element, and what many tests do to each other.

Fisher's exact test is two-sided as R has it: the probabilities of all tables at most as likely as the one seen.
Benjamini and Hochberg, JRSS B 57 (1995): adjusted p-values over one family.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, gammaln, ndtr

from audits.fairness.cube import Floats, Integers, Mask
from audits.fairness.metrics import Pair, rate

SMALL_CELL = 5
# tables that are equally likely must count so, whatever the last bits of their logarithms say
EQUAL = 1e-7
# how many standard deviations from the mean are looked at: a p-value under 1e-30 is told as 0
REACH = 12.0


@dataclass(frozen=True, slots=True)
class Tested:
    """p-values with the test that gave each: "fisher", "z", or "" where nothing can be tested (p is NaN)."""

    p: Floats
    test: NDArray[np.str_]


def pooled_z(first: Pair, second: Pair) -> Floats:
    """z of the first shares less the second with the pooled variance; NaN where a group is empty or nothing varies."""
    (k, m), (j, n) = as_floats(first), as_floats(second)
    pooled = rate((k + j, m + n))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (rate((k, m)) - rate((j, n))) / np.sqrt(pooled * (1 - pooled) * (1 / m + 1 / n))
    return np.where(np.isfinite(z), z, np.nan)


def two_sided(z: Floats) -> Floats:
    """p-values of standard normal deviates."""
    p: Floats = 2 * ndtr(-np.abs(z))
    return p


def fisher(first: Pair, second: Pair) -> Floats:
    """Two-sided exact p-values of fourfold tables (k of m against j of n); NaN where a group is empty."""
    (k, m), (j, n) = (
        tuple(np.atleast_1d(np.asarray(part, dtype=np.int64)) for part in pair) for pair in (first, second)
    )
    k, m, j, n = np.broadcast_arrays(k, m, j, n)
    drawn, all_of = k + j, m + n
    low, high = np.maximum(0, drawn - n), np.minimum(drawn, m)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = drawn * (m / all_of)
        deviation = np.sqrt(mean * (n / all_of) * ((all_of - drawn) / np.maximum(all_of - 1, 1)))
    reach = np.nan_to_num(np.maximum(REACH * deviation, 60.0))
    first_k = np.maximum(low, np.floor(np.nan_to_num(mean) - reach).astype(np.int64))
    last_k = np.minimum(high, np.ceil(np.nan_to_num(mean) + reach).astype(np.int64))
    p = summed_tails(Tables(k, m, n, drawn, first_k, last_k))
    return np.where((m > 0) & (n > 0), p, np.nan)


@dataclass(frozen=True, slots=True)
class Tables:
    """Fourfold tables by their margins, each with the range of its free cell that is looked at."""

    k: Integers
    m: Integers
    n: Integers
    drawn: Integers
    first: Integers
    last: Integers


def summed_tails(tables: Tables) -> Floats:
    """For each table the probability of all that are at most as likely: all ranges laid end to end, summed apart."""
    lengths = tables.last - tables.first + 1
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    which = np.repeat(np.arange(len(lengths)), lengths)
    cell = np.arange(int(lengths.sum())) - starts[which] + tables.first[which]
    logs = log_likelihood(cell, m=tables.m[which], n=tables.n[which], drawn=tables.drawn[which])
    seen = log_likelihood(tables.k, m=tables.m, n=tables.n, drawn=tables.drawn)
    top = np.maximum.reduceat(logs, starts)
    logs -= top[which]
    seen -= top
    weights = np.exp(logs)
    extreme = np.where(logs <= seen[which] + EQUAL, weights, 0.0)
    return np.minimum(np.add.reduceat(extreme, starts) / np.add.reduceat(weights, starts), 1.0)


def log_likelihood(cell: Integers, *, m: Integers, n: Integers, drawn: Integers) -> Floats:
    """The logarithm of a table's probability, up to what its margins fix."""
    rest = drawn - cell
    logs: Floats = -(gammaln(cell + 1) + gammaln(m - cell + 1) + gammaln(rest + 1) + gammaln(n - rest + 1))
    return logs


def difference_test(first: Pair, second: Pair) -> Tested:
    """Fisher where one of the four counts is under five, else pooled z; none where a group is empty."""
    (k, m), (j, n) = np.broadcast_arrays(*as_floats(first)), np.broadcast_arrays(*as_floats(second))
    k, m, j, n = np.broadcast_arrays(k, m, j, n)
    small = np.minimum.reduce([k, m - k, j, n - j]) < SMALL_CELL
    empty = (m <= 0) | (n <= 0)
    p = two_sided(pooled_z((k, m), (j, n)))
    exact = small & ~empty
    if exact.any():
        p[exact] = fisher((k[exact], m[exact]), (j[exact], n[exact]))
    p[empty] = np.nan
    return Tested(p, np.where(np.isnan(p), "", np.where(small, "fisher", "z")))


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """Pearson's statistic over all groups at once."""

    statistic: float
    degrees: int
    p: float


def chi_square(pair: Pair) -> ChiSquare | None:
    """Whether the shares of groups differ at all, without a continuity correction; None where nothing varies."""
    k, n = as_floats(pair)
    k, n = k[n > 0], n[n > 0]
    if len(n) < 2 or not 0 < k.sum() < n.sum():
        return None
    expected = n * (k.sum() / n.sum())
    statistic = float(((k - expected) ** 2 / expected + (k - expected) ** 2 / (n - expected)).sum())
    return ChiSquare(statistic, len(n) - 1, float(chdtrc(len(n) - 1, statistic)))


def adjusted(p: Floats) -> Floats:
    """Benjamini-Hochberg over the p-values that are defined; NaN stays NaN and counts for nothing."""
    result = np.full(len(p), np.nan)
    there: Mask = ~np.isnan(p)
    values = p[there]
    if len(values):
        order = np.argsort(values, kind="stable")
        scaled = values[order] * len(values) / np.arange(1, len(values) + 1)
        fitted = np.empty(len(values))
        fitted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
        result[there] = fitted
    return result


def as_floats(pair: Pair) -> tuple[Floats, Floats]:
    """Counts as doubles, which divide without surprise."""
    return np.asarray(pair[0], dtype=np.float64), np.asarray(pair[1], dtype=np.float64)

"""Tests and intervals against SciPy and against what is printed in the literature."""

import numpy as np
import pytest
from scipy import stats

from audits.fairness.intervals import bootstrap_spreads, newcombe_bounds, ratio_bounds, spread, wilson_bounds
from audits.fairness.metrics import rate
from audits.fairness.propensity import hajek, inverse_propensities
from audits.fairness.significance import adjusted, chi_square, difference_test, fisher, pooled_z


def counts(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_fishers_test_is_scipys() -> None:
    random = np.random.default_rng(7)
    m, n = random.integers(1, 60, 400), random.integers(1, 400, 400)
    k, j = random.binomial(m, 0.3), random.binomial(n, 0.4)
    expected = [stats.fisher_exact([[a, b - a], [c, d - c]]).pvalue for a, b, c, d in zip(k, m, j, n, strict=True)]
    assert fisher((k, m), (j, n)) == pytest.approx(np.array(expected), abs=1e-12)


def test_fishers_test_of_large_groups_is_quick_and_right() -> None:
    k, m, j, n = 50_400, 100_000, 250_000, 500_000
    expected = stats.fisher_exact([[k, m - k], [j, n - j]]).pvalue
    assert float(fisher((counts(k), counts(m)), (counts(j), counts(n)))[0]) == pytest.approx(expected, rel=1e-6)


def test_fisher_where_a_cell_is_under_five_else_z_and_nothing_of_nobody() -> None:
    first, second = (counts(4, 50, 0, 10), counts(10, 100, 0, 10)), (counts(40, 50, 3, 10), counts(90, 90, 9, 10))
    found = difference_test(first, second)
    assert found.test.tolist() == ["fisher", "z", "", "fisher"]
    assert np.isnan(found.p[2])
    assert found.p[1] == pytest.approx(2 * stats.norm.sf(abs(pooled_z(first, second)[1])))
    # everybody favoured on both sides: nothing differs
    assert found.p[3] == 1
    assert np.isnan(pooled_z(first, second)[3])


def test_chi_square_and_adjustment_are_scipys() -> None:
    k, n = counts(30, 12, 7, 0), counts(60, 40, 9, 0)
    found = chi_square((k, n))
    assert found is not None
    expected = stats.chi2_contingency(np.stack([k, n - k])[:, :3], correction=False)
    assert (found.statistic, found.degrees, found.p) == pytest.approx((expected.statistic, 2, expected.pvalue))
    assert chi_square((counts(5, 5), counts(5, 5))) is None
    p = np.array([0.001, np.nan, 0.8, 0.02, 0.021, 0.3])
    there = ~np.isnan(p)
    assert adjusted(p)[there] == pytest.approx(stats.false_discovery_control(p[there]))
    assert np.isnan(adjusted(p)[1])


def test_newcombes_own_examples() -> None:
    # Newcombe (1998), table II, method 10: (a) 56/70 - 48/80, (f) 10/10 - 0/20, (h) 10/10 - 0/10
    first, second = (counts(56, 10, 10), counts(70, 10, 10)), (counts(48, 0, 0), counts(80, 20, 10))
    low, high = newcombe_bounds(first, second, confidence=0.95)
    assert np.round(low, 4).tolist() == [0.0524, 0.6791, 0.6075]
    assert np.round(high, 4).tolist() == [0.3339, 1.0, 1.0]


def test_what_is_not_defined_has_no_interval_and_no_part_in_a_spread() -> None:
    k, n = counts(0, 0, 3), counts(0, 5, 4)
    rates = rate((k, n))
    assert np.isnan(rates[0])
    assert rates[1] == 0
    low, high = wilson_bounds((k, n), confidence=0.95)
    assert np.isnan([low[0], high[0]]).all()
    found = spread(rates, compared=np.ones(3, dtype=bool))
    assert (found.difference, found.ratio) == (0.75, 0)
    nothing = spread(rates, compared=np.array([True, False, False]))
    assert np.isnan([nothing.difference, nothing.ratio]).all()
    # two rates of 0 have no ratio
    assert np.isnan(spread(np.zeros(2), compared=np.ones(2, dtype=bool)).ratio)


def test_a_ratios_interval_holds_the_ratio_also_of_zero() -> None:
    low, high = ratio_bounds(
        (counts(0, 40, 5), counts(20, 100, 0)),
        (
            counts(50, 50, 50),
            counts(100, 100, 100),
        ),
        confidence=0.95,
    )
    assert low[0] == 0 < high[0] < 1
    assert low[1] < 0.8 < high[1]
    assert np.isnan(low[2])


def test_the_bootstrap_is_seeded_and_covers() -> None:
    pairs = {"tpr": (counts(300, 200), counts(500, 500)), "fpr": (counts(50, 40), counts(500, 0))}
    arguments = {"compared": np.ones(2, dtype=bool), "replicates": 500, "confidence": 0.95}
    first, again = (bootstrap_spreads(pairs, random=np.random.default_rng(3), **arguments) for _ in range(2))
    assert first == again
    low, high = first["tpr_difference"]
    exact = newcombe_bounds((counts(300), counts(500)), (counts(200), counts(500)), confidence=0.95)
    assert (low, high) == pytest.approx((float(exact[0][0]), float(exact[1][0])), abs=0.02)
    # one defined rate is no spread
    assert "fpr_difference" not in first
    assert "equalized_odds_difference" not in first


def test_propensities_correct_for_who_was_looked_at() -> None:
    """Of doubtful cases every one is looked at, of the others one in ten: the plain share is wrong, Hajek's is not."""
    random = np.random.default_rng(11)
    doubtful = random.random(40_000) < 0.2
    wrong = random.random(40_000) < np.where(doubtful, 0.4, 0.05)
    chance = np.where(doubtful, 1.0, 0.1)
    seen = random.random(40_000) < chance
    weight = inverse_propensities(chance[seen])
    hit = wrong[seen]
    found = hajek(
        part=(np.array([weight[hit].sum()]), np.array([(weight[hit] ** 2).sum()])),
        whole=(np.array([weight.sum()]), np.array([(weight**2).sum()])),
        quantile=1.96,
    )
    truth = wrong.mean()
    assert hit.mean() > truth + 0.1
    assert found.low[0] < truth < found.high[0]
    assert found.high[0] - found.low[0] < 0.03
    with pytest.raises(ValueError, match="above 0"):
        inverse_propensities([0.5, 0.0])

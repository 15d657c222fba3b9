"""Groups at equal factors: Berkeley's admissions as published, regressions against scikit-learn, people shrunk."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from audits.fairness import Cube, CubeBuilder, Plan, Population, answer, attribute, audit, factor
from audits.fairness.logistic import fit_groups
from audits.fairness.metrics import groups_of

DEPARTMENTS = "ABCDEF"
# Bickel, Hammel and O'Connell, Science 187 (1975), as in R's UCBAdmissions: admitted and rejected men, then women
BERKELEY = [
    (512, 313, 89, 19), (353, 207, 17, 8), (120, 205, 202, 391), (138, 279, 131, 244), (53, 138, 94, 299),
    (22, 351, 24, 317),
]  # fmt: skip


def berkeley() -> Cube:
    axes = [
        attribute("sex", ["man", "woman"]),
        factor("department", list(DEPARTMENTS)),
        answer("truth"),
        answer("admitted"),
    ]
    rows = [
        (person, place, None, admitted, numbers[2 * person + 1 - admitted])
        for place, numbers in enumerate(BERKELEY)
        for person in (0, 1)
        for admitted in (0, 1)
    ]
    return Cube.from_rows(axes, rows)


def test_berkeleys_admissions_at_equal_departments() -> None:
    document = audit(Population(berkeley()), plan=Plan(factors=("department",), reference={"sex": "woman"}))
    crude = document["deciders"]["admitted"]["audits"]["sex"]["groups"]
    assert crude["woman"]["favourable_rate"] < crude["man"]["favourable_rate"] - 0.1
    told = document["conditional"]["deciders"]["admitted"]["sex"]
    # as R has them, without a correction for continuity
    man = told["mantel_haenszel"]["man"]
    assert man["odds_ratio"] == pytest.approx(0.9046968, abs=1e-7)
    assert man["odds_ratio_interval"] == pytest.approx([0.7719074, 1.0603298], abs=1e-6)
    assert man["p"] == pytest.approx(0.2169, abs=1e-3)
    # the regression with departments says much the same
    assert told["logistic"]["groups"]["man"]["odds_ratio"] == pytest.approx(0.9049, abs=5e-4)
    assert told["logistic"]["converged"]


def test_regression_is_scikit_learns() -> None:
    random = np.random.default_rng(2)
    n = 4000
    group, product = random.integers(0, 3, n), random.integers(0, 4, n)
    chance = 1 / (1 + np.exp(-(0.3 - 0.6 * (group == 1) + 0.4 * (group == 2) - 0.5 * product)))
    won = (random.random(n) < chance).astype(int)
    axes = [attribute("g", "abc"), factor("product", "wxyz"), answer("truth"), answer("won")]
    cube = CubeBuilder(axes).add({"g": group, "product": product, "truth": np.full(n, -1), "won": won}).cube()
    groups = groups_of(cube, attributes=("g",))
    found = fit_groups(
        cube, groups=groups, factors=("product",), decider="won", success=1, compared=groups.known, reference=0,
        confidence=0.95,
    )  # fmt: skip
    design = np.stack([group == 1, group == 2, *(product == each for each in (1, 2, 3))], axis=1).astype(float)
    other = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(design, won)
    assert np.log(found.odds_ratio[1:]) == pytest.approx(other.coef_[0][:2], abs=1e-5)
    assert np.isnan(found.odds_ratio[0])


def test_a_group_that_separates_the_answers_is_not_estimable() -> None:
    axes = [attribute("g", "abc"), factor("product", "w"), answer("truth"), answer("won")]
    rows = [(0, 0, -1, 1, 50), (0, 0, -1, 0, 50), (1, 0, -1, 1, 30), (2, 0, -1, 1, 20), (2, 0, -1, 0, 40)]
    cube = Cube.from_rows(axes, rows)
    groups = groups_of(cube, attributes=("g",))
    found = fit_groups(
        cube, groups=groups, factors=("product",), decider="won", success=1, compared=groups.known, reference=0,
        confidence=0.95,
    )  # fmt: skip
    assert np.isnan(found.odds_ratio[1])
    assert found.odds_ratio[2] == pytest.approx(0.5, abs=1e-6)


def reviewers(gaps: list[float], *, seed: int, n: int = 600) -> Cube:
    """Everyone judges n cases; group q gets fewer favourable answers from them by their gap."""
    random = np.random.default_rng(seed)
    who = np.repeat(np.arange(len(gaps)), n)
    group = random.integers(0, 2, len(who))
    chance = 0.6 - np.array(gaps)[who] * group
    axes = [attribute("race", "pq"), factor("reviewer", [f"r{each}" for each in range(len(gaps))]), answer("truth"),
            answer("judgment")]  # fmt: skip
    said = (random.random(len(who)) < chance).astype(int)
    columns = {"race": group, "reviewer": who, "truth": np.full(len(who), -1), "judgment": said}
    return CubeBuilder(axes).add(columns).cube()


def test_one_unfair_reviewer_is_told_from_eleven_fair_ones() -> None:
    cube = reviewers([0.0] * 11 + [0.3], seed=1)
    document = audit(Population(berkeley_like(), reviewers=cube), plan=Plan())
    told = document["reviewers"]["race"]["p"]["who"]
    assert told["r11"]["gap"] == pytest.approx(0.3, abs=0.08)
    # drawn towards the others, as far as its own cases leave room
    assert 0 < told["r11"]["shrunk"] < told["r11"]["gap"]
    assert max(abs(each["shrunk"]) for name, each in told.items() if name != "r11") < 0.1
    named = [each["decider"] for each in document["findings"] if each["kind"] == "reviewer"]
    assert named == ["r11"]


def test_reviewers_who_are_alike_shrink_to_one_another() -> None:
    document = audit(Population(berkeley_like(), reviewers=reviewers([0.0] * 12, seed=3, n=100)), plan=Plan())
    told = document["reviewers"]["race"]["p"]
    measured = [each["gap"] for each in told["who"].values()]
    shrunk = [each["shrunk"] for each in told["who"].values()]
    assert np.std(shrunk) < np.std(measured) / 2
    assert [each for each in document["findings"] if each["kind"] == "reviewer"] == []


def berkeley_like() -> Cube:
    """Cases without a difference: the reviewers are what is looked at."""
    axes = [attribute("race", "pq"), answer("truth"), answer("final")]
    return Cube.from_rows(axes, [(0, -1, 1, 50), (0, -1, 0, 50), (1, -1, 1, 50), (1, -1, 0, 50)])

"""The document of an audit: undefined, unknown, suppressed; chapters; the same bytes for the same input."""

import json
from dataclasses import replace

import numpy as np
import pytest

from audits.fairness import (
    Cube,
    CubeBuilder,
    Histogram,
    Plan,
    Population,
    answer,
    attribute,
    audit,
    document_bytes,
    score_edges,
    time_edges,
)  # fmt: skip
from audits.fairness.suppression import suppressed_cells

RACE = attribute("race", ["p", "q", "r", "?"], unknown="?")
SEX = attribute("sex", ["f", "m"])
AXES = [RACE, SEX, answer("truth"), answer("ai"), answer("human"), answer("final")]


def cases(n: int = 4000, *, seed: int = 1) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.integers(0, 2, n)
    human = np.where(random.random(n) < 0.9, truth, 1 - truth)
    seen = random.random(n) < 0.4
    return {
        "race": random.choice([0, 1, 2, -1], n, p=[0.6, 0.3, 0.05, 0.05]),
        "sex": random.integers(0, 2, n),
        "truth": np.where(random.random(n) < 0.7, truth, -1),
        "ai": np.where(random.random(n) < 0.75, truth, 1 - truth),
        "human": np.where(seen, human, -1),
        "final": np.where(seen, human, truth),
    }


def cube(columns: dict[str, np.ndarray]) -> Cube:
    return CubeBuilder(AXES).add(columns).cube()


def test_the_same_input_gives_the_same_bytes_however_it_was_counted() -> None:
    columns = cases()
    plan = Plan(same_cases=("ai", "human", "final"), rule_sets=("four_fifths",))
    whole = document_bytes(audit(Population(cube(columns)), plan=plan))
    builder = CubeBuilder(AXES)
    for start in range(0, 4000, 700):
        builder.add({name: column[start : start + 700] for name, column in columns.items()})
    assert document_bytes(audit(Population(builder.cube()), plan=plan)) == whole
    counted = builder.cube()
    order = np.random.default_rng(3).permutation(len(counted.counts))
    rows = [(*counted.codes[place].tolist(), int(counted.counts[place])) for place in order]
    given = [tuple(-1 if axis.kind == "answer" and code == 3 else code for axis, code in zip(AXES, row, strict=False))
             + row[-1:] for row in rows]  # fmt: skip
    assert document_bytes(audit(Population(Cube.from_rows(AXES, given)), plan=plan)) == whole
    assert document_bytes(audit(Population(cube(columns)), plan=replace(plan, seed=1))) != whole
    assert json.loads(whole)["format"] == 1


def test_many_combinations_are_counted_without_a_dense_table() -> None:
    axes = [*AXES, *(attribute(f"x{number}", [str(code) for code in range(60)]) for number in range(4))]
    random = np.random.default_rng(5)
    columns = {**cases(), **{f"x{number}": random.integers(0, 60, 4000) for number in range(4)}}
    builder = CubeBuilder(axes)
    assert not builder.dense
    for start in range(0, 4000, 900):
        builder.add({name: column[start : start + 900] for name, column in columns.items()})
    sparse = builder.cube()
    assert sparse.n == 4000
    names = ("race", "sex", "truth", "ai")
    assert (sparse.sums(names) == cube(columns).sums(names)).all()


def test_the_unknown_are_counted_and_compared_with_nobody() -> None:
    found = audit(Population(cube(cases())), plan=Plan())["deciders"]["ai"]["audits"]["race"]
    unknown = found["groups"]["?"]
    assert unknown["unknown"] is True
    assert unknown["n"] == found["unknown_n"] > 100
    assert unknown["impact_ratio"] is None
    assert "against" not in unknown
    assert "?" not in (found["best_group"], found["largest_group"])
    assert "?" not in found["average_odds_difference_vs_largest"]


def test_deciders_stand_side_by_side_on_the_same_cases() -> None:
    document = audit(Population(cube(cases())), plan=Plan(same_cases=("ai", "human", "final")))
    shared = document["same_cases"]
    assert document["deciders"]["ai"]["n"] == 4000
    assert {side["overall"]["n"] for side in shared["sides"].values()} == {shared["n"]}
    assert shared["n"] == document["deciders"]["human"]["n"] < 2000
    assert shared["sides"]["human"]["overall"]["accuracy"] > shared["sides"]["ai"]["overall"]["accuracy"]


def test_small_groups_are_suppressed_and_cannot_be_had_by_subtraction() -> None:
    axes = [attribute("a", ["p", "q", "r", "s"]), attribute("b", ["x", "y"]), answer("truth"), answer("d")]
    numbers = {"p": (500, 400), "q": (3, 200), "r": (90, 80), "s": (1, 2)}
    rows = [
        (a, b, -1, one, n // 2 + (n % 2) * one)
        for a, ns in enumerate(numbers.values())
        for b, n in enumerate(ns)
        for one in (0, 1)
    ]
    found = Cube.from_rows(axes, rows)
    hidden = suppressed_cells(found, sets=[("a",), ("b",), ("a", "b")], minimum=10)
    # s is too small; r, the next smallest, goes with it, else s were what is left of the total
    assert hidden[("a",)].tolist() == [False, False, True, True]
    grid = hidden[("a", "b")].reshape(4, 2)
    assert grid[2:].all()
    # q's few x would be q less its y
    assert grid[1].tolist() == [True, True]
    document = audit(Population(found), plan=Plan(minimum_cell=10))
    groups = document["deciders"]["d"]["audits"]["a"]["groups"]
    assert groups["s"] == {"suppressed": True} == groups["r"]
    assert groups["q"]["n"] == 203
    for audited in document["deciders"]["d"]["audits"].values():
        assert audited["suppressed"] == sum(group == {"suppressed": True} for group in audited["groups"].values())


def test_nothing_that_is_undefined_becomes_a_zero() -> None:
    axes = [attribute("a", ["p", "q"]), answer("truth"), answer("d")]
    # q has no truly positive case: no true positive rate, and no false negative rate either
    rows = [(0, 1, 1, 40), (0, 1, 0, 10), (0, 0, 1, 5), (0, 0, 0, 45), (1, 0, 1, 8), (1, 0, 0, 12)]
    found = audit(Population(Cube.from_rows(axes, rows)), plan=Plan())["deciders"]["d"]["audits"]["a"]
    assert found["groups"]["q"]["tpr"] is None
    assert found["groups"]["q"]["fnr"] is None
    assert found["groups"]["q"]["intervals"]["tpr"] is None
    assert found["equal_opportunity_difference"] == 0
    assert found["equalized_odds_difference"] == pytest.approx(0.3)
    assert found["average_odds_difference_vs_largest"]["q"] is None
    assert "equal_opportunity_difference" not in found["intervals"]


def test_scores_and_durations_by_group() -> None:
    columns = cases()
    random = np.random.default_rng(9)
    score = random.random(4000)
    columns["truth"] = (random.random(4000) < score).astype(int)
    scored = Histogram.from_rows(
        [RACE, SEX, answer("truth")],
        edges=score_edges(),
        rows=[
            (None if race < 0 else int(race), int(sex), int(truth), min(int(value * 20), 19), 1, float(value))
            for race, sex, truth, value in zip(columns["race"], columns["sex"], columns["truth"], score, strict=True)
        ],
    )
    edges = time_edges()
    seconds = random.lognormal(4, 1, 4000) * np.where(columns["sex"] == 1, 2, 1)
    timed = Histogram.from_rows(
        [RACE, SEX],
        edges=edges,
        rows=[
            (int(race) if race >= 0 else None, int(sex), int(np.searchsorted(edges, value, side="right")) - 1, 1, value)
            for race, sex, value in zip(columns["race"], columns["sex"], seconds, strict=True)
        ],
    )
    population = Population(cube(columns), scores=scored, measures={"seconds to decision": timed})
    document = audit(population, plan=Plan(replicates=0))
    told = document["scores"]["sex"]["groups"]["f"]
    assert told["n"] == sum(told["histogram"]) == int((columns["sex"] == 0).sum())
    # scores that come true as often as they say
    assert told["calibration_error"] < 0.06
    inside = [bin_["interval"][0] <= bin_["mean_score"] <= bin_["interval"][1] for bin_ in told["calibration"]]
    assert sum(inside) >= 17
    assert told["distance"] < 0.06
    times = document["measures"]["seconds to decision"]["sex"]["groups"]
    for label, code in (("f", 0), ("m", 1)):
        mine = seconds[columns["sex"] == code]
        assert times[label]["mean"] == pytest.approx(mine.mean())
        assert times[label]["median"] == pytest.approx(np.median(mine), rel=0.06)
        assert times[label]["p90"] == pytest.approx(np.quantile(mine, 0.9), rel=0.06)


def test_rates_are_corrected_for_who_was_looked_at() -> None:
    random = np.random.default_rng(13)
    n = 30_000
    sex, truth = random.integers(0, 2, n), random.integers(0, 2, n)
    right = random.random(n) < np.where(sex == 1, 0.9, 0.7)
    decision = np.where(right, truth, 1 - truth)
    # wrong answers come to light far more often than right ones
    chance = np.where(right, 0.1, 0.8)
    known = random.random(n) < chance
    axes = [SEX, answer("truth"), answer("d")]
    columns = {"sex": sex, "truth": np.where(known, truth, -1), "d": decision}
    weighted = CubeBuilder(axes, weighted=True).add(columns, weights=np.where(known, 1 / chance, 0)).cube()
    found = audit(Population(weighted), plan=Plan(replicates=0))["deciders"]["d"]["audits"]["sex"]
    for label, accuracy in (("f", 0.7), ("m", 0.9)):
        assert found["groups"][label]["accuracy"] < accuracy - 0.2
        corrected = found["weighted"][label]["accuracy"]
        assert corrected["rate"] == pytest.approx(accuracy, abs=0.02)
        assert corrected["interval"][0] < accuracy < corrected["interval"][1]


def test_progress_is_told_and_may_end_the_audit() -> None:
    told: list[tuple[int, int, str]] = []
    audit(Population(cube(cases(400))), plan=Plan(), progress=lambda *step: told.append(step))
    assert [done for done, _, _ in told] == list(range(1, len(told) + 1))
    assert told[-1][0] == told[-1][1]

    def stop(done: int, of: int, what: str) -> None:
        raise KeyboardInterrupt(what)

    with pytest.raises(KeyboardInterrupt):
        audit(Population(cube(cases(400))), plan=Plan(), progress=stop)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (Plan(favourable=2), "favourable"),
        (Plan(limit=(5, 4)), "limit"),
        (Plan(deciders=("nobody",)), "no answer nobody"),
        (Plan(attribute_sets=(("height",),)), "no attribute height"),
        (Plan(factors=("product",)), "no factor product"),
        (Plan(confidence=1), "confidence"),
        (Plan(reference="smallest"), "reference"),
        (Plan(rule_sets=("hammurabi",)), "hammurabi"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused_with_a_reason(plan: Plan, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        audit(Population(cube(cases(400))), plan=plan)


def test_codes_that_an_axis_lacks_are_refused() -> None:
    columns = cases(100)
    with pytest.raises(ValueError, match="no group of unknown"):
        CubeBuilder(AXES).add({**columns, "sex": np.full(100, -1)})
    with pytest.raises(ValueError, match="4 codes"):
        CubeBuilder(AXES).add({**columns, "race": np.full(100, 4)})
    with pytest.raises(ValueError, match="different lengths"):
        CubeBuilder(AXES).add({**columns, "race": np.zeros(3, dtype=int)})
    with pytest.raises(ValueError, match="no column 'ai'"):
        CubeBuilder(AXES).add({name: column for name, column in columns.items() if name != "ai"})

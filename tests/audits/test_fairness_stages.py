"""The stage where a disparity enters, in worlds where it is known; and how often chance is taken for a finding."""

from dataclasses import replace

import numpy as np
import pytest

from audits.fairness import audit, chapters
from audits.fairness.comparison import compare
from audits.fairness.findings import adjusted_family, findings, rate_candidates
from audits.fairness.suppression import suppressed_cells
from tests.audits.fair_worlds import PLAN, World, population

ALIKE = World(base_rates=(0.5, 0.5, 0.5))


def entering(world: World, *, seed: int) -> dict[str, str | None]:
    """The stage named for each group."""
    document = audit(population(world, n=20_000, seed=seed), plan=replace(PLAN, attribute_sets=(("race",),)))
    return {group: told["enters"] for group, told in document["stages"]["race"].items()}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_reviewers_who_are_unfair_are_named_and_the_model_is_not(seed: int) -> None:
    assert entering(World(reviewers=0.15), seed=seed) == {"p": None, "q": "first judgment", "r": None}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_routing_that_is_unfair_is_named_alone(seed: int) -> None:
    document = audit(population(World(routing=0.3), n=20_000, seed=seed), plan=PLAN)
    told = document["stages"]["race"]["q"]
    assert (told["enters"], told["also_at"]) == ("routing", [])
    routing = told["stages"][1]
    assert routing["effect"] < -0.1
    assert routing["interval"][0] < routing["effect"] < routing["interval"][1] < 0
    # the chance to be seen by people is a number of its own, too
    shares = document["events"]["sent"]["race"]["groups"]
    assert shares["q"]["rate"] < shares["p"]["rate"] - 0.1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_model_that_is_unfair_is_named(seed: int) -> None:
    assert entering(World(model=0.08), seed=seed)["q"] == "model score"


def test_different_base_rates_are_no_unfairness_of_a_stage() -> None:
    document = audit(population(World(), n=20_000, seed=4), plan=PLAN)
    assert {told["enters"] for groups in document["stages"].values() for told in groups.values()} == {None}
    # and yet the rates differ, which is said as what it is
    assert {each["kind"] for each in document["findings"]} == {"favourable_rate"}


def test_effects_of_stages_are_told_with_the_gap_that_stands() -> None:
    document = audit(population(World(reviewers=0.3), n=20_000, seed=5), plan=PLAN)
    stages = document["stages"]["race"]["q"]["stages"]
    assert [each["stage"] for each in stages] == ["model score", "routing", "first judgment", "panel", "final"]
    gaps = [each["gap_after"] for each in stages]
    assert gaps[0] == gaps[1]  # routing decides nothing
    assert gaps[2] < gaps[0] - 0.03
    assert stages[4]["effect"] == 0
    assert stages[4]["p"] is None  # the final answer follows what stood: nothing to test


def test_no_more_findings_than_stated_where_all_are_alike() -> None:
    """500 worlds without any unfairness: an audit with a finding is a false one. Both families at once, adjusted."""
    plan = replace(PLAN, attribute_sets=(("race",), ("race", "sex")), stages=PLAN.stages[:4])
    wrong = 0
    for seed in range(500):
        people = population(ALIKE, n=3_000, seed=seed)
        hidden = suppressed_cells(people.cube, sets=plan.sets_of(people.cube), minimum=0)
        candidates = [
            candidate
            for names in plan.sets_of(people.cube)
            for candidate in rate_candidates(
                compare(people.cube, attributes=names, decider="final", plan=plan, hidden=hidden[names]),
                decider="final",
                plan=plan,
            )
        ]
        chapters.stages(people, plan=replace(plan, attribute_sets=(("race",),)), candidates=candidates)
        wrong += bool(findings(adjusted_family(candidates), plan=plan))
    # at 5 of 100 no more than 36 of 500 are to be expected in 99 of 100 repetitions of this test
    assert wrong <= np.ceil(500 * 0.05 + 2.33 * np.sqrt(500 * 0.05 * 0.95))
    assert wrong > 0

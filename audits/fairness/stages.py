"""Where a disparity enters: what each stage adds for a group, among cases that were alike before it.

A case is alike another when the truth, the answer that stood before the stage, and the declared factors are the same.
Within such strata the favourable answers (at a routing: the cases sent to people) of a group are set against the
others': the Mantel-Haenszel risk difference with Greenland and Robins' interval (Biometrics 41, 1985), tested by
Cochran, Mantel and Haenszel. The score band is no condition of the stage that made the score.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from audits.fairness.conditional import Strata, Stratified, stratified, stratum_table
from audits.fairness.cube import NEGATIVE, NONE, POSITIVE, TRUTH, Cube, Integers, Mask, answer
from audits.fairness.metrics import Groups, rate
from audits.fairness.plan import Plan, Stage

STANDING = "answer that stood before"


@dataclass(frozen=True, slots=True)
class StageFound:
    """What one stage adds, and the favourable rate of what stands after it; an element per group."""

    stage: Stage
    added: Stratified
    standing_k: Integers
    standing_n: Integers


def standing_answers(cube: Cube, *, stages: Sequence[Stage]) -> Integers:
    """For each row of the cube the answer that stands after these stages: the last that was given."""
    standing = np.full(len(cube.counts), NONE, dtype=np.int64)
    for stage in stages:
        if stage.kind == "decision":
            given = cube.column(stage.answer)
            standing = np.where(given == NONE, standing, given)
    return standing


def with_standing(cube: Cube, *, standing: Integers) -> Cube:
    """The cube with the standing answer as one more axis."""
    return replace(cube, axes=(*cube.axes, answer(STANDING)), codes=np.column_stack([cube.codes, standing]))


def trace(cube: Cube, *, groups: Groups, compared: Mask, plan: Plan) -> list[StageFound]:
    """Every stage in order."""
    found: list[StageFound] = []
    for place, stage in enumerate(plan.stages):
        before = standing_answers(cube, stages=plan.stages[:place])
        after = standing_answers(cube, stages=plan.stages[: place + 1])
        reached = with_standing(
            cube.where(reached_rows(cube, stage=stage)), standing=before[reached_rows(cube, stage=stage)]
        )
        strata = strata_of(stage, first=not place, plan=plan)
        success = POSITIVE if stage.kind == "routing" else plan.favourable
        table = stratum_table(reached, groups=groups, strata=strata, decider=stage.answer, success=success)
        k, n = standing_rates(cube, groups=groups, standing=after, favourable=plan.favourable)
        found.append(StageFound(stage, stratified(table, compared=compared, plan=plan, groups=groups), k, n))
    return found


def reached_rows(cube: Cube, *, stage: Stage) -> Mask:
    """The rows of the cube that came to this stage."""
    return cube.answered([stage.answer])


def strata_of(stage: Stage, *, first: bool, plan: Plan) -> Strata:
    """What makes cases alike before a stage. A routing cannot know the truth."""
    score = () if first or not plan.score_factor else (plan.score_factor,)
    factors = (*(name for name in plan.factors if name != plan.score_factor), *score)
    if stage.kind == "routing":
        return (STANDING, *factors)
    return (TRUTH, *factors) if first else (TRUTH, STANDING, *factors)


def standing_rates(cube: Cube, *, groups: Groups, standing: Integers, favourable: int) -> tuple[Integers, Integers]:
    """How many favourable answers stand, of how many, by group."""
    grid = with_standing(cube, standing=standing).sums((*groups.attributes, STANDING)).reshape(-1, 4)[groups.cells]
    counts = np.rint(grid).astype(np.int64)
    return counts[:, POSITIVE if favourable == POSITIVE else NEGATIVE], counts[:, :NONE].sum(axis=1)


def gap_after(found: StageFound, *, place: int, compared: Mask) -> float:
    """A group's favourable rate after the stage, less that of all other compared groups."""
    k, n = np.where(compared, found.standing_k, 0), np.where(compared, found.standing_n, 0)
    own, others = rate((k[place : place + 1], n[place : place + 1])), rate((k.sum() - k, n.sum() - n))
    return float(own[0] - others[place])


def is_adverse(stage: Stage, effect: float) -> bool:
    """Whether what a stage adds is to a group's disadvantage. Being sent to people more or less often both count."""
    return effect != 0 if stage.kind == "routing" else effect < 0

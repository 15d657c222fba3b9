"""Worlds with a known place where unfairness enters, or none: cases scored, routed, judged, decided."""

from dataclasses import dataclass

import numpy as np

from audits.fairness import Axis, Cube, CubeBuilder, Plan, Population, Stage, answer, attribute, factor

BANDS = 10
RACES, SEXES = ("p", "q", "r"), ("f", "m")
STAGES = (
    Stage("model score", "model"),
    Stage("routing", "sent", "routing"),
    Stage("first judgment", "first"),
    Stage("panel", "panel"),
    Stage("final", "final"),
)
AXES: tuple[Axis, ...] = (
    attribute("race", RACES),
    attribute("sex", SEXES),
    factor("score band", [str(band) for band in range(BANDS)]),
    *(answer(name) for name in ("truth", "model", "sent", "first", "panel", "final")),
)
PLAN = Plan(
    deciders=("model", "final"), events=("sent",), stages=STAGES, score_factor="score band",
    replicates=0,
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """How much race "q" is wronged, and where. Nothing: everybody is treated alike."""

    model: float = 0.0  # its score is lower by so much
    routing: float = 0.0  # its uncertain cases are kept from people with this probability
    reviewers: float = 0.0  # two of three reviewers refuse with this probability whatever they think
    base_rates: tuple[float, float, float] = (0.55, 0.45, 0.5)


def population(world: World, *, n: int, seed: int) -> Population:
    """n cases of this world. Base rates may differ by race: that alone is no unfairness of a stage."""
    random = np.random.default_rng(seed)
    race = random.choice(3, n, p=[0.5, 0.3, 0.2])
    wronged = race == 1
    truth = (random.random(n) < np.array(world.base_rates)[race]).astype(np.int8)
    score = np.clip(0.5 + 0.15 * (2 * truth - 1) + random.normal(0, 0.17, n) - world.model * wronged, 0, 1)
    model = (score >= 0.5).astype(np.int8)
    sent = (score >= 0.3) & (score < 0.7) & (random.random(n) >= world.routing * wronged)
    first = people(truth, wronged=wronged, bias=world.reviewers, random=random)
    second = people(truth, wronged=wronged, bias=world.reviewers, random=random)
    third = people(truth, wronged=wronged, bias=0.0, random=random)
    panel = (first + second + third >= 2).astype(np.int8)
    columns = {
        "race": race,
        "sex": random.integers(0, 2, n),
        "score band": np.minimum((score * BANDS).astype(np.int64), BANDS - 1),
        "truth": truth,
        "model": model,
        "sent": sent.astype(np.int8),
        "first": np.where(sent, first, -1),
        "panel": np.where(sent, panel, -1),
        "final": np.where(sent, panel, model),
    }
    cube: Cube = CubeBuilder(AXES).add(columns).cube()
    return Population(cube)


def people(truth: np.ndarray, *, wronged: np.ndarray, bias: float, random: np.random.Generator) -> np.ndarray:
    """One reviewer's answers, right in four of five cases; against the wronged with some probability."""
    right = random.random(len(truth)) < 0.8
    said = np.where(right, truth, 1 - truth)
    return np.where(wronged & (random.random(len(truth)) < bias), 0, said).astype(np.int8)

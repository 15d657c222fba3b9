"""What an audit is given: a population as small tables of counts, and the plan by which it is read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final, Literal

import numpy as np

from audits.fairness.cube import NEGATIVE, POSITIVE, TRUTH, Axis, Cube, Floats, checked_axes
from audits.fairness.disparities import FOUR_FIFTHS, Reference

SCORE_BINS: Final = 20


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage that a case passes, in order. `answer`: its axis in the cube.

    "decision": who reached it answered 1 or 0 (none: it did not come so far, and the answer before stands).
    "routing": 1 sent to a human, 0 not; it decides nothing itself.
    """

    name: str
    answer: str
    kind: Literal["decision", "routing"] = "decision"


@dataclass(frozen=True, slots=True)
class Histogram:
    """Numbers of cases in bins, by axes: `cube` has the bin as its last axis ("bin"), `sums` the sum of the values.

    edges: ascending, one more than bins; bin i holds edges[i] <= value < edges[i + 1], the last its upper edge too,
    the outer bins what lies beyond the outer edges.
    """

    cube: Cube
    edges: tuple[float, ...]
    sums: Floats

    @classmethod
    def from_rows(cls, axes: Sequence[Axis], *, edges: Sequence[float], rows: Iterable[Sequence[Any]]) -> "Histogram":
        """Rows (a code per axis …, bin, count, sum of the values)."""
        given = [tuple(row) for row in rows]
        bins = Axis("bin", "factor", tuple(str(number) for number in range(len(edges) - 1)))
        cube = Cube.from_rows(checked_axes([*axes, bins]), [row[:-1] for row in given])
        return cls(cube, tuple(edges), np.array([float(row[-1]) for row in given]))


@dataclass(frozen=True, slots=True)
class Population:
    """All that an audit reads.

    cube: attributes, factors, the truth and every decider or event.
    scores: by attributes and truth. measures: by attributes, for example "seconds to decision".
    reviewers, queues: cubes with one factor "reviewer" (or "queue"), attributes, other factors, truth and "judgment".
    """

    cube: Cube
    scores: Histogram | None = None
    measures: Mapping[str, Histogram] = field(default_factory=dict)
    reviewers: Cube | None = None
    queues: Cube | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How a population is read. Everything that changes a number is here, so that an audit can be run again."""

    favourable: int = POSITIVE
    attribute_sets: tuple[tuple[str, ...], ...] | None = None
    deciders: tuple[str, ...] | None = None
    events: tuple[str, ...] = ()
    reference: Reference = "best"
    limit: tuple[int, int] = FOUR_FIFTHS
    minimum_cell: int = 0
    confidence: float = 0.95
    false_discovery_rate: float = 0.05
    replicates: int = 1000
    seed: int = 0
    same_cases: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    factors: tuple[str, ...] = ()
    score_factor: str = ""  # bands of the model's score: a condition of every stage but the model's own
    rule_sets: tuple[str, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict)

    def sets_of(self, cube: Cube) -> tuple[tuple[str, ...], ...]:
        """The attribute sets: those named, or every subset, single attributes first."""
        if self.attribute_sets is not None:
            return self.attribute_sets
        names = cube.names("attribute")
        return tuple(chosen for size in range(1, len(names) + 1) for chosen in combinations(names, size))

    def deciders_of(self, cube: Cube) -> tuple[str, ...]:
        """The deciders: those named, or every answer that is neither the truth nor an event nor a routing."""
        if self.deciders is not None:
            return self.deciders
        aside = {TRUTH, *self.events, *(stage.answer for stage in self.stages if stage.kind == "routing")}
        return tuple(name for name in cube.names("answer") if name not in aside)

    def check(self, population: Population) -> None:
        """Raises ValueError, naming what is wrong, for a plan that does not fit the population."""
        cube = population.cube
        over, under = self.limit
        if self.favourable not in (NEGATIVE, POSITIVE):
            raise ValueError(f"favourable: 1 or 0, not {self.favourable!r}")
        if not 0 < over <= under:
            raise ValueError(f"limit: a fraction of 1 at most in two integers, not {self.limit!r}")
        if not (0 < self.confidence < 1 and 0 < self.false_discovery_rate < 1):
            raise ValueError("confidence, false_discovery_rate: between 0 and 1")
        if self.minimum_cell < 0 or self.replicates < 0:
            raise ValueError("minimum_cell, replicates: 0 or more")
        stages = tuple(stage.answer for stage in self.stages)
        wanted = {
            "attribute": [name for names in self.sets_of(cube) for name in names],
            "factor": (*self.factors, *([self.score_factor] if self.score_factor else [])),
            "answer": [TRUTH, *self.deciders_of(cube), *self.events, *self.same_cases, *stages],
        }
        for kind, names in wanted.items():
            missing = sorted(set(names) - set(cube.names(kind)))
            if missing:
                raise ValueError(f"the cube has no {kind} {', '.join(missing)}")


def score_edges(bins: int = SCORE_BINS) -> tuple[float, ...]:
    """Edges of equal bins of a probability: 0 to 1."""
    return tuple(number / bins for number in range(bins + 1))


def time_edges() -> tuple[float, ...]:
    """Edges for durations in seconds, eight to a power of ten from a tenth of a second to 116 days."""
    return (0.0, *(10.0 ** (number / 8) for number in range(-8, 57)))

"""What one organisation of the demonstration is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Example:
    """One row of a data set: what is judged, what is protected, and what turned out to be true."""

    external_id: str
    payload: dict[str, Any]
    attributes: dict[str, str]
    truth: str


@dataclass(frozen=True)
class QueuePlan:
    """A queue of human work and the panel of cases that come without a policy; `settings` of `create_queue`."""

    key: str
    name: str
    template: str
    instructions: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TemplatePlan:
    """A panel: how many seats, and when it is of one mind; further `settings` of `create_template`."""

    key: str
    name: str
    seats: int
    mode: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Organisation:
    """A tenant of the demonstration. `known` examples train its model, `cases` come in through the API."""

    slug: str
    name: str
    case_type: str
    case_type_name: str
    definition: Mapping[str, Any]
    model: str
    model_name: str
    feature_schema: Mapping[str, Any]
    label_order: Sequence[str]
    # the inverse of the penalty's weight (scikit-learn's C), chosen by log-loss out of fold on the known half
    strength: float
    templates: Sequence[TemplatePlan]
    queues: Sequence[QueuePlan]
    policy: Mapping[str, Any]
    # who can do what: a skill's level by the local part of the address
    skills: Mapping[str, Mapping[str, int]]
    known: Sequence[Example]
    cases: Sequence[Example]

    @property
    def domain(self) -> str:
        """The part of its people's addresses behind the @."""
        return f"{self.slug}.example"


def halves(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Every other row, and the rest: one half to learn from, one to decide."""
    return list(examples[::2]), list(examples[1::2])

"""Kinds of step: who does one, for how many cases at once, and how often it is tried."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from hitl_platform.pipeline.runner import ClaimedStep, Finish

Handler = Callable[["Sequence[ClaimedStep]", "Finish"], None]

# the pipeline's own chores; every other kind belongs to a floor above and is named in settings
CHORES: Mapping[str, Mapping[str, Any]] = {
    "purge": {
        "handler": "hitl_platform.pipeline.steps.purge_done_steps",
        "cases": 1,
        "lease_seconds": 60,
        "max_attempts": 4,
    },
}


@dataclass(frozen=True, slots=True)
class Kind:
    """The terms of one kind of step. `cases` bounds a batch; `lease_seconds` bounds one attempt."""

    name: str
    handler_path: str
    on_dead_path: str
    cases: int
    lease_seconds: int
    max_attempts: int

    def __post_init__(self) -> None:
        # the last attempt of a step is its own (see `narrowing`), so there must be an earlier one
        if self.cases < 1 or self.lease_seconds < 1 or not 2 <= self.max_attempts <= 20:
            raise ValueError(f"step kind {self.name!r}: cases and lease from 1, attempts from 2 to 20")

    @property
    def handler(self) -> Handler:
        """The function that does a batch."""
        return _imported(self.handler_path)

    @property
    def on_dead(self) -> Handler | None:
        """The function that hands the case of a dead step to humans, if the kind has one."""
        return _imported(self.on_dead_path) if self.on_dead_path else None

    @property
    def narrowing(self) -> float:
        """By what factor each failed attempt shrinks the batch a step may travel in.

        A full batch at first, and alone at the last attempt: a poisonous case fails its neighbours at
        most until then and never kills them.
        """
        return float(self.cases ** (1 / (self.max_attempts - 1)))


@cache
def _imported(path: str) -> Handler:
    handler: Handler = import_string(path)
    return handler


def kind_names() -> list[str]:
    """Every kind there is, those of settings first."""
    return [*settings.STEP_KINDS, *CHORES]


def get_kind(name: str) -> Kind:
    """The terms of kind `name`; raises LookupError for one that no setting names."""
    terms = settings.STEP_KINDS.get(name) or CHORES.get(name)
    if terms is None:
        raise LookupError(f"no step kind {name!r}")
    return Kind(
        name=name,
        handler_path=terms["handler"],
        on_dead_path=terms.get("on_dead", ""),
        cases=terms["cases"],
        lease_seconds=terms["lease_seconds"],
        max_attempts=terms["max_attempts"],
    )

"""Step kinds of the suite's own: their handlers record what they were given, and fail when told to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from hitl_platform.pipeline.runner import ClaimedStep, Finish
from hitl_platform.tenants.scope import in_scope

KIND = "echo"
TERMS = {
    "handler": "tests.pipeline.kinds.echo",
    "on_dead": "tests.pipeline.kinds.to_humans",
    "cases": 1000,
    "lease_seconds": 60,
    "max_attempts": 4,
}


class Poisoned(Exception):
    """What a case of the suite makes its handler raise."""


@dataclass
class Seen:
    """What the handlers of one test saw, and whom they fail for."""

    batches: list[list[UUID]] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    done: list[UUID] = field(default_factory=list)
    with_humans: list[UUID] = field(default_factory=list)
    poison: set[UUID] = field(default_factory=set)
    humans_are_away: bool = False
    forgets_to_finish: bool = False
    # what happens while the work is under way
    meanwhile: Callable[[], object] = lambda: None


seen = Seen()


def echo(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Notes the cases of the batch as done, unless one of them is poison."""
    assert not in_scope(), "work runs outside any scope"
    cases = [case_id for step in steps for case_id in step.case_ids]
    seen.batches.append(cases)
    seen.attempts.append(max(step.attempt for step in steps))
    if seen.poison & set(cases):
        raise Poisoned("the payload says 4111 1111 1111 1111")
    seen.meanwhile()
    if seen.forgets_to_finish:
        return
    with finish():
        pass
    seen.done += cases


def to_humans(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Notes the cases of dead steps as given to humans."""
    if seen.humans_are_away:
        raise Poisoned("nobody there")
    with finish():
        pass
    seen.with_humans += [case_id for step in steps for case_id in step.case_ids]

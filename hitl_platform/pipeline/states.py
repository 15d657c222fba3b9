"""A step's life."""

from enum import StrEnum

from hitl_platform.kernel.lifecycle import Lifecycle


class StepState(StrEnum):
    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"


STEP = Lifecycle(
    "step",
    StepState,
    {
        # a worker takes it, under a fencing token and until its lease ends
        "claim": ((StepState.READY,), StepState.LEASED),
        # its effects are committed, in the same transaction
        "complete": ((StepState.LEASED,), StepState.DONE),
        # the attempt raised, or the lease ended: again later, with backoff
        "free": ((StepState.LEASED,), StepState.READY),
        # a chunk that failed too often goes on as one step for each of its cases
        "split": ((StepState.LEASED,), StepState.DONE),
        # a single step that failed too often: its case was given to humans
        "bury": ((StepState.LEASED,), StepState.DEAD),
        # a person asks for it once more
        "retry": ((StepState.DEAD,), StepState.READY),
    },
)

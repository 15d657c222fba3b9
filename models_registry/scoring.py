"""Scoring one batch with one model: what each case gets, or why it gets nothing.

A case that does not fit, or that brings the model down, costs the others nothing: the batch is halved around
what fails, within a budget of time and of processes lost. A model that answers nothing at all is given up soon.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models_registry.faults import ModelFault, ModelLied, NoModel
from models_registry.features import Columns, Feature, extract
from models_registry.outputs import Floats, Reply, honest_rows

Ask = Callable[[Columns], Reply]

BUDGET_SECONDS = 25.0
MAX_CHILDREN_LOST = 14
INVALID_INPUT = "model_invalid_input"
# failures without one answer: a process lost is dear, so the whole and both halves; an exception is cheap
_HOPELESS = {True: 3, False: 63}


@dataclass(frozen=True)
class Failure:
    """Why a case has no prediction; `fields` names the features that do not fit."""

    cause: str
    detail: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scores:
    """Row by row of the batch: those `scored` (indices) with their reply, and the `failures` of the others."""

    scored: list[int]
    reply: Reply
    failures: dict[int, Failure]


def score_payloads(
    features: Sequence[Feature],
    payloads: Sequence[Mapping[str, Any]],
    *,
    n_labels: int,
    ask: Ask,
    seconds: float = BUDGET_SECONDS,
) -> Scores:
    """Extract, ask, check. `ask` answers one batch of columns or raises a ModelFault.

    `seconds` is how long the search for what fails may go on; what is not answered by then fails with it.
    """
    extraction = extract(features, payloads)
    failures = {
        row: Failure(INVALID_INPUT, "The payload does not fit the model's features.", reasons)
        for row, reasons in extraction.problems.items()
    }
    if not extraction.fitting:
        return Scores([], Reply(np.empty((0, n_labels)), None, None), failures)
    answers, faults = _ask_around_faults(extraction.columns, ask, seconds)
    reply, rows = _joined(answers, n_labels)
    honest = honest_rows(reply)
    for row in rows[~honest]:
        faults[int(row)] = ModelLied("The model's answer is not a probability per label.")
    for row, fault in faults.items():
        failures[extraction.fitting[row]] = Failure(fault.cause, fault.message)
    scored = [extraction.fitting[row] for row in rows[honest]]
    return Scores(scored, _rows_of(reply, honest), failures)


def _ask_around_faults(
    columns: Columns, ask: Ask, seconds: float
) -> tuple[list[tuple[slice, Reply]], dict[int, ModelFault]]:
    answers: list[tuple[slice, Reply]] = []
    faults: dict[int, ModelFault] = {}
    waiting = deque([slice(0, columns.n_rows)])
    deadline = time.monotonic() + seconds
    failed, children_lost = 0, 0
    while waiting:
        part = waiting.popleft()
        try:
            answers.append((part, ask(columns.rows(part))))
            continue
        except ModelFault as fault:
            failed, children_lost = failed + 1, children_lost + fault.child_lost
            hopeless = isinstance(fault, NoModel) or (not answers and failed >= _HOPELESS[fault.child_lost])
            if hopeless or children_lost >= MAX_CHILDREN_LOST or time.monotonic() > deadline:
                left = [part, *waiting]
                return answers, faults | {row: fault for each in left for row in range(each.start, each.stop)}
            if part.stop - part.start == 1:
                faults[part.start] = fault
                continue
        # breadth first: the other half is tried before this one is cut further
        middle = (part.start + part.stop) // 2
        waiting += [slice(part.start, middle), slice(middle, part.stop)]
    return answers, faults


def _joined(answers: list[tuple[slice, Reply]], n_labels: int) -> tuple[Reply, NDArray[np.intp]]:
    answers = sorted(answers, key=lambda answer: answer[0].start)
    rows = [np.arange(part.start, part.stop) for part, _ in answers]
    if not answers:
        return Reply(np.empty((0, n_labels)), None, None), np.empty(0, dtype=np.intp)
    replies = [reply for _, reply in answers]
    return (
        Reply(
            np.concatenate([reply.probabilities for reply in replies]),
            _together([reply.contributions for reply in replies]),
            _together([reply.baseline for reply in replies]),
        ),
        np.concatenate(rows),
    )


def _together(parts: list[Floats | None]) -> Floats | None:
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if len(known) == len(parts) else None


def _rows_of(reply: Reply, mask: NDArray[np.bool_]) -> Reply:
    if mask.all():
        return reply
    return Reply(
        reply.probabilities[mask],
        None if reply.contributions is None else reply.contributions[mask],
        None if reply.baseline is None else reply.baseline[mask],
    )

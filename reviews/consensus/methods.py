"""One call for every method: answers in, posteriors and confusions out."""

from collections.abc import Mapping
from typing import Final

from numpy.typing import ArrayLike

from reviews.consensus import dawid_skene
from reviews.consensus.aggregation import Aggregation
from reviews.consensus.answers import checked_answers
from reviews.consensus.dawid_skene import MAXIMUM_LIKELIHOOD, REGULARISED, Regularisation

DEFAULTS: Final[Mapping[str, Regularisation]] = {
    "majority": REGULARISED,
    "dawid_skene": REGULARISED,
    "dawid_skene_ml": MAXIMUM_LIKELIHOOD,
}
METHODS: Final = tuple(DEFAULTS)


def aggregate(
    task: ArrayLike,
    worker: ArrayLike,
    label: ArrayLike,
    *,
    n_tasks: int,
    n_workers: int,
    n_labels: int,
    method: str,
    regularisation: Regularisation | None = None,
) -> Aggregation:
    """Aggregate answers: `worker[i]` gave `label[i]` to `task[i]`, all codes from 0 to their count less one.

    method:
        "majority": posteriors are vote shares; confusions and prior are counted against them once.
        "dawid_skene": Dawid & Skene (1979), regularised (see `dawid_skene`).
        "dawid_skene_ml": the same without a prior, plain maximum likelihood.
    regularisation: in place of the method's own.

    Every row is an answer: two of one worker to one task count as two, whether they agree or not. Use
    `most_probable` and `tied` to read labels out of the posteriors.
    Raises ValueError for arrays that are empty, of different lengths, not of integers or out of range, for an
    unknown method, and for more cells than fit in memory.
    """
    if method not in DEFAULTS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, not {method!r}")
    answers = checked_answers(task, worker, label, n_tasks=n_tasks, n_workers=n_workers, n_labels=n_labels)
    count = dawid_skene.vote if method == "majority" else dawid_skene.fit
    return count(answers, regularisation=regularisation or DEFAULTS[method])

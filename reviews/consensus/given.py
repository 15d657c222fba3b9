"""Panels judged by what is already known about their workers: no fitting, one application of Bayes' rule."""

import numpy as np
from numpy.typing import ArrayLike

from reviews.consensus.answers import Floats, checked_answers
from reviews.consensus.posteriors import normalise_logarithms

# A label that a worker never gave has probability 0 whatever is true: as this, it says nothing about the truth.
SMALLEST = float(np.finfo(np.float64).tiny)


def posteriors_given(
    task: ArrayLike, worker: ArrayLike, label: ArrayLike, *, n_tasks: int, confusions: Floats, prior: Floats
) -> Floats:
    """The probability of each label of each task, shape (n_tasks, n_labels), under a model fitted before.

    confusions: (n_workers, true label, given label) and prior: (n_labels,), as an Aggregation has them. A task
    without answers has the prior. Raises ValueError as `aggregate` does, and for a confusion or prior that is
    not one of probabilities.
    """
    n_labels = checked_model(confusions, prior=prior)
    answers = checked_answers(task, worker, label, n_tasks=n_tasks, n_workers=len(confusions), n_labels=n_labels)
    scores = np.tile(np.log(np.maximum(prior, SMALLEST)), (n_tasks, 1))
    likelihoods = np.maximum(confusions[answers.worker, :, answers.label], SMALLEST)
    np.add.at(scores, answers.task, np.log(likelihoods))
    return normalise_logarithms(scores)


def posterior_given(label: ArrayLike, worker: ArrayLike, *, confusions: Floats, prior: Floats) -> Floats:
    """The probability of each label, shape (n_labels,), of the one task to which `worker[i]` gave `label[i]`.

    A panel that nobody has answered has the prior. Otherwise as `posteriors_given`.
    """
    if np.size(label) == 0 and np.size(worker) == 0:
        checked_model(confusions, prior=prior)
        return prior.copy()
    task = np.zeros(np.shape(label), dtype=np.intp)
    found = posteriors_given(task, worker, label, n_tasks=1, confusions=confusions, prior=prior)
    return found.reshape(-1)


def checked_model(confusions: Floats, *, prior: Floats) -> int:
    """The number of labels of a model; raises ValueError where its arrays are not probabilities that fit together."""
    if prior.ndim != 1 or confusions.shape[1:] != (len(prior), len(prior)):
        raise ValueError(
            f"confusions must be (n_workers, n_labels, n_labels) and prior (n_labels,), not "
            f"{confusions.shape} and {prior.shape}"
        )
    for name, rows in (("confusions", confusions), ("prior", prior)):
        if not (np.all(rows >= 0) and np.allclose(rows.sum(axis=-1), 1.0, rtol=0, atol=1e-6)):
            raise ValueError(f"the rows of {name} must be probabilities that sum to 1")
    return len(prior)

"""Dawid & Skene's model of observers with errors, fitted by EM, and what keeps it from over-fitting.

Each task has one true label, drawn with probability `prior[j]`; worker w gives label k to a task whose true
label is j with probability `confusions[w, j, k]`, independently of everybody else.

    A. P. Dawid, A. M. Skene: Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm.
    Journal of the Royal Statistical Society C 28(1), 1979, 20-28.

Run to convergence, maximum likelihood over-fits: a worker with few answers gets a matrix of accidents, and
with many workers of one bias the labels drift away from their names. Two things hold it here:

- `strength`: each row of each confusion matrix has a Dirichlet prior worth that many answers, with the mean of
  all workers' confusions against the votes (what a newcomer is assumed to be);
- `anchor`: that share of the evidence about confusions and prior is counted against the vote shares instead of
  the posteriors, as if that part of the tasks had been answered once more by the panel as a whole. The fit then
  maximises (1 - anchor) log-likelihood + anchor log-likelihood of the votes as truth, each step of it EM.

The defaults lie on a plateau: over fourteen public crowd-sourcing sets the mean accuracy moves by 0.3 points
between strengths of 5 and 20 and anchors of 0.2 and 0.5.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reviews.consensus.aggregation import Aggregation
from reviews.consensus.answers import Answers, Floats
from reviews.consensus.posteriors import most_probable, normalise_logarithms, row_sums

# What the pooled confusion of a label starts from: one answer spread evenly, five that were right. A newcomer to
# an empty history is right five times in six; a few dozen answers outweigh it.
SPREAD_ANSWERS = 1.0
RIGHT_ANSWERS = 5.0
# Without a prior no answer is impossible: as in crowd-kit, a count of nothing is a count of 1e-10.
FLOOR = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class Regularisation:
    """How a fit is held back and when it stops. Raises ValueError for a number out of range.

    strength: prior answers per true label and worker, at least 0 (0: no prior, neither on confusions nor on labels).
    anchor: share of the evidence that stays with the votes, 0 to 1.
    max_iterations: at least 1; fewer is early stopping.
    tolerance: stop when the posteriors move by less, as total variation averaged over the tasks; None: never,
        run exactly `max_iterations`.
    hard: each step takes the most probable label as the truth (Sinha, Rao, Balasubramanian: Fast Dawid-Skene,
        2018) in place of the posterior.
    """

    strength: float = 10.0
    anchor: float = 0.3
    max_iterations: int = 100
    tolerance: float | None = 1e-5
    hard: bool = False

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        if not (math.isfinite(self.strength) and self.strength >= 0):
            raise ValueError(f"strength must be a number from 0 on, not {self.strength}")
        if not 0 <= self.anchor <= 1:
            raise ValueError(f"anchor must lie between 0 and 1, not {self.anchor}")
        if self.max_iterations < 1:
            raise ValueError(f"max_iterations must be at least 1, not {self.max_iterations}")
        if self.tolerance is not None and not self.tolerance >= 0:
            raise ValueError(f"tolerance must be a number from 0 on or None, not {self.tolerance}")


REGULARISED = Regularisation()
MAXIMUM_LIKELIHOOD = Regularisation(strength=0.0, anchor=0.0)


def fit(answers: Answers, *, regularisation: Regularisation) -> Aggregation:
    """Fit by EM, starting from the vote shares. One iteration is an M step, then an E step."""
    model = _Model(answers, regularisation=regularisation)
    posteriors, converged, iteration = model.votes(), False, 0
    while iteration < regularisation.max_iterations and not converged:
        iteration += 1
        rates, prior = model.maximise(posteriors)
        posteriors, converged = model.expect(posteriors, rates=rates, prior=prior)
    model.fill_unanswered(posteriors, prior=prior)
    return Aggregation(posteriors, _by_true_label(rates), prior, iteration, converged)


def vote(answers: Answers, *, regularisation: Regularisation) -> Aggregation:
    """The vote shares as posteriors, with confusions and prior as counted against them."""
    model = _Model(answers, regularisation=regularisation)
    shares = model.votes()
    rates, prior = model.maximise(shares)
    model.fill_unanswered(shares, prior=prior)
    return Aggregation(shares, _by_true_label(rates), prior, iterations=0, converged=True)


class _Model:
    """Both steps of EM, each one sparse product with the incidence of the answers.

    `rates` are (n_workers, given label, true label), the order in which the products need and leave them. Rows
    of posteriors of tasks without answers stay zero between the steps, so that they have no say in the prior.
    """

    def __init__(self, answers: Answers, *, regularisation: Regularisation) -> None:
        self.regularisation = regularisation
        self.shape = (answers.n_workers, answers.n_labels, answers.n_labels)
        self.incidence = answers.incidence()
        self.unanswered = np.flatnonzero(np.diff(self.incidence.indptr) == 0)
        votes = self.votes()
        given = self.counted(votes)
        self.anchored_labels = regularisation.anchor * _column_sums(votes)
        self.pretended = regularisation.strength * _pooled(given) + regularisation.anchor * given
        self.unused = None if regularisation.strength else _unused(given)

    def votes(self) -> Floats:
        """The share of each task's answers that each label has, (n_tasks, n_labels)."""
        n_workers, n_labels, _ = self.shape
        of_label = np.tile(np.eye(n_labels), (n_workers, 1))
        shares = _product(self.incidence, of_label)
        shares /= np.maximum(row_sums(shares), 1.0)[:, np.newaxis]
        return shares

    def maximise(self, posteriors: Floats) -> tuple[Floats, Floats]:
        """M step: the probability of each given label by true label, and of each true label."""
        truth = self.certain(posteriors) if self.regularisation.hard else posteriors
        rates = self.counted(truth)
        rates *= 1 - self.regularisation.anchor
        rates += self.pretended
        if self.unused is not None:
            np.maximum(rates, FLOOR, out=rates)
            rates[self.unused] = 0.0
        rates /= rates.sum(axis=1, keepdims=True)
        labels = (1 - self.regularisation.anchor) * _column_sums(truth) + self.anchored_labels
        labels += 1.0 if self.regularisation.strength else 0.0
        prior = np.maximum(labels / labels.sum(), FLOOR)
        return rates, prior / prior.sum()

    def expect(self, posteriors: Floats, *, rates: Floats, prior: Floats) -> tuple[Floats, bool]:
        """E step: the new posteriors, and whether they are within the tolerance of the old, which are used up."""
        logarithms = np.log(rates, out=np.zeros_like(rates), where=rates > 0)
        updated = _product(self.incidence, logarithms.reshape(-1, rates.shape[2]))
        updated += np.log(prior)
        normalise_logarithms(updated)
        updated[self.unanswered] = 0.0
        tolerance = self.regularisation.tolerance
        return updated, tolerance is not None and _total_variation(posteriors, updated) <= tolerance

    def certain(self, posteriors: Floats) -> Floats:
        """The most probable label of each task as its truth."""
        certain = np.zeros_like(posteriors)
        certain[np.arange(len(posteriors)), most_probable(posteriors)] = 1.0
        certain[self.unanswered] = 0.0
        return certain

    def counted(self, truth: Floats) -> Floats:
        """How often each worker gave each label when each label was true."""
        return _product(self.incidence.T, truth).reshape(self.shape)

    def fill_unanswered(self, posteriors: Floats, *, prior: Floats) -> None:
        """What is known of a task that nobody has answered is how frequent each label is."""
        posteriors[self.unanswered] = prior


def _product(matrix: sparse.csr_array | sparse.csc_array, table: Floats) -> Floats:
    return np.asarray(matrix @ table)


def _pooled(given: Floats) -> Floats:
    """Everybody's rates against the votes, (given, true): the mean of the prior, and what a newcomer gets."""
    n_labels = given.shape[2]
    pooled: Floats = given.sum(axis=0) + SPREAD_ANSWERS / n_labels + RIGHT_ANSWERS * np.eye(n_labels)
    pooled /= pooled.sum(axis=0)
    return pooled


def _unused(given: Floats) -> NDArray[np.bool_]:
    """Labels that a worker never gave, (n_workers, n_labels); none for a worker who gave none at all."""
    used = np.any(given, axis=2)
    idle = ~np.any(used, axis=1, keepdims=True)
    unused: NDArray[np.bool_] = ~(used | idle)
    return unused


def _total_variation(before: Floats, after: Floats) -> float:
    """The mean total variation distance between rows; `before` is overwritten, to need no memory of its own."""
    before -= after
    np.abs(before, out=before)
    return float(before.sum()) / (2 * len(before))


def _column_sums(matrix: Floats) -> Floats:
    # Ten times faster on many rows of few columns than a reduction over rows.
    return np.array([matrix[:, column].sum() for column in range(matrix.shape[1])])


def _by_true_label(rates: Floats) -> Floats:
    return np.ascontiguousarray(rates.transpose(0, 2, 1))

"""How each reviewer answers, given what was true: shrunken confusion matrices with intervals. Pure, vectorised.

A row of a reviewer's confusion matrix (the answers where one label was true) is Dirichlet-multinomial: its prior is
the row pooled over all reviewers, worth `STRENGTH` observations, so that somebody new gets the prior and somebody
with many answers their own shares (Gelman et al., Bayesian Data Analysis, 3rd ed., 5.1 and 5.3; for annotators,
hierarchical Dawid-Skene of S. Paun et al., "Comparing Bayesian Models of Annotation", TACL 6, 2018). The pooled row
has a prior of its own: `HYPER` observations of which `RIGHT` are right. An interval is that of the marginal Beta
distribution.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from reviews.consensus.answers import Floats
from reviews.quality.intervals import CONFIDENCE, beta_interval, share_of

# how many answers the pooled row counts for in a reviewer's own
STRENGTH = 10.0
# before anybody has answered: four answers, 70 % of them right
HYPER, RIGHT = 4.0, 0.7
# the bound of a pause is one-sided; it is asked anew after each item, so it is far out
PAUSE_CONFIDENCE = 0.99


@dataclass(frozen=True, slots=True)
class Competence:
    """Of R reviewers and K labels. counts, mean, low, high: (R, K, K), true label by given; prior: (K, K)."""

    counts: Floats
    mean: Floats
    low: Floats
    high: Floats
    prior: Floats
    strength: float


def confusion_counts(
    reviewers: ArrayLike, true: ArrayLike, given: ArrayLike, *, n_reviewers: int, n_labels: int
) -> Floats:
    """How often each reviewer gave each label where each was true, (n_reviewers, n_labels, n_labels).

    The three are codes of one length; raises ValueError for one out of range.
    """
    rows, columns, planes = (np.asarray(each, dtype=np.int64) for each in (true, given, reviewers))
    if not len(rows) == len(columns) == len(planes):
        raise ValueError("one true and one given label for each reviewer's answer")
    for codes, most in ((planes, n_reviewers), (rows, n_labels), (columns, n_labels)):
        if len(codes) and not (codes.min() >= 0 and codes.max() < most):
            raise ValueError("a code is out of range")
    flat = np.bincount((planes * n_labels + rows) * n_labels + columns, minlength=n_reviewers * n_labels * n_labels)
    return flat.reshape(n_reviewers, n_labels, n_labels).astype(np.float64)


def shrunken(counts: Floats, *, strength: float = STRENGTH, confidence: float = CONFIDENCE) -> Competence:
    """Each reviewer's shares drawn towards those of all, with intervals; counts (R, K, K), K at least 2."""
    labels = counts.shape[1]
    if labels < 2:
        raise ValueError("a confusion needs two labels")
    base = np.full((labels, labels), (1 - RIGHT) / (labels - 1))
    np.fill_diagonal(base, RIGHT)
    pooled = counts.sum(axis=0) + HYPER * base
    prior = pooled / pooled.sum(axis=1, keepdims=True)
    alpha = counts + strength * prior
    total = alpha.sum(axis=2, keepdims=True)
    low, high = beta_interval(alpha, total - alpha, confidence=confidence)
    return Competence(counts, alpha / total, low, high, prior, strength)


def is_below(right: int, total: int, *, bar: float, after: int) -> bool:
    """Whether so many right answers are too few for `bar` beyond chance, from `after` items on.

    Beyond chance: the upper end of the 99 % Wilson interval is below the bar.
    """
    return total >= after and share_of(right, total, confidence=PAUSE_CONFIDENCE).high < bar


def fails_quiz(right: int, total: int, *, items: int, at_least: float) -> bool:
    """Whether an entry quiz of `items` is complete and was not passed; it is an examination, so no interval."""
    return 0 < items <= total and right < at_least * total

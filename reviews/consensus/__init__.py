"""Consensus: many answers to one question, and what they say together.

Computation on integer arrays with NumPy and SciPy alone: no rows, no clock, no settings.

    aggregate         every panel of a history at once: posteriors, and how each worker errs
    posteriors_given  panels judged by confusions that are known already
    agreement         how far people agree, with no truth needed
    tables            the same from and to CSV

Tasks, workers and labels are codes from 0 on; `encode` makes them out of anything.
"""

from reviews.consensus.aggregation import Aggregation
from reviews.consensus.agreement import agreement_per_task, fleiss_kappa, krippendorff_alpha
from reviews.consensus.answers import encode
from reviews.consensus.dawid_skene import MAXIMUM_LIKELIHOOD, REGULARISED, Regularisation
from reviews.consensus.given import posterior_given, posteriors_given
from reviews.consensus.methods import METHODS, aggregate
from reviews.consensus.posteriors import most_probable, tied

__all__ = [
    "MAXIMUM_LIKELIHOOD",
    "METHODS",
    "REGULARISED",
    "Aggregation",
    "Regularisation",
    "aggregate",
    "agreement_per_task",
    "encode",
    "fleiss_kappa",
    "krippendorff_alpha",
    "most_probable",
    "posterior_given",
    "posteriors_given",
    "tied",
]

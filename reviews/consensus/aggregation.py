"""What every method answers."""

from dataclasses import dataclass

from reviews.consensus.answers import Floats


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What the answers say together.

    posteriors: (n_tasks, n_labels), rows sum to 1; a task without answers has the prior.
    confusions: (n_workers, true label, given label), rows sum to 1; a worker without answers has what all
        workers together have (under maximum likelihood, which knows nothing of others: every label alike).
    prior: (n_labels,), how frequent each label is among the tasks that were answered.
    iterations: how many rounds of EM were run (0 for a vote); converged: whether the last one changed nothing
        that matters.

    After a fit the posteriors are what Bayes' rule makes of exactly these confusions and this prior, so that
    whoever keeps them can recompute any posterior (`posteriors_given`).
    """

    posteriors: Floats
    confusions: Floats
    prior: Floats
    iterations: int
    converged: bool

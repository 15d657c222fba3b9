"""Maximum-likelihood Dawid-Skene against crowd-kit's, round by round.

crowd-kit runs in an environment of its own, which the first run installs.
"""

import numpy as np
import pytest

from benchmarks import crowdkit
from reviews.consensus import Regularisation, aggregate

TOLERANCE = 1e-8


def crowd() -> dict[str, np.ndarray]:
    """Panels of one to nine, workers of one answer, of one label, of two answers to one task; workers who are wrong."""
    random = np.random.default_rng(20)
    n_tasks, n_workers, n_labels = 300, 40, 5
    truth = random.choice(n_labels, n_tasks, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    skill = random.uniform(0.1, 0.95, n_workers)
    panels = [random.permutation(n_workers - 4)[: random.integers(1, 10)] for _ in range(n_tasks)]
    task = np.repeat(np.arange(n_tasks), [len(panel) for panel in panels])
    worker = np.concatenate(panels)
    label = np.where(random.random(len(task)) < skill[worker], truth[task], random.integers(0, n_labels, len(task)))
    extra = np.array([(0, 36, 4), (1, 37, 2), (2, 37, 2), (3, 37, 2), (4, 38, 0), (4, 38, 1), (4, 38, 1), (5, 39, 3)])
    answers = np.concatenate([np.column_stack([task, worker, label]), extra])
    answers = answers[random.permutation(len(answers))]
    return dict(zip(("task", "worker", "label"), answers.T, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("iterations", [1, 20, 100])
def test_posteriors_are_crowd_kits(iterations: int) -> None:
    answers = crowd()
    reference = crowdkit.dawid_skene(**answers, n_labels=5, iterations=iterations)
    fixed = Regularisation(strength=0, anchor=0, max_iterations=iterations, tolerance=None)
    found = aggregate(**answers, n_tasks=300, n_workers=40, n_labels=5, method="dawid_skene_ml", regularisation=fixed)
    assert np.abs(found.posteriors - reference.posteriors).max() <= TOLERANCE
    # the answers are not so easy that everything agrees
    majority = aggregate(**answers, n_tasks=300, n_workers=40, n_labels=5, method="majority")
    assert np.abs(majority.posteriors - reference.posteriors).max() > 0.5

"""How far people agree: measures that need no truth and no model."""

import numpy as np
from numpy.typing import ArrayLike

from reviews.consensus.answers import Floats, checked_answers


def agreement_per_task(task: ArrayLike, label: ArrayLike, *, n_tasks: int, n_labels: int) -> Floats:
    """The share of a task's pairs of answers that agree, 0 to 1, shape (n_tasks,).

    NaN where fewer than two people answered: one person neither agrees nor disagrees. Raises ValueError as
    `aggregate` does.
    """
    counts = _counts(task, label, n_tasks=n_tasks, n_labels=n_labels)
    totals = counts.sum(axis=1)
    pairs = totals * (totals - 1)
    agreeing = (counts * (counts - 1)).sum(axis=1)
    shares: Floats = np.divide(agreeing, pairs, out=np.full(n_tasks, np.nan), where=pairs > 0)
    return shares


def krippendorff_alpha(task: ArrayLike, label: ArrayLike, *, n_tasks: int, n_labels: int) -> float:
    """Krippendorff's alpha for nominal labels: 1 full agreement, 0 what chance gives, below 0 worse than chance.

    Panels may be of any size; tasks with fewer than two answers are left out. NaN where it is undefined: no task
    was answered twice, or all such answers are one label. Raises ValueError as `aggregate` does.

    K. Krippendorff: Content Analysis, 4th edition, 2018, chapter 12.
    """
    counts = _counts(task, label, n_tasks=n_tasks, n_labels=n_labels)
    counts = counts[counts.sum(axis=1) >= 2]
    totals, by_label = counts.sum(axis=1), counts.sum(axis=0)
    answers = by_label.sum()
    expected = (by_label * (answers - by_label)).sum()
    if expected == 0:
        return float("nan")
    disagreeing = (counts * (totals[:, np.newaxis] - counts)).sum(axis=1)
    observed = (disagreeing / (totals - 1)).sum()
    return float(1 - (answers - 1) * observed / expected)


def fleiss_kappa(task: ArrayLike, label: ArrayLike, *, n_tasks: int, n_labels: int) -> float:
    """Fleiss' kappa, over tasks that all have the same number of answers; tasks without answers are left out.

    NaN where all answers are one label. Raises ValueError when panels differ in size or have one answer (use
    `krippendorff_alpha`), and as `aggregate` does.

    J. L. Fleiss: Measuring nominal scale agreement among many raters. Psychological Bulletin 76(5), 1971.
    """
    counts = _counts(task, label, n_tasks=n_tasks, n_labels=n_labels)
    counts = counts[counts.any(axis=1)]
    totals = counts.sum(axis=1)
    size = totals[0]
    if size < 2 or np.any(totals != size):
        raise ValueError("Fleiss' kappa needs panels of one size, two answers or more on each")
    by_chance = float(np.square(counts.sum(axis=0) / counts.sum()).sum())
    if by_chance == 1.0:
        return float("nan")
    observed = float((counts * (counts - 1)).sum() / (len(counts) * size * (size - 1)))
    return (observed - by_chance) / (1 - by_chance)


def _counts(task: ArrayLike, label: ArrayLike, *, n_tasks: int, n_labels: int) -> Floats:
    """How often each label was given to each task, (n_tasks, n_labels)."""
    # Who answered makes no difference here: everybody is worker 0.
    nobody = np.zeros(np.shape(task), dtype=np.intp)
    answers = checked_answers(task, nobody, label, n_tasks=n_tasks, n_workers=1, n_labels=n_labels)
    counts: Floats = answers.incidence().toarray()
    return counts

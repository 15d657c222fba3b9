"""Rates of groups, each as a pair of counts (how many, of how many).

A rate of nothing is not defined: it is NaN here and null in the document, and enters no maximum and no difference.
It is never 0.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from audits.fairness.cube import NEGATIVE, NONE, POSITIVE, TRUTH, Cube, Floats, Integers, Mask

Pair = tuple[Integers, Integers]
CROSS: Final = "\N{MULTIPLICATION SIGN}"

# metric: (title, what it is), in the order of the document
DEFINITIONS: Final[dict[str, tuple[str, str]]] = {
    "accuracy": ("Accuracy", "Right answers among those whose truth is known."),
    "base_rate": ("Base rate", "Cases that are truly positive among those whose truth is known."),
    "selection_rate": ("Selection rate", "Positive answers among all answers."),
    "favourable_rate": ("Favourable rate", "Answers in the person's favour among all answers."),
    "tpr": ("True positive rate", "Positive answers among the truly positive."),
    "tnr": ("True negative rate", "Negative answers among the truly negative."),
    "fpr": ("False positive rate", "Positive answers among the truly negative."),
    "fnr": ("False negative rate", "Negative answers among the truly positive."),
    "precision": ("Positive predictive value", "Truly positive cases among the positive answers."),
    "npv": ("Negative predictive value", "Truly negative cases among the negative answers."),
    "fdr": ("False discovery rate", "Truly negative cases among the positive answers."),
    "for": ("False omission rate", "Truly positive cases among the negative answers."),
    "impact_ratio": ("Impact ratio", "A group's favourable rate divided by the highest favourable rate of any group."),
    "shortfall": ("Shortfall", "How many more favourable answers would bring the group to the limit."),
    "demographic_parity_difference": ("Demographic parity difference", "Highest selection rate less the lowest."),
    "demographic_parity_ratio": ("Demographic parity ratio", "Lowest selection rate divided by the highest."),
    "equal_opportunity_difference": ("Equal opportunity difference", "Highest true positive rate less the lowest."),
    "equalized_odds_difference": (
        "Equalised odds difference",
        "The larger of two differences: of the true and of the false positive rates.",
    ),
    "equalized_odds_ratio": (
        "Equalised odds ratio",
        "The smaller of two ratios of lowest to highest: of the true and of the false positive rates.",
    ),
    "average_odds_difference_vs_largest": (
        "Average odds difference",
        "Mean of how far the true and the false positive rate lie from the largest group's.",
    ),
}
RATES: Final = tuple(DEFINITIONS)[:12]


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of one attribute set that occur: their labels, sizes over all cases, and which are comparable.

    `cells`: the place of each group in the full grid of the attributes. `known`: no attribute of it is unknown.
    """

    attributes: tuple[str, ...]
    labels: tuple[str, ...]
    cells: Integers
    known: Mask

    @property
    def name(self) -> str:
        """As the document names the set."""
        return set_name(self.attributes)


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of answers against the truth, an element per group."""

    n: Integers
    n_judged: Integers  # answered, and the truth is known
    tp: Integers
    fp: Integers
    fn: Integers
    tn: Integers
    n_true_pos: Integers
    n_true_neg: Integers
    n_pred_pos: Integers
    n_pred_neg: Integers
    favourable_n: Integers

    def pairs(self) -> dict[str, Pair]:
        """Every rate of RATES as (how many, of how many)."""
        positives, negatives = self.tp + self.fn, self.fp + self.tn
        selected, refused = self.tp + self.fp, self.fn + self.tn
        return {
            "accuracy": (self.tp + self.tn, self.n_judged),
            "base_rate": (self.n_true_pos, self.n_judged),
            "selection_rate": (self.n_pred_pos, self.n),
            "favourable_rate": (self.favourable_n, self.n),
            "tpr": (self.tp, positives),
            "tnr": (self.tn, negatives),
            "fpr": (self.fp, negatives),
            "fnr": (self.fn, positives),
            "precision": (self.tp, selected),
            "npv": (self.tn, refused),
            "fdr": (self.fp, selected),
            "for": (self.fn, refused),
        }


def set_name(attributes: tuple[str, ...]) -> str:
    """As the document names an attribute set: the attributes, joined by CROSS."""
    return CROSS.join(attributes)


def groups_of(cube: Cube, *, attributes: tuple[str, ...]) -> Groups:
    """The combinations of these attributes that the cube holds, in the order of their codes; without any, everybody."""
    if not attributes:
        return Groups((), ("all",), np.zeros(1, dtype=np.int64), np.ones(1, dtype=bool))
    axes = [cube.axis(name) for name in attributes]
    cells = np.flatnonzero(cube.sums(attributes).ravel()).astype(np.int64)
    codes = np.stack(np.unravel_index(cells, [axis.size for axis in axes]), axis=1)
    labels = tuple(
        " | ".join(axis.labels[code] for axis, code in zip(axes, row, strict=True)) for row in codes.tolist()
    )
    unknown = np.array([-1 if axis.unknown is None else axis.unknown for axis in axes])
    return Groups(attributes, labels, cells, ~np.any(codes == unknown, axis=1))


def answer_table(cube: Cube, *, groups: Groups, decider: str, of: Floats | None = None) -> Floats:
    """Counts (or sums of `of`) by group, truth and answer: (groups, 4, 4)."""
    grid = cube.sums((*groups.attributes, TRUTH, decider), of=of).reshape(-1, 4, 4)
    return grid[groups.cells]


def confusion(table: Floats, *, favourable: int) -> Confusion:
    """The counts of answers against the truth out of (groups, 4, 4)."""
    counts = np.rint(table).astype(np.int64)
    answered = counts[:, :, :NONE]
    judged = answered[:, :NONE]
    positive, negative = answered[:, :, POSITIVE].sum(axis=1), answered[:, :, NEGATIVE].sum(axis=1)
    return Confusion(
        n=answered.sum(axis=(1, 2)),
        n_judged=judged.sum(axis=(1, 2)),
        tp=counts[:, POSITIVE, POSITIVE],
        fp=counts[:, NEGATIVE, POSITIVE],
        fn=counts[:, POSITIVE, NEGATIVE],
        tn=counts[:, NEGATIVE, NEGATIVE],
        n_true_pos=judged[:, POSITIVE].sum(axis=1),
        n_true_neg=judged[:, NEGATIVE].sum(axis=1),
        n_pred_pos=positive,
        n_pred_neg=negative,
        favourable_n=positive if favourable == POSITIVE else negative,
    )


def rate(pair: tuple[Integers | Floats, Integers | Floats]) -> Floats:
    """How many divided by of how many; NaN where there are none."""
    k, n = np.asarray(pair[0], dtype=np.float64), np.asarray(pair[1], dtype=np.float64)
    shares: Floats = np.divide(k, n, out=np.full(np.broadcast(k, n).shape, np.nan), where=n > 0)
    return shares

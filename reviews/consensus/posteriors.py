"""What a posterior says: its most probable label, and whether another is as probable."""

import numpy as np
from numpy.typing import NDArray

from reviews.consensus.answers import Floats

# Two labels as probable as this are tied: sums taken in another order differ by less.
TIE = 1e-9


def most_probable(posteriors: Floats) -> NDArray[np.intp]:
    """The most probable label of each row of posteriors (n_tasks, n_labels), shape (n_tasks,).

    A tie (probabilities within 1e-9 of the largest) goes to the lowest code, so that the answer never
    depends on the order of the answers. Whoever must not decide a tie asks `tied` first.
    """
    labels: NDArray[np.intp] = np.argmax(_near_the_largest(posteriors), axis=1)
    return labels


def tied(posteriors: Floats) -> NDArray[np.bool_]:
    """Whether two labels or more share the largest probability of a row, shape (n_tasks,)."""
    several: NDArray[np.bool_] = _near_the_largest(posteriors).sum(axis=1) > 1
    return several


def normalise_logarithms(scores: Floats) -> Floats:
    """Turn rows of unnormalised log-probabilities (n, n_labels) into probabilities, in place.

    Each row is shifted by its largest value first, so that neither hundreds of answers nor probabilities of
    1e-10 under- or overflow.
    """
    scores -= _largest_of_rows(scores)[:, np.newaxis]
    np.exp(scores, out=scores)
    scores /= row_sums(scores)[:, np.newaxis]
    return scores


def row_sums(matrix: Floats) -> Floats:
    """The sum of each row, shape (n_rows,)."""
    # Column by column: seven times faster on rows of four numbers than a reduction along the rows.
    sums = matrix[:, 0].copy()
    for column in range(1, matrix.shape[1]):
        sums += matrix[:, column]
    return sums


def _near_the_largest(posteriors: Floats) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = posteriors >= _largest_of_rows(posteriors)[:, np.newaxis] - TIE
    return near


def _largest_of_rows(scores: Floats) -> Floats:
    largest = scores[:, 0].copy()
    for column in range(1, scores.shape[1]):
        np.maximum(largest, scores[:, column], out=largest)
    return largest

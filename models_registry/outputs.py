"""What a model answers, and whether that is an answer: finite probabilities within 0..1 that sum to one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Reply:
    """What the model said of n rows, labels in the registry's order.

    `probabilities` (n, n_labels). Where the model is linear, `contributions` (n, n_features) and `baseline`
    (n,): the log-odds of each row's most probable label against its runner-up are their sum.
    """

    probabilities: Floats
    contributions: Floats | None
    baseline: Floats | None


def honest_rows(reply: Reply) -> NDArray[np.bool_]:
    """Which rows of the reply may be believed, shape (n,)."""
    p = reply.probabilities
    with np.errstate(invalid="ignore"):
        within = np.isfinite(p).all(axis=1) & (p >= 0.0).all(axis=1) & (p <= 1.0).all(axis=1)
        honest: NDArray[np.bool_] = within & (np.abs(p.sum(axis=1) - 1.0) <= TOLERANCE)
    if reply.contributions is not None and reply.baseline is not None:
        honest &= np.isfinite(reply.contributions).all(axis=1) & np.isfinite(reply.baseline)
    return honest

"""Groups too small to be shown: no number of theirs, and none that gives theirs away by subtraction.

A group under the minimum is suppressed. Where it is the only one in a line of its table (all groups that differ in one
attribute alone, whose sum is shown elsewhere), the next smallest of the line goes with it. What a suppressed group is
made of is suppressed too.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from audits.fairness.cube import Cube, Integers, Mask

Suppressed = Mapping[tuple[str, ...], Mask]
ROUNDS: Final = 100


def suppressed_cells(cube: Cube, *, sets: Iterable[tuple[str, ...]], minimum: int) -> dict[tuple[str, ...], Mask]:
    """For each attribute set, which cells of its full grid (flat) are not shown; every subset is judged with it."""
    order = sorted(set(sets), key=lambda names: (len(names), names))
    grids = {names: np.rint(cube.sums(names)).astype(np.int64) for names in order}
    hidden = {names: (grid > 0) & (grid < minimum) for names, grid in grids.items()}
    for _ in range(ROUNDS if minimum > 1 else 0):
        before = sum(int(mask.sum()) for mask in hidden.values())
        for names in order:
            hidden[names] |= inherited(names, hidden=hidden) & (grids[names] > 0)
            hide_companions(hidden[names], grid=grids[names])
        if sum(int(mask.sum()) for mask in hidden.values()) == before:
            break
    return {names: mask.ravel() for names, mask in hidden.items()}


def inherited(names: tuple[str, ...], *, hidden: Mapping[tuple[str, ...], Mask]) -> Mask:
    """The cells whose group in a smaller set is suppressed."""
    shape = hidden[names].shape
    found = np.zeros(shape, dtype=bool)
    for smaller, mask in hidden.items():
        if len(smaller) < len(names) and set(smaller) <= set(names):
            turned = mask.transpose([smaller.index(name) for name in names if name in smaller])
            found |= turned.reshape([size if name in smaller else 1 for name, size in zip(names, shape, strict=True)])
    return found


def hide_companions(mask: Mask, *, grid: Integers) -> None:
    """Where one cell of a line is hidden alone, hide the smallest other; `mask` is changed in place."""
    for along in range(grid.ndim):
        lines, counts = np.moveaxis(mask, along, -1), np.moveaxis(grid, along, -1)
        for place in np.argwhere(lines.sum(axis=-1) == 1):
            line, count = lines[tuple(place)], counts[tuple(place)]
            others = np.flatnonzero((count > 0) & ~line)
            if len(others):
                line[others[np.argmin(count[others])]] = True

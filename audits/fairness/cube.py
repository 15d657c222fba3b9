"""The count cube: how many cases had which attributes, factors, truth and answers.

Everything that an audit says is a function of these counts. A cube is small (one row a combination that occurs), is
counted once, by a GROUP BY of the database or chunk by chunk from arrays, and is summed up to any set of its axes.

Answers (the truth too) are coded 1 positive, 0 negative, 2 another answer, -1 none: not known, or did not decide.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

TRUTH: Final = "truth"
NEGATIVE, POSITIVE, OTHER, NONE = range(4)
ANSWERS: Final = ("negative", "positive", "other", "none")
CHUNK: Final = 1 << 16
# a dense accumulator of 8-byte counts beyond this would weigh more than the rows of most populations
DENSE: Final = 1 << 21


@dataclass(frozen=True, slots=True)
class Axis:
    """One thing that cases are told apart by. `unknown`: the code of the group of whom it is not known."""

    name: str
    kind: Literal["attribute", "factor", "answer"]
    labels: tuple[str, ...] = ANSWERS
    unknown: int | None = None

    def __post_init__(self) -> None:
        if not self.labels or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"axis {self.name!r} needs labels, each once")
        if self.unknown is not None and not 0 <= self.unknown < len(self.labels):
            raise ValueError(f"axis {self.name!r} has no label with the code {self.unknown}")

    @property
    def size(self) -> int:
        """How many codes there are."""
        return len(self.labels)

    @property
    def missing(self) -> int | None:
        """The code that stands for "none": of an answer always, of an attribute where it has an unknown group."""
        return NONE if self.kind == "answer" else self.unknown

    def codes(self, given: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
        """Given codes as the axis counts them, not copied where nothing is missing. Raises ValueError for others."""
        if not len(given):
            return given
        low, high = int(given.min()), int(given.max())
        if low < -1 or high >= self.size or (low == -1 and self.missing is None):
            raise ValueError(
                f"axis {self.name!r} has {self.size} codes"
                f"{'' if self.missing is not None else ' and no group of unknown'}; "
                f"the column runs from {low} to {high}"
            )
        return given if low >= 0 or self.missing is None else np.where(given == -1, self.missing, given)


def attribute(name: str, labels: Sequence[str], *, unknown: str | None = None) -> Axis:
    """A protected attribute; `unknown` names the label of those of whom it is not known."""
    return Axis(name, "attribute", tuple(labels), None if unknown is None else list(labels).index(unknown))


def factor(name: str, labels: Sequence[str]) -> Axis:
    """Something legitimate that decisions may depend on: a product, a band of scores, a queue, a reviewer."""
    return Axis(name, "factor", tuple(labels))


def answer(name: str) -> Axis:
    """The truth, or what one decider answered."""
    return Axis(name, "answer")


@dataclass(frozen=True, slots=True)
class Cube:
    """`codes` (rows, axes) with `counts` (rows,); weighted cubes have the sums of w and of w squared beside them."""

    axes: tuple[Axis, ...]
    codes: Integers
    counts: Integers
    weights: Floats | None = None
    squares: Floats | None = None

    @classmethod
    def from_rows(cls, axes: Sequence[Axis], rows: Iterable[Sequence[Any]]) -> "Cube":
        """A cube of rows (a code per axis …, count), or (…, count, sum of w, sum of w squared). None is -1.

        Raises ValueError for a code that an axis lacks or a count below 0.
        """
        axes = checked_axes(axes)
        given = list(rows)
        width = len(axes)
        codes = np.empty((len(given), width), dtype=np.int64)
        for place, axis in enumerate(axes):
            column = np.array([-1 if row[place] is None else row[place] for row in given], dtype=np.int64)
            codes[:, place] = axis.codes(column)
        counts = np.array([int(row[width]) for row in given], dtype=np.int64)
        if len(counts) and counts.min() < 0:
            raise ValueError("a count is never below 0")
        if not given or len(given[0]) == width + 1:
            return cls(axes, codes, counts)
        sums = np.array([[float(row[width + 1]), float(row[width + 2])] for row in given])
        return cls(axes, codes, counts, sums[:, 0].copy(), sums[:, 1].copy())

    @property
    def n(self) -> int:
        """How many cases."""
        return int(self.counts.sum())

    def place(self, name: str) -> int:
        """Where an axis stands. Raises ValueError where there is none of this name."""
        for number, axis in enumerate(self.axes):
            if axis.name == name:
                return number
        raise ValueError(f"the cube has no axis {name!r}; it has {', '.join(axis.name for axis in self.axes)}")

    def axis(self, name: str) -> Axis:
        """The axis of this name."""
        return self.axes[self.place(name)]

    def names(self, kind: str) -> tuple[str, ...]:
        """The names of the axes of one kind, in their order."""
        return tuple(axis.name for axis in self.axes if axis.kind == kind)

    def column(self, name: str) -> Integers:
        """The codes of one axis, a code per row of the cube."""
        column: Integers = self.codes[:, self.place(name)]
        return column

    def sums(self, names: Sequence[str], *, of: Floats | Integers | None = None) -> Floats:
        """Counts (or `of`: weights, squares) summed up to these axes: an array with one dimension per name."""
        sizes = [self.axis(name).size for name in names]
        flat = np.zeros(len(self.counts), dtype=np.int64)
        for name, size in zip(names, sizes, strict=True):
            flat = flat * size + self.column(name)
        values = self.counts if of is None else of
        total = np.bincount(flat, weights=values.astype(np.float64), minlength=int(np.prod(sizes)))
        return total.astype(np.float64, copy=False).reshape(sizes)

    def where(self, keep: Mask) -> "Cube":
        """The cube of the rows that `keep` (a bool per row of the cube) names."""
        return replace(
            self,
            codes=self.codes[keep],
            counts=self.counts[keep],
            weights=None if self.weights is None else self.weights[keep],
            squares=None if self.squares is None else self.squares[keep],
        )

    def answered(self, names: Iterable[str]) -> Mask:
        """The rows of the cube in which all of these deciders answered."""
        return reduce(np.logical_and, (self.column(name) != NONE for name in names), np.ones(len(self.counts), bool))


def checked_axes(axes: Sequence[Axis]) -> tuple[Axis, ...]:
    """Axes with different names. Raises ValueError."""
    names = [axis.name for axis in axes]
    if not names or len(set(names)) != len(names):
        raise ValueError(f"a cube needs axes, each with a name of its own: {names}")
    return tuple(axes)


class CubeBuilder:
    """Counts a population chunk by chunk: what it holds does not grow with the number of rows."""

    def __init__(self, axes: Sequence[Axis], *, weighted: bool = False) -> None:
        self.axes = checked_axes(axes)
        self.cells = int(np.prod([axis.size for axis in self.axes], dtype=object))
        if self.cells >= 1 << 62:
            raise ValueError("the axes have more combinations than can be numbered")
        self.dense = self.cells <= DENSE
        self.flat = np.arange(self.cells if self.dense else 0, dtype=np.int64)
        self.counts = np.zeros(len(self.flat), dtype=np.int64)
        self.weights, self.squares = (np.zeros(len(self.flat) if weighted else 0) for _ in range(2))
        self.weighted = weighted

    def add(self, columns: Mapping[str, ArrayLike], *, weights: ArrayLike | None = None) -> "CubeBuilder":
        """Count rows: an integer array per axis, all of one length; a weight per row where the cube has weights.

        Raises ValueError for columns that are missing, of different lengths or with codes that their axis lacks.
        """
        arrays = [integers(columns, name=axis.name) for axis in self.axes]
        n = len(arrays[0])
        if any(len(array) != n for array in arrays):
            raise ValueError("the columns have different lengths")
        if self.weighted != (weights is not None):
            raise ValueError("a weighted cube needs weights, and no other takes them")
        given = None if weights is None else np.asarray(weights, dtype=np.float64)
        if given is not None and (len(given) != n or not np.all(np.isfinite(given) & (given >= 0))):
            raise ValueError("a weight is a finite number, one per row, never below 0")
        for start in range(0, n, CHUNK):
            part = slice(start, start + CHUNK)
            self._count([array[part] for array in arrays], weights=None if given is None else given[part])
        return self

    def cube(self) -> Cube:
        """What was counted so far."""
        there = self.counts > 0
        flat, codes = self.flat[there], np.empty((int(there.sum()), len(self.axes)), dtype=np.int64)
        for place in reversed(range(len(self.axes))):
            flat, codes[:, place] = np.divmod(flat, self.axes[place].size)
        sums = (self.weights[there], self.squares[there]) if self.weighted else (None, None)
        return Cube(self.axes, codes, self.counts[there], *sums)

    def _count(self, columns: list[NDArray[np.integer[Any]]], *, weights: Floats | None) -> None:
        flat = np.zeros(len(columns[0]), dtype=np.int64)
        for axis, column in zip(self.axes, columns, strict=True):
            flat *= axis.size
            flat += axis.codes(column)
        if not self.dense:
            flat = self._placed(flat)
        size = len(self.flat)
        self.counts += np.bincount(flat, minlength=size)
        if weights is not None:
            self.weights += np.bincount(flat, weights=weights, minlength=size)
            self.squares += np.bincount(flat, weights=weights * weights, minlength=size)

    def _placed(self, flat: Integers) -> Integers:
        """Where each combination stands among those seen; makes room for new ones."""
        known = np.union1d(self.flat, flat)
        old = np.searchsorted(known, self.flat)
        for name in ("counts", "weights", "squares") if self.weighted else ("counts",):
            held = getattr(self, name)
            grown = np.zeros(len(known), dtype=held.dtype)
            grown[old] = held
            setattr(self, name, grown)
        self.flat = known
        return np.searchsorted(known, flat)


def integers(columns: Mapping[str, ArrayLike], *, name: str) -> NDArray[np.integer[Any]]:
    """One column as a flat array of integers. Raises ValueError."""
    if name not in columns:
        raise ValueError(f"there is no column {name!r}")
    array = np.asarray(columns[name])
    if array.ndim != 1 or not (np.issubdtype(array.dtype, np.integer) or len(array) == 0):
        raise ValueError(f"column {name!r} must be a flat array of integer codes, not {array.dtype} of {array.shape}")
    return array

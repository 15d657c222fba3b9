"""Answers as three integer arrays: checked once, encoded, counted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

Codes = NDArray[np.integer]
Floats = NDArray[np.float64]
Incidence = sparse.csr_array[np.float64]

# 2 GiB of float64: past this a mistaken column, not a panel, is the likely cause.
MOST_CELLS = 2**28

PART = 65_536


@dataclass(frozen=True, slots=True)
class Answers:
    """One row an answer: worker `worker[i]` gave `label[i]` to `task[i]`; all codes are within their counts.

    A worker who answers one task more than once has said more than one thing: each row counts, as the
    repeated questioning of one patient by one observer does in Dawid & Skene (1979), whether the labels
    agree or not.
    """

    task: Codes
    worker: Codes
    label: Codes
    n_tasks: int
    n_workers: int
    n_labels: int

    def incidence(self) -> Incidence:
        """How often each worker gave each label to each task, (n_tasks, n_workers * n_labels).

        Two products with this matrix are all that a method needs: from tables per worker and label to tasks,
        and back.
        """
        columns = self.n_workers * self.n_labels
        index = np.int32 if max(columns, self.n_tasks, len(self.task)) < 2**31 else np.int64
        column: NDArray[Any] = np.multiply(self.worker, self.n_labels, dtype=index, casting="unsafe")
        np.add(column, self.label, out=column, casting="unsafe")
        row: NDArray[Any] = self.task.astype(index, copy=False)
        # Ones of 32 bits until the matrix stands, and nothing kept longer than needed: 16 MB less at a million answers.
        ones = np.ones(len(column), dtype=np.float32)
        matrix = sparse.coo_array((ones, (row, column)), shape=(self.n_tasks, columns)).tocsr()
        del row, column, ones
        return matrix.astype(np.float64)


def checked_answers(
    task: ArrayLike, worker: ArrayLike, label: ArrayLike, *, n_tasks: int, n_workers: int, n_labels: int
) -> Answers:
    """The three arrays as Answers. Raises ValueError naming the array that is not what it must be.

    Each must be one-dimensional, of integers, as long as the others, not empty, with values from 0 to its
    count less one.
    """
    tasks = _checked_codes(task, name="task", count=n_tasks)
    workers = _checked_codes(worker, name="worker", count=n_workers)
    labels = _checked_codes(label, name="label", count=n_labels)
    if not len(tasks) == len(workers) == len(labels):
        raise ValueError(
            f"task, worker and label must be of one length, not {len(tasks)}, {len(workers)} and {len(labels)}"
        )
    for name, cells in (("posteriors", n_tasks * n_labels), ("confusions", n_workers * n_labels**2)):
        if cells > MOST_CELLS:
            raise ValueError(f"{name} would have {cells:,} cells, more than the {MOST_CELLS:,} that fit")
    return Answers(tasks, workers, labels, n_tasks=n_tasks, n_workers=n_workers, n_labels=n_labels)


def _checked_codes(values: ArrayLike, *, name: str, count: int) -> Codes:
    codes = np.asarray(values)
    if codes.ndim != 1:
        raise ValueError(f"{name} must have one dimension, not {codes.ndim}")
    if codes.size == 0:
        raise ValueError(f"{name} is empty: there is no answer to aggregate")
    if not np.issubdtype(codes.dtype, np.integer):
        raise ValueError(f"{name} must hold integers, not {codes.dtype}")
    if count < 1:
        raise ValueError(f"n_{name}s must be at least 1, not {count}")
    lowest, highest = int(codes.min()), int(codes.max())
    if lowest < 0 or highest >= count:
        raise ValueError(f"{name} must lie between 0 and {count - 1}, but holds {lowest} to {highest}")
    return codes


def encode(values: ArrayLike) -> tuple[NDArray[np.int32], NDArray[Any]]:
    """Codes from 0 on for any values that can be ordered, and the sorted distinct values that they stand for.

    `keys[codes]` is `values` again. Integers that lie close together are encoded through a table in linear
    time, anything else by sorting. Raises ValueError when `values` is not one-dimensional.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"values must have one dimension, not {array.ndim}")
    if array.size and np.issubdtype(array.dtype, np.integer) and np.can_cast(array.dtype, np.int64):
        lowest, highest = int(array.min()), int(array.max())
        if highest - lowest < 2 * array.size + 1024:
            return _encode_close_integers(array, lowest=lowest, highest=highest)
    keys, codes = np.unique(array, return_inverse=True)
    return codes.astype(np.int32), keys


def _encode_close_integers(array: NDArray[Any], *, lowest: int, highest: int) -> tuple[NDArray[np.int32], NDArray[Any]]:
    present = np.zeros(highest - lowest + 1, dtype=bool)
    codes = np.empty(len(array), dtype=np.int32)
    # In parts, because NumPy looks up by indices of 64 bits: a copy of all would be twice the codes.
    parts = [slice(first, first + PART) for first in range(0, len(array), PART)]
    for part in parts:
        present[_offsets(array[part], lowest=lowest)] = True
    code_of = np.cumsum(present, dtype=np.int32) - 1
    for part in parts:
        codes[part] = code_of[_offsets(array[part], lowest=lowest)]
    return codes, (np.flatnonzero(present) + lowest).astype(array.dtype)


def _offsets(array: NDArray[Any], *, lowest: int) -> NDArray[np.intp]:
    offsets: NDArray[np.intp] = np.subtract(array, lowest, dtype=np.intp, casting="unsafe")
    return offsets

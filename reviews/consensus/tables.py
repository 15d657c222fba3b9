"""Answers read from CSV, and what was made of them written back."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TextIO

import numpy as np
from numpy.typing import NDArray

from reviews.consensus.aggregation import Aggregation
from reviews.consensus.posteriors import most_probable

COLUMNS: Final = ("task", "worker", "label")


class BadTable(ValueError):
    """A line of the file cannot be used; says which, and which column."""


@dataclass(frozen=True, slots=True)
class Table:
    """Answers as codes, and what the codes stand for.

    Tasks and workers are in the order of their first answer, labels in the order of their text: ties, which go
    to the lowest code, do not depend on the order of the lines.
    """

    task: NDArray[np.int64]
    worker: NDArray[np.int64]
    label: NDArray[np.int64]
    tasks: Sequence[str]
    workers: Sequence[str]
    labels: Sequence[str]


def read_answers(lines: Iterable[bytes]) -> Table:
    """Read UTF-8 lines: a header that names task, worker and label, in any order among others; an answer a line.

    Space around a value is dropped. Raises BadTable, naming line and column, for a column that is missing or
    there twice, a line that is shorter or longer than the header, an empty value, bytes that are not UTF-8,
    text that is not CSV, and a file without an answer.
    """
    codes: list[list[int]] = [[], [], []]
    keys: list[dict[str, int]] = [{}, {}, {}]
    for values in _values(lines):
        for column, value in enumerate(values):
            codes[column].append(keys[column].setdefault(value, len(keys[column])))
    if not codes[0]:
        raise BadTable("line 2: there is no answer, only a header")
    labels = sorted(keys[2])
    place = np.empty(len(labels), dtype=np.int64)
    place[[keys[2][label] for label in labels]] = np.arange(len(labels))
    task, worker, label = (np.array(column, dtype=np.int64) for column in codes)
    return Table(task, worker, place[label], list(keys[0]), list(keys[1]), labels)


def write_consensus(lines: TextIO, *, table: Table, aggregation: Aggregation) -> None:
    """Write task, label and confidence (the label's posterior probability, 0 to 1), in the order of the tasks."""
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(("task", "label", "confidence"))
    chosen = most_probable(aggregation.posteriors)
    confidence = aggregation.posteriors[np.arange(len(chosen)), chosen]
    for task, label, probability in zip(table.tasks, chosen, confidence, strict=True):
        writer.writerow((task, table.labels[label], f"{probability:.6f}"))


def _values(lines: Iterable[bytes]) -> Iterator[tuple[str, ...]]:
    """The three values of each line, in the order of COLUMNS."""
    reader = csv.reader(_decoded(lines), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        places = [_place(header, column=column) for column in COLUMNS]
        for row in reader:
            if row:
                yield _row_values(row, header=header, places=places, line=reader.line_num)
    except csv.Error as error:
        raise BadTable(f"line {reader.line_num}: not CSV ({error})") from error


def _decoded(lines: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        try:
            # a byte order mark is what spreadsheets put first
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise BadTable(f"line {number}, byte {error.start + 1}: not UTF-8 ({error.reason})") from error


def _place(header: list[str], *, column: str) -> int:
    if header.count(column) == 1:
        return header.index(column)
    found = "is there more than once" if column in header else "is missing"
    raise BadTable(f"line 1: column {column!r} {found}; the header must name {', '.join(COLUMNS)}")


def _row_values(row: list[str], *, header: list[str], places: list[int], line: int) -> tuple[str, ...]:
    if len(row) > len(header):
        raise BadTable(f"line {line}: {len(row)} values where the header names {len(header)} columns")
    for column, place in zip(COLUMNS, places, strict=True):
        if place >= len(row) or not row[place].strip():
            raise BadTable(f"line {line}: column {column!r} is empty")
    return tuple(row[place].strip() for place in places)

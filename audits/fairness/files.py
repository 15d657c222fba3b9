"""A population out of a CSV file: a row a case, columns named by whoever asks."""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audits.fairness.cube import NEGATIVE, OTHER, POSITIVE, TRUTH, Axis, CubeBuilder, Floats, answer, attribute
from audits.fairness.plan import Histogram, Population, score_edges

UNKNOWN: Final = "(unknown)"
SCORE: Final = "score"
ABOVE_MEDIAN: Final = "score above the median"
LINES: Final = 50_000
Codes = NDArray[np.int16]


class BadFile(ValueError):
    """The file cannot be used; says which column or line and why."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is what. `positive`, `negative`: answers of the columns of truth and decisions.

    Without `positive` it is 1 where all answers are 0 or 1, else the favourable one. Without `negative` every other
    answer is negative; with it, what is neither is another answer: counted, and neither.
    """

    truth: str
    decisions: tuple[str, ...]
    groups: tuple[str, ...]
    favourable: str
    score: str | None = None
    positive: str | None = None
    negative: str | None = None
    true: str | None = None  # the positive value of the truth, where that has words of its own
    unknown: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class Read:
    """A population, and whether the favourable answer is the positive one (1) or the negative one (0)."""

    population: Population
    favourable: int
    above_median: str | None


def read_population(lines: Iterable[str], *, columns: Columns) -> Read:
    """Read a header and its rows. Raises BadFile for a missing column, a short line, a score that is no number, or a
    favourable answer that nobody gave."""
    texts = text_columns(lines, names=wanted(columns))
    answers = {name for decision in columns.decisions for name in texts[decision].labels}
    if columns.favourable not in answers:
        raise BadFile(f"no decision is {columns.favourable!r}; there are {', '.join(sorted(answers)[:9])}")
    positive = columns.positive or ("1" if answers <= {"0", "1", *columns.unknown} else columns.favourable)
    codes: dict[str, NDArray[np.integer]] = {}
    axes: list[Axis] = []
    for name in columns.groups:
        axis, codes[name] = group_axis(name, column=texts[name], unknown=columns.unknown)
        axes.append(axis)
    codes[TRUTH] = truth_codes(texts[columns.truth], positive=positive, answers=answers, columns=columns)
    for name in columns.decisions:
        codes[name] = answer_codes(texts[name], positive=positive, columns=columns)
    scores = numbers(texts[columns.score], name=columns.score) if columns.score else None
    named = [answer(name) for name in (TRUTH, *columns.decisions)]
    if scores is not None:
        codes[ABOVE_MEDIAN] = np.where(np.isnan(scores), -1, scores > np.nanmedian(scores)).astype(np.int16)
        named.append(answer(ABOVE_MEDIAN))
    cube = CubeBuilder([*axes, *named]).add(codes).cube()
    histogram = None if scores is None else score_histogram(scores, axes=[*axes, answer(TRUTH)], codes=codes)
    return Read(
        Population(cube, scores=histogram),
        favourable=POSITIVE if columns.favourable == positive else NEGATIVE,
        above_median=None if scores is None else ABOVE_MEDIAN,
    )


@dataclass
class TextColumn:
    """Texts as codes in the order in which they first came, and what each code stands for."""

    codes: Codes | NDArray[np.int32]
    labels: list[str]


def wanted(columns: Columns) -> list[str]:
    """The columns that are read. Raises BadFile where one is to be two things."""
    names = [columns.truth, *columns.decisions, *columns.groups, *([columns.score] if columns.score else [])]
    twice = {name for name in names if names.count(name) > 1} - {columns.truth}
    if twice or TRUTH in columns.decisions or TRUTH in columns.groups:
        raise BadFile(f"a column can be one thing only: {', '.join(sorted(twice) or [TRUTH])}")
    return names


def text_columns(lines: Iterable[str], *, names: Sequence[str]) -> dict[str, TextColumn]:
    """The named columns, coded part by part: what is held grows by a code a row, not by its text."""
    reader = csv.reader(lines)
    header = [name.strip() for name in next(reader, [])]
    missing = sorted({name for name in names if name not in header})
    if missing:
        raise BadFile(f"there is no column {', '.join(missing)}; there are {', '.join(header)}")
    places = {name: header.index(name) for name in names}
    known: dict[str, dict[str, int]] = {name: {} for name in places}
    parts: dict[str, list[NDArray[np.int32]]] = {name: [] for name in places}
    while rows := list(islice(reader, LINES)):
        for name, place in places.items():
            codes = known[name]
            try:
                part = [codes.setdefault(row[place].strip(), len(codes)) for row in rows if row]
            except IndexError:
                raise BadFile(f"a line before line {reader.line_num} has no {name}") from None
            parts[name].append(np.array(part, dtype=np.int32))
    if not any(len(part) for part in parts[names[0]]):
        raise BadFile("the file has no rows")
    return {name: TextColumn(np.concatenate(parts[name]), list(known[name])) for name in places}


def recoded(column: TextColumn, codes: Sequence[int]) -> Codes:
    """The column with every code replaced by another."""
    found: Codes = np.array(codes, dtype=np.int16)[column.codes]
    return found


def group_axis(name: str, *, column: TextColumn, unknown: Sequence[str]) -> tuple[Axis, Codes]:
    """Labels in the order of their text; what counts as unknown becomes one group."""
    labels = sorted(label for label in column.labels if label not in unknown)
    some_unknown = len(labels) < len(column.labels)
    place = {label: number for number, label in enumerate(labels)}
    axis = attribute(name, [*labels, UNKNOWN] if some_unknown else labels, unknown=UNKNOWN if some_unknown else None)
    return axis, recoded(column, [place.get(label, len(labels)) for label in column.labels])


def answer_codes(column: TextColumn, *, positive: str, columns: Columns) -> Codes:
    """Texts as answers: 1, 0, 2 for neither, -1 for none."""

    def code(text: str) -> int:
        if text in columns.unknown:
            return -1
        if text == positive:
            return POSITIVE
        return NEGATIVE if columns.negative in (None, text) else OTHER

    return recoded(column, [code(text) for text in column.labels])


def truth_codes(column: TextColumn, *, positive: str, answers: set[str], columns: Columns) -> Codes:
    """The truth as answers. Raises BadFile where it has words of its own, and none is named as the positive one."""
    positive = columns.true or positive
    told = sorted(label for label in column.labels if label not in columns.unknown)
    # where truth and decisions share their words, there may be no positive case: that is no mistake
    if positive not in told and not set(told) <= answers | {"0", "1"}:
        raise BadFile(f"no {columns.truth} is {positive!r}; there are {', '.join(told[:9])}; name the true one")
    return answer_codes(column, positive=positive, columns=columns)


def numbers(column: TextColumn, *, name: str) -> Floats:
    """A column of numbers; NaN where it is empty. Raises BadFile for what is no finite number."""
    values = []
    for text in column.labels:
        try:
            values.append(float(text) if text else np.nan)
        except ValueError:
            raise BadFile(f"column {name}: {text!r} is no number") from None
        if text and not math.isfinite(values[-1]):
            raise BadFile(f"column {name}: {text!r} is no finite number")
    return np.array(values)[column.codes]


def score_histogram(scores: Floats, *, axes: list[Axis], codes: dict[str, NDArray[np.integer]]) -> Histogram:
    """Scores in twenty equal bins from 0 to 1, or of their own range where they leave that."""
    there = ~np.isnan(scores)
    values = scores[there]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    unit = low >= 0 and high <= 1
    edges = score_edges() if unit else tuple(float(edge) for edge in np.linspace(low, max(high, low + 1), 21))
    bins = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    axis = Axis("bin", "factor", tuple(str(number) for number in range(len(edges) - 1)))
    builder = CubeBuilder([*axes, axis], weighted=True)
    # shifted, because a weight is never below 0
    shift = min(low, 0.0)
    cube = builder.add({**{each.name: codes[each.name][there] for each in axes}, "bin": bins}, weights=values - shift)
    counted = cube.cube()
    sums = np.zeros(len(counted.counts)) if counted.weights is None else counted.weights + shift * counted.counts
    return Histogram(counted, edges, sums)

"""Public crowd-sourcing sets with known truth, read from a folder: they are not ours to ship.

A folder holds one folder a set, with `answers.csv` (task,worker,label) and `truth.csv` (task,label).
"""

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hitl_platform.bootstrap import ROOT
from reviews.consensus import Aggregation, aggregate, most_probable
from reviews.consensus.tables import Table, read_answers

VARIABLE = "HITL_CONSENSUS_DATA"


@dataclass(frozen=True, slots=True)
class CrowdSet:
    """One set: its answers, and the true label of each task for which it is known, as codes."""

    name: str
    table: Table
    known: NDArray[np.intp]
    truth: NDArray[np.intp]

    def aggregated(self, method: str) -> Aggregation:
        """The answers aggregated with the method's defaults."""
        table = self.table
        return aggregate(
            table.task,
            table.worker,
            table.label,
            n_tasks=len(table.tasks),
            n_workers=len(table.workers),
            n_labels=len(table.labels),
            method=method,
        )

    def accuracy(self, found: Aggregation) -> float:
        """The share of tasks with a known truth that got it; a tie counts as the first label in order of text."""
        return float(np.mean(most_probable(found.posteriors)[self.known] == self.truth))


def folder(chosen: Path | None = None) -> Path:
    """Where the sets are: as chosen, or as HITL_CONSENSUS_DATA says, or beside the project."""
    return chosen or Path(os.environ.get(VARIABLE) or ROOT.parent / "shared" / "data" / "consensus")


def read_sets(home: Path) -> Iterator[CrowdSet]:
    """Every set of a folder, by name."""
    for place in sorted(home.iterdir()):
        if (place / "answers.csv").exists():
            yield read_set(place)


def read_set(place: Path) -> CrowdSet:
    """One set; a truth that is no label of any answer counts as a label that nobody can get."""
    with (place / "answers.csv").open("rb") as lines:
        table = read_answers(lines)
    task_code = {task: code for code, task in enumerate(table.tasks)}
    label_code = {label: code for code, label in enumerate(table.labels)}
    with (place / "truth.csv").open(encoding="utf-8", newline="") as lines:
        pairs = [(row["task"], row["label"]) for row in csv.DictReader(lines)]
    coded = [(task_code[task], label_code.get(label, -1)) for task, label in pairs if task in task_code]
    known, truth = np.array(coded, dtype=np.intp).T
    return CrowdSet(place.name, table, known, truth)

"""Runs inside the environment of the fairness libraries: columns in a file, their metrics as JSON.

See `fairness_libraries.py`. Imports only what that environment has.
"""

import json
import logging
import math
import sys
import time
import types
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Groups = dict[str, dict[str, float | None]]
Measure = Callable[[Any, list[str]], Groups]
FAIRLEARN = ("count", "selection_rate", "accuracy", "tpr", "tnr", "fpr", "fnr")
# aequitas's names for ours; its `ppr` is a share of all positives, its `pprev` the selection rate
AEQUITAS = {
    "group_size": "n", "tp": "tp", "fp": "fp", "fn": "fn", "tn": "tn", "pprev": "selection_rate", "tpr": "tpr",
    "tnr": "tnr", "fpr": "fpr", "fnr": "fnr", "fdr": "fdr", "for": "for", "precision": "precision", "npv": "npv",
    "prev": "base_rate", "accuracy": "accuracy",
}  # fmt: skip


def main(library: str, given: str, sets: str) -> None:
    """Measure every attribute set and print {"sets": {set: {group: {metric: value}}}, "seconds"}."""
    with np.load(given) as arrays:
        frame = pd.DataFrame({name: arrays[name] for name in arrays.files})
    measure = {"fairlearn": fairlearn_prepared, "aequitas": aequitas_prepared}[library]()
    found, seconds = {}, 0.0
    for names in json.loads(sets):
        started = time.perf_counter()
        measured = measure(frame, names)
        seconds += time.perf_counter() - started
        found["|".join(names)] = measured
    print(json.dumps({"sets": found, "seconds": seconds}))


def fairlearn_prepared() -> Measure:
    """fairlearn's MetricFrame with seven metrics."""
    from fairlearn import metrics as theirs  # noqa: PLC0415  # the other library is not loaded with it
    from sklearn.metrics import accuracy_score  # noqa: PLC0415  # needed by this one alone

    functions = dict(
        zip(
            FAIRLEARN,
            (theirs.count, theirs.selection_rate, accuracy_score, theirs.true_positive_rate,
             theirs.true_negative_rate, theirs.false_positive_rate, theirs.false_negative_rate),
            strict=True,
        )
    )  # fmt: skip

    def measure(frame: Any, names: list[str]) -> Groups:
        found = theirs.MetricFrame(
            metrics=functions, y_true=frame["truth"], y_pred=frame["decision"], sensitive_features=frame[names]
        )
        return rows(found.by_group.reset_index(), names=names, renamed={name: name for name in functions})

    return measure


def aequitas_prepared() -> Measure:
    """aequitas's table of groups, without its package's charts, which import what is not here."""
    home = next(Path(part, "aequitas") for part in sys.path if Path(part, "aequitas").is_dir())
    for name in ("aequitas", "aequitas.bias", "aequitas.plot"):
        module = types.ModuleType(name)
        vars(module).update(__path__=[str(home)], Bias=None, summary=None, disparity=None, absolute=None)
        sys.modules[name] = module
    logging.disable(logging.CRITICAL)
    from aequitas.group import Group  # noqa: PLC0415  # after what it must not load

    def measure(frame: Any, names: list[str]) -> Groups:
        joined = frame[names].astype(str).agg("|".join, axis=1)
        given = pd.DataFrame({"score": frame["decision"], "label_value": frame["truth"], "group": joined})
        table, _ = Group().get_crosstabs(given, attr_cols=["group"])
        parts = table["attribute_value"].str.split("|", expand=True)
        table[names] = parts.to_numpy()
        return rows(table, names=names, renamed=AEQUITAS)

    return measure


def rows(table: Any, *, names: list[str], renamed: Mapping[str, str]) -> Groups:
    """A table's rows by group; what is not a number becomes null."""
    groups = {}
    for row in table.to_dict("records"):
        label = "|".join(str(int(row[name])) for name in names)
        values = {ours: float(row[theirs]) for theirs, ours in renamed.items()}
        groups[label] = {name: None if math.isnan(value) else value for name, value in values.items()}
    return groups


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1], sys.argv[2], sys.argv[3])

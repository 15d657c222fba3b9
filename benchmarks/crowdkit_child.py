"""Runs inside crowd-kit's environment: answers in one file, posteriors and times in another. See `crowdkit.py`."""

import importlib.metadata
import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
from crowdkit.aggregation import DawidSkene


def main(answers: str, answered: str, *, n_labels: int, iterations: int, repeats: int) -> None:
    """Fit `repeats` times; write the last posteriors (n_tasks, n_labels), tasks in the order of their codes."""
    with np.load(answers) as arrays:
        frame = pd.DataFrame({name: arrays[name] for name in ("task", "worker", "label")})
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        # a tolerance of minus infinity never stops: its own rule would, too early
        model = DawidSkene(n_iter=iterations, tol=-np.inf)
        posteriors = model.fit_predict_proba(frame)
        seconds.append(time.perf_counter() - started)
    if len(model.loss_history_) != iterations:
        raise RuntimeError(f"{len(model.loss_history_)} iterations in place of {iterations}")
    found = posteriors.sort_index().reindex(columns=range(n_labels), fill_value=0.0)
    np.savez(answered, posteriors=found.to_numpy(), seconds=np.array(seconds))
    print(json.dumps({name: importlib.metadata.version(name) for name in ("crowd-kit", "pandas", "numpy")}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1], sys.argv[2], n_labels=int(sys.argv[3]), iterations=int(sys.argv[4]), repeats=int(sys.argv[5]))

"""`manage.py bench consensus`: Dawid-Skene against crowd-kit's in one run, its memory, and what its default reaches.

Both sides get the same integer codes and run the same twenty rounds; ours is timed with the encoding of the codes,
crowd-kit's with its own, both in a warm process, in alternating pairs.
"""

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from benchmarks import crowd_sets, crowdkit
from benchmarks.harness import Report, interleaved, seconds_of
from hitl_platform.bootstrap import ROOT
from reviews.consensus import MAXIMUM_LIKELIHOOD, REGULARISED, Aggregation, Regularisation, aggregate, encode

WORKERS, LABELS, ANSWERS_PER_TASK, ITERATIONS = 2_000, 4, 5, 20
TWENTY_ROUNDS = Regularisation(
    strength=MAXIMUM_LIKELIHOOD.strength, anchor=MAXIMUM_LIKELIHOOD.anchor, max_iterations=ITERATIONS, tolerance=None
)
Answers = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def main(*, short: bool) -> Report:
    """Measure with a million answers, or with 200,000 when `short`."""
    n_answers = 200_000 if short else 1_000_000
    answers = simulated_answers(n_answers // ANSWERS_PER_TASK)
    report = Report("consensus", short=short, rows={"answers": n_answers, "tasks": n_answers // ANSWERS_PER_TASK})
    compare(report, answers=answers)
    measure_memory(report, answers=answers)
    measure_accuracy(report)
    return report


def simulated_answers(n_tasks: int) -> Answers:
    """Tasks, workers, labels of five different people a task, shuffled, whose skill lies around two in three."""
    random = np.random.default_rng(1979)
    truth = random.choice(LABELS, size=n_tasks, p=[0.4, 0.3, 0.2, 0.1])
    skill = random.beta(6, 3, size=WORKERS)
    # each panel walks around the circle of workers once at most: nobody sits on it twice
    strides = random.integers(1, WORKERS // ANSWERS_PER_TASK, size=(n_tasks, ANSWERS_PER_TASK))
    worker = (random.integers(0, WORKERS, size=(n_tasks, 1)) + np.cumsum(strides, axis=1)).ravel() % WORKERS
    task = np.repeat(np.arange(n_tasks), ANSWERS_PER_TASK)
    slip = random.integers(1, LABELS, size=len(task))
    right = random.random(len(task)) < skill[worker]
    label = np.where(right, truth[task], (truth[task] + slip) % LABELS)
    order = random.permutation(len(task))
    return task[order], worker[order], label[order]


def fitted(answers: Answers, *, regularisation: Regularisation = TWENTY_ROUNDS) -> Aggregation:
    """What is measured: codes made of the given ones, then the fit."""
    (task, tasks), (worker, workers), (label, labels) = (encode(column) for column in answers)
    sizes = {"n_tasks": len(tasks), "n_workers": len(workers), "n_labels": len(labels)}
    return aggregate(task, worker, label, **sizes, method="dawid_skene", regularisation=regularisation)


def compare(report: Report, *, answers: Answers) -> None:
    """Time and posteriors against crowd-kit's."""
    task, worker, label = answers
    references: list[crowdkit.Reference] = []

    def reference_seconds() -> float:
        found = crowdkit.dawid_skene(task, worker=worker, label=label, n_labels=LABELS, iterations=ITERATIONS)
        references.append(found)
        return found.seconds[0]

    ours = fitted(answers)
    theirs_seconds, our_seconds, ratio = interleaved(
        reference_seconds, lambda: seconds_of(lambda: fitted(answers)), pairs=3
    )
    report.at_least("crowd-kit's time ÷ ours", ratio, limit=8)
    difference = float(np.abs(ours.posteriors - references[-1].posteriors).max())
    report.at_most("largest difference of a posterior", difference, limit=1e-8, exact=True)
    report.note("seconds", our_seconds)
    report.note("seconds_of_crowd_kit", theirs_seconds)
    report.note("versions", {**references[-1].versions, "numpy_of_ours": np.__version__})
    report.note("seconds_of_the_default", seconds_of(lambda: fitted(answers, regularisation=REGULARISED)))


def measure_memory(report: Report, *, answers: Answers) -> None:
    """What a fit takes beyond the answers: as Python and NumPy ask for it, and as the system sees it."""
    tracemalloc.start()
    fitted(answers)
    asked = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    report.at_most("extra memory asked for, MiB", asked, limit=50)
    with TemporaryDirectory(prefix="hitl-consensus-") as folder:
        file = Path(folder, "answers.npz")
        np.savez(file, *answers)
        command = [sys.executable, "-m", "benchmarks.consensus_memory", str(file)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    resident = json.loads(ran.stdout)["extra_mib"]
    report.at_most("extra memory resident at the peak, MiB", resident, limit=50)


def measure_accuracy(report: Report) -> None:
    """The default's mean accuracy on the public sets and its largest loss against a vote, where the sets are."""
    home = crowd_sets.folder()
    if not home.is_dir():
        report.note("accuracy", f"not measured: {crowd_sets.VARIABLE} names no folder with the public sets")
        return
    reached, lost = {}, {}
    for one in crowd_sets.read_sets(home):
        reached[one.name] = one.accuracy(one.aggregated("dawid_skene"))
        if len(one.truth) >= 500:
            lost[one.name] = one.accuracy(one.aggregated("majority")) - reached[one.name]
    report.at_least("mean accuracy on public sets", float(np.mean(list(reached.values()))), limit=0.840, exact=True)
    report.at_most("largest loss against majority, points", 100 * max(lost.values()), limit=1.5, exact=True)
    report.note("accuracy", {name: round(value, 4) for name, value in reached.items()})

"""crowd-kit, the reference of `bench consensus` and of a test, in an environment of its own.

It is never installed beside the platform: `.hitl/crowdkit` holds it with pandas and what it imports for votes, without
the packages of its language models, which nothing here needs. Made on first use, 400 MB; delete it at will.
`crowdkit.lock` is renewed from CONTRIBUTING.md's `$lock`:

    echo 'crowd-kit>=1.4,<2' | $lock --no-deps - > benchmarks/crowdkit.lock
    printf '%s\\n' attrs nltk numpy 'pandas>=3,<4' scikit-learn scipy tqdm | $lock - >> benchmarks/crowdkit.lock
"""

import fcntl
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from hitl_platform import bootstrap

HOME = bootstrap.ROOT / ".hitl" / "crowdkit"
LOCK = Path(__file__).with_suffix(".lock")
CHILD = Path(__file__).with_name("crowdkit_child.py")


@dataclass(frozen=True, slots=True)
class Reference:
    """What crowd-kit answered: posteriors (n_tasks, n_labels), seconds of each fit, versions."""

    posteriors: NDArray[np.float64]
    seconds: list[float]
    versions: dict[str, str]


def interpreter() -> Path:
    """The Python that can import crowd-kit; installs it first where it is not there, and says so.

    Exits with a sentence, as every installation of the project does, where no package index can be reached.
    """
    python = HOME / ".venv" / "bin" / "python"
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "installing").open("w") as turn:
        # tests of two processes may both be the first
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (python.exists() and bootstrap.is_current(HOME, lock=LOCK)):
            bootstrap.install(HOME, lock=LOCK)
    return python


def dawid_skene(
    task: NDArray[np.integer],
    *,
    worker: NDArray[np.integer],
    label: NDArray[np.integer],
    n_labels: int,
    iterations: int,
    repeats: int = 1,
) -> Reference:
    """crowd-kit's Dawid-Skene, `iterations` rounds with its stopping rule off, `repeats` times in one child process."""
    python = interpreter()
    with TemporaryDirectory(prefix="hitl-crowdkit-") as folder:
        answers, answered = Path(folder, "answers.npz"), Path(folder, "answered.npz")
        np.savez(answers, task=task, worker=worker, label=label)
        command = [
            str(python),
            "-I",
            str(CHILD),
            str(answers),
            str(answered),
            *map(str, (n_labels, iterations, repeats)),
        ]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        if finished.returncode != 0:
            raise RuntimeError(f"crowd-kit failed:\n{finished.stderr}")
        with np.load(answered) as arrays:
            return Reference(arrays["posteriors"], arrays["seconds"].tolist(), json.loads(finished.stdout))

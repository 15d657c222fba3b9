"""fairlearn and aequitas, what `bench audit` and a test compare with, in an environment of their own.

They are never installed beside the platform: `.hitl/fairness_libraries` holds them with pandas 2, which aequitas needs,
and without the plotting packages that its charts import. Made on first use, 260 MB; delete it at will.
`fairness_libraries.lock` is renewed from CONTRIBUTING.md's `$lock`:

    printf '%s\\n' 'fairlearn>=0.15,<1' 'aequitas>=1.1,<2' | $lock --no-deps - > benchmarks/fairness_libraries.lock
    printf '%s\\n' numpy 'pandas<3' scikit-learn scipy narwhals | $lock - >> benchmarks/fairness_libraries.lock
"""

import fcntl
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hitl_platform import bootstrap

HOME = bootstrap.ROOT / ".hitl" / "fairness_libraries"
LOCK = Path(__file__).with_suffix(".lock")
CHILD = Path(__file__).with_name("fairness_child.py")


def interpreter() -> Path:
    """The Python that can import both; installs them first where they are not there, and says so.

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


def measured(
    library: str, *, columns: Mapping[str, NDArray[Any]], sets: Sequence[Sequence[str]]
) -> tuple[dict[str, Any], float]:
    """What a library ("fairlearn", "aequitas") says by attribute set, group and metric, and the seconds it took.

    columns: "truth" and "decision" of 0 and 1, and one of codes for every attribute of the sets. None is NaN.
    """
    python = interpreter()
    with TemporaryDirectory(prefix="hitl-fairness-") as folder:
        given = Path(folder, "columns.npz")
        arrays: Any = {name: np.asarray(column) for name, column in columns.items()}
        np.savez(given, **arrays)
        command = [str(python), "-I", str(CHILD), library, str(given), json.dumps([list(names) for names in sets])]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise RuntimeError(f"{library} failed:\n{finished.stderr}")
    answer = json.loads(finished.stdout)
    return answer["sets"], float(answer["seconds"])

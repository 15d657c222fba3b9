"""How much a fit adds to a process's resident memory at its peak (Linux). A child of `consensus.py`."""

import json
import sys
from pathlib import Path

import numpy as np

from benchmarks.consensus import fitted, simulated_answers

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def main(file: str) -> None:
    """Load the answers, warm up, forget the peak so far, fit, and print how far the new one lies above the start."""
    with np.load(file) as arrays:
        task, worker, label = arrays["arr_0"], arrays["arr_1"], arrays["arr_2"]
    fitted(simulated_answers(1_000))
    RESET.write_text("5", encoding="ascii")
    before = kibibytes("VmRSS")
    fitted((task, worker, label))
    print(json.dumps({"extra_mib": (kibibytes("VmHWM") - before) / 1024}))


def kibibytes(name: str) -> int:
    """One line of the process's status."""
    return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith(f"{name}:"))


if __name__ == "__main__":
    main(sys.argv[1])

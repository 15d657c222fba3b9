"""`manage.py bench`: hands over to the benchmarks package."""

import importlib
from collections.abc import Sequence


def run(arguments: Sequence[str]) -> int:
    """Run one benchmark; its code is imported by name, because it stands on the whole platform."""
    run_benchmark = importlib.import_module("benchmarks.dispatch").run
    code: int = run_benchmark(arguments)
    return code

"""Reference data that may not be shipped: where it is, and what did not run without it.

`manage.py test --reference PATH` names the folder; tests that need it and do not find it are skipped, and counted at
the end of the run.
"""

import os
from pathlib import Path

import pytest

VARIABLE = "HITL_REFERENCE_DATA"
ABSENT = "reference data that may not be shipped is not on this machine"


def shelf(name: str) -> Path:
    """A file or folder of the reference data; skips the test where it is not there."""
    home = os.environ.get(VARIABLE)
    if not home:
        pytest.skip(f"{ABSENT}: {name}")
    found = Path(home, name)
    assert found.exists(), f"{home} has no {name}"
    return found


def tell_absent(reporter: pytest.TerminalReporter) -> None:
    """How many tests did not run for want of data."""
    absent = [report for report in reporter.stats.get("skipped", []) if ABSENT in str(report.longrepr)]
    if absent:
        reporter.write_line(
            f"{len(absent)} reference tests did not run: {ABSENT}. `manage.py test --reference PATH` names its folder."
        )

"""How much an audit adds to a process's resident memory at its peak (Linux). A child of `audit.py`."""

import json
import sys

from benchmarks.audit_columns import simulated_columns, whole_audit
from benchmarks.consensus_memory import RESET, kibibytes


def main(rows: int) -> None:
    """Make the columns, warm up, forget the peak so far, audit, and print how far the new one lies above the start."""
    columns = simulated_columns(rows)
    whole_audit(simulated_columns(1_000))
    RESET.write_text("5", encoding="ascii")
    before = kibibytes("VmRSS")
    whole_audit(columns)
    print(json.dumps({"extra_mib": (kibibytes("VmHWM") - before) / 1024}))


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""Which environment a Django command runs in: the caller's, the running demo's, or none at all."""

import json
import sys
from collections.abc import MutableMapping
from pathlib import Path

from hitl_platform import bootstrap

HOME = bootstrap.ROOT / ".hitl"
ENVIRONMENT_FILE = "environment.json"

# These read files or code only; the rest need a database, and say so.
OFFLINE = frozenset(
    {"aggregate_csv", "audit_csv", "check", "collectstatic", "diffsettings", "findstatic", "help",
     "makemessages", "makemigrations", "--help", "-h", "spectacular", "--version", "version"}
)  # fmt: skip


def complete(environment: MutableMapping[str, str], *, command: str, home: Path = HOME) -> None:
    """Add the running demo's URLs, or HITL_OFFLINE=1 for a command that needs no server.

    What the caller set is kept.

    A command that needs a server and finds none is left as it is: the settings then say what is missing.
    """
    if "DATABASE_URL" in environment or "HITL_OFFLINE" in environment:
        return
    if command in OFFLINE:
        environment["HITL_OFFLINE"] = "1"
        return
    demo = home / ENVIRONMENT_FILE
    if demo.exists():
        print(f"Using the demo's servers in {home}.", file=sys.stderr)
        environment.update(json.loads(demo.read_text(encoding="utf-8")))

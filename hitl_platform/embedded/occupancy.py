"""One demo a home: a lock that dies with its process, and what to do about what an earlier one left."""

import fcntl
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .children import command_line_of, is_running, kill_group, wait_until_gone
from .failures import ServerFailed
from .programs import MANAGE

# What the command lines of our processes contain: a process id may have been given to somebody else since.
OURS = (MANAGE, "hitl_platform.wsgi:application", "-A hitl_platform.celery")


@contextmanager
def occupy(home: Path, *, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the home; raises ServerFailed when a running demo has it, says so when an earlier one left its pid."""
    path = home / "demo.pid"
    with path.open("a+", encoding="ascii") as file:
        path.chmod(0o600)
        file.seek(0)
        before = file.read().strip()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServerFailed(
                f"A demo already runs here (process {before}). Stop it with Ctrl-C, or `kill {before}`."
            ) from None
        if before:
            say(f"The demo before (process {before}) did not stop in order; its pid file is stale.")
            end_leftovers(home, say=say)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def end_leftovers(home: Path, *, say: Callable[[str], None]) -> None:
    """End processes that an earlier demo started and that still run (the servers see to their own)."""
    path = home / "children.json"
    known = json.loads(path.read_text(encoding="ascii") or "{}") if path.exists() else {}
    for name, pid in known.items():
        if is_running(pid) and any(mark in command_line_of(pid) for mark in OURS):
            say(f"Stopping {name} of that demo (process {pid}).")
            os.kill(pid, signal.SIGTERM)
            wait_until_gone(pid, patience=10)
            kill_group(pid)

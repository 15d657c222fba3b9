"""Child processes in groups of their own that never outlive their parent."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LEASH = Path(__file__).with_name("leash.py")


@dataclass(frozen=True)
class Account:
    """The uid and gid that a child runs as."""

    uid: int
    gid: int


def spawn(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    output: IO[bytes] | int | None = None,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` in its own process group; it gets `death_signal` if this process dies first.

    The signal is tied to the *thread* that starts the child, so this is called from the main thread.
    Platforms other than Linux have no such signal; there an orphan is found and ended at the next start.
    """
    who = f"{account.uid}:{account.gid}" if account else "-"
    leash = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), str(int(death_signal)), who]
    return subprocess.Popen(
        [*leash, str(directory), *command],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        process_group=0,
    )


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hold Ctrl-C and its like back until the block is over: a child that was started is a child that is known."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def stop(
    child: subprocess.Popen[bytes],
    *,
    ask: signal.Signals = signal.SIGTERM,
    patience: float = 10.0,
) -> None:
    """Ask the child to end, wait up to `patience` seconds, then kill whatever is left of its group."""
    if child.poll() is None:
        child.send_signal(ask)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=patience)
    kill_group(child.pid)
    child.wait()


def kill_group(group: int) -> None:
    """SIGKILL every process of the group; a group that is gone is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def is_running(pid: int) -> bool:
    """Whether a process with this id exists (a zombie that its parent has not reaped does not count)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(pid: int, *, patience: float) -> bool:
    """Poll until the process is gone; False when it still runs after `patience` seconds."""
    deadline = time.monotonic() + patience
    while is_running(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def command_line_of(pid: int) -> str:
    """The command line of a process, or "" when it cannot be read."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    if not Path("/bin/ps").exists():
        return ""
    listing = ["/bin/ps", "-p", str(pid), "-o", "command="]
    return subprocess.run(listing, check=False, capture_output=True, text=True).stdout

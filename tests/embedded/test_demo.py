"""`manage.py demo` as a person starts it: a port that is taken, the tour that it prints, Ctrl-C, a second start."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.harness import tree
from hitl_platform.bootstrap import ROOT
from hitl_platform.embedded import ports
from hitl_platform.embedded.children import is_running
from hitl_platform.embedded.visitors import exchange
from tests.embedded.touring import Tour

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo")]
PATIENCE = 240.0  # seconds until it is ready, on a machine that does other things as well
# Fifteen seconds on two processors; the clock on the wall would measure what else the machine does.
MOST_PROCESSOR_SECONDS = 25.0
KEPT = {"HOME", "LANG", "PATH", "TMPDIR", "VIRTUAL_ENV"}


def environment() -> dict[str, str]:
    """What a person's shell has: nothing of the suite's servers."""
    return {name: value for name, value in os.environ.items() if name in KEPT}


@contextmanager
def running_demo(home: Path, *arguments: str) -> Iterator[tuple["subprocess.Popen[str]", list[str]]]:
    """A demo in `home`, ready, and what it has said."""
    demo = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--home", str(home), *arguments],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said: list[str] = []
    try:
        listen_until(demo, "Ctrl-C stops everything", said=said)
        yield demo, said
    finally:
        if demo.poll() is None:
            demo.kill()
        demo.communicate()


def listen_until(demo: "subprocess.Popen[str]", words: str, *, said: list[str]) -> str:
    """Read what the demo says until a line holds these words; that line."""
    assert demo.stdout is not None
    for line in demo.stdout:
        said.append(line.rstrip())
        if words in line:
            return line
        assert "seed failed" not in line, "\n".join(said)
    raise AssertionError("\n".join(said))


def stop_and_count_survivors(demo: "subprocess.Popen[str]", *, by: signal.Signals) -> list[int]:
    """Signal the demo, wait for its end; which of its processes are still there?"""
    members = tree(demo.pid)
    assert len(members) > 8, "web, worker, beat, sweep, seal, PostgreSQL and Valkey at least"
    demo.send_signal(by)
    demo.communicate(timeout=60)
    return [pid for pid in members if is_running(pid)]


def processor_seconds(pid: int) -> float:
    """Processor time of a process and its descendants, those that ended before included."""
    ticks = 0
    for member in tree(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(sys.platform != "linux", reason="reads the process tree from /proc")
def test_the_demo_from_first_start_to_last_process(home: Path) -> None:
    with (
        socket.create_server((ports.LOOPBACK, 0)) as taken,
        running_demo(home, "--port", str(taken.getsockname()[1]), "--pace", "0.2") as (
            demo,
            said,
        ),
    ):
        busy = taken.getsockname()[1]
        text = "\n".join(said)
        assert f"Port {busy} is taken by another program; using" in text
        address = next(found[1] for line in said if (found := re.search(r"Portal +(http://\S+?)/$", line)))
        # ready means every web process: whichever takes the next request, it is answered
        assert {exchange(address, "GET", "/healthz").status for _ in range(8)} == {200}
        assert exchange(address, "GET", "/").status == 302
        logins = json.loads((home / "logins.json").read_text())
        assert {role for login in logins for role in login["roles"]} >= {"reviewer", "adjudicator", "manager"}
        assert all(login["email"] in text for login in logins if not login["simulated"])
        assert (home / "environment.json").stat().st_mode & 0o777 == 0o600
        assert "SUPERUSER_DATABASE_URL" not in (home / "environment.json").read_text()
        set_scenes = listen_until(demo, "scenes were set", said=said)
        assert re.search(r"(\d+) scenes were set, \1 in all", set_scenes)
        Tour(address, home).walk()
        assert stop_and_count_survivors(demo, by=signal.SIGINT) == []
    assert demo.returncode == 0
    assert not (home / "environment.json").exists()
    with running_demo(home, "--port", str(ports.free_port())) as (demo, said):
        assert "Making a PostgreSQL cluster" not in "\n".join(said)
        assert processor_seconds(demo.pid) < MOST_PROCESSOR_SECONDS
        assert " 0 scenes were set" in listen_until(demo, "scenes were set", said=said)
        assert stop_and_count_survivors(demo, by=signal.SIGTERM) == []


def test_the_smoke_test_holds(home: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "manage.py", "demo", "--smoke"],
        cwd=ROOT,
        env={**environment(), "TMPDIR": str(home)},
        capture_output=True,
        text=True,
        timeout=PATIENCE * 2,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-6000:] + finished.stdout
    report = json.loads(finished.stdout)
    assert report["passed"]
    assert list(home.iterdir()) == []

"""What an earlier run left behind is dealt with, and said."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import psycopg
import pytest

from hitl_platform.bootstrap import ROOT
from hitl_platform.embedded.children import is_running, wait_until_gone
from hitl_platform.embedded.failures import ServerFailed
from hitl_platform.embedded.occupancy import occupy
from hitl_platform.embedded.servers import running_servers

KILLED = """
    import os, signal
    from pathlib import Path
    from hitl_platform.embedded.servers import running_servers
    with running_servers(Path({home!r}), say=lambda text: None) as servers:
        print(servers.postgres.child.pid, servers.valkey.child.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def run_and_kill(home: Path) -> list[int]:
    """A process that starts both servers and is killed; the servers' process ids."""
    code = textwrap.dedent(KILLED.format(home=str(home)))
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == -9, finished.stderr
    return [int(number) for number in finished.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent")
def test_killing_the_parent_leaves_no_server(home: Path) -> None:
    for pid in run_and_kill(home):
        assert wait_until_gone(pid, patience=20)


def test_stale_pid_files_are_said_and_removed(home: Path) -> None:
    with running_servers(home) as servers:
        data = servers.postgres.data
    stranger = str(os.getpid())  # alive, but no server
    (data / "postmaster.pid").write_text(f"{stranger}\n{data}\n1\n1\n\n\n\nready\n")
    (home / "valkey" / "valkey.pid").write_text(stranger)
    said: list[str] = []
    with running_servers(home, say=said.append) as servers, psycopg.connect(servers.postgres.superuser_url()) as it:
        assert it.execute("select 1").fetchone() == (1,)
    assert [line.split("(")[0] for line in said if "stale" in line] == [
        "Removing the stale pid file of PostgreSQL ",
        "Removing the stale pid file of Valkey ",
    ]


def test_a_server_that_was_left_running_is_stopped_first(home: Path) -> None:
    """Where the kernel has no death signal an orphan survives; here one is made by forgetting it."""
    said: list[str] = []
    with running_servers(home) as first:
        orphan = first.postgres.child
        assert orphan is not None
        with running_servers(home, say=said.append) as second:
            assert any("earlier run" in line and str(orphan.pid) in line for line in said)
            orphan.wait(timeout=10)
            with psycopg.connect(second.postgres.superuser_url()) as connection:
                assert connection.execute("select 1").fetchone() == (1,)


def test_one_demo_a_home(home: Path) -> None:
    refused = pytest.raises(ServerFailed, match=f"already runs here .process {os.getpid()}")
    with occupy(home, say=print), refused, occupy(home, say=print):
        pytest.fail("two demos in one home")


def test_a_stale_demo_pid_is_said(home: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert not is_running(gone.pid)
    (home / "demo.pid").write_text(str(gone.pid))
    said: list[str] = []
    with occupy(home, say=said.append):
        assert (home / "demo.pid").read_text() == str(os.getpid())
    assert said == [f"The demo before (process {gone.pid}) did not stop in order; its pid file is stale."]
    assert (home / "demo.pid").read_text() == ""

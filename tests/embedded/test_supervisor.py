"""The supervisor: hears, restarts a bounded number of times, stops everything in order."""

import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hitl_platform.bootstrap import ROOT
from hitl_platform.embedded.children import is_running, wait_until_gone
from hitl_platform.embedded.failures import ServerFailed
from hitl_platform.embedded.narrator import Narrator
from hitl_platform.embedded.programs import Program
from hitl_platform.embedded.servers import Servers, running_servers
from hitl_platform.embedded.supervisor import MOST_RESTARTS, Supervisor

SLEEPER = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)")
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
time.sleep(600)
"""
FAMILY = (sys.executable, "-c", PARENT)


@pytest.fixture
def servers(home: Path) -> Iterator[Servers]:
    with running_servers(home, throwaway=True) as running:
        yield running


@pytest.fixture
def supervisor(servers: Servers, home: Path) -> Iterator[Supervisor]:
    stream = io.StringIO()
    made = Supervisor(
        servers=servers,
        environment=dict(os.environ),
        narrator=Narrator(stream=stream),
        children_file=home / "children.json",
    )
    yield made
    made.stop()


def said(supervisor: Supervisor) -> str:
    assert isinstance(supervisor.narrator.stream, io.StringIO)
    return supervisor.narrator.stream.getvalue()


def test_a_dead_process_is_said_and_started_again(supervisor: Supervisor) -> None:
    supervisor.start(Program(name="sleeper", command=SLEEPER, ready_line="up"))
    supervisor.wait_until_ready("sleeper")
    first = supervisor.members["sleeper"].child.pid
    os.kill(first, signal.SIGKILL)
    supervisor.members["sleeper"].child.wait()
    supervisor.mend()
    supervisor.wait_until_ready("sleeper")
    assert supervisor.members["sleeper"].child.pid != first
    assert "sleeper ended with signal SIGKILL; starting it again (1 of 5)" in said(supervisor)


def test_a_program_of_two_processes_is_ready_with_the_second(supervisor: Supervisor, tmp_path: Path) -> None:
    second = tmp_path / "second"
    code = (
        "import pathlib, sys, time; print('up', flush=True)\n"
        "while not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.02)\n"
        "print('up', flush=True); time.sleep(600)"
    )
    program = Program(name="two", command=(sys.executable, "-c", code, str(second)), ready_line="up", processes=2)
    supervisor.start(program)
    with pytest.raises(ServerFailed, match="Not ready after 1 s: two"):
        supervisor.wait_until_ready("two", patience=1)
    second.touch()
    supervisor.wait_until_ready("two")
    assert said(supervisor).count("up") == 2


def test_restarts_are_bounded(supervisor: Supervisor) -> None:
    supervisor.start(Program(name="broken", command=(sys.executable, "-c", "raise SystemExit(3)")))
    with pytest.raises(ServerFailed, match=r"broken ended again .exit code 3., 5 restarts did not help"):
        supervisor.watch()
    assert said(supervisor).count("starting it again") == MOST_RESTARTS


def test_a_dead_server_comes_back_on_its_port(supervisor: Supervisor, servers: Servers) -> None:
    url = servers.postgres.superuser_url()
    for server in (servers.postgres, servers.valkey):
        assert server.child is not None
        server.child.kill()
        server.child.wait()
    supervisor.mend()
    assert servers.postgres.superuser_url() == url
    assert servers.valkey.answers()
    assert "postgres ended with signal SIGKILL" in said(supervisor)
    assert "valkey ended with signal SIGKILL" in said(supervisor)


def test_a_failing_preparation_stops_the_start(supervisor: Supervisor) -> None:
    with pytest.raises(ServerFailed, match="migrate failed with exit code 4"):
        supervisor.run_once(Program(name="migrate", command=(sys.executable, "-c", "raise SystemExit(4)"), once=True))


def test_stopping_leaves_no_descendant(supervisor: Supervisor) -> None:
    supervisor.start(Program(name="family", command=FAMILY, ready_line="child"))
    supervisor.wait_until_ready("family")
    parent = supervisor.members["family"].child.pid
    grandchild = int(said(supervisor).split("child")[1].split()[0])
    supervisor.stop()
    assert not is_running(parent)
    assert wait_until_gone(grandchild, patience=5)


def test_a_process_that_ignores_sigterm_is_killed_after_its_patience(supervisor: Supervisor) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    supervisor.start(Program(name="deaf", command=(sys.executable, "-c", deaf), ready_line="up", patience=0.5))
    supervisor.wait_until_ready("deaf")
    pid = supervisor.members["deaf"].child.pid
    started = time.monotonic()
    supervisor.stop()
    assert not is_running(pid)
    assert 0.5 <= time.monotonic() - started < 5


def test_the_superuser_url_reaches_only_who_asks(supervisor: Supervisor) -> None:
    supervisor.environment = {**supervisor.environment, "SUPERUSER_DATABASE_URL": "postgresql://x"}
    show = (sys.executable, "-c", "import os; print('SUPERUSER_DATABASE_URL' in os.environ)")
    supervisor.run_once(Program(name="plain", command=show, once=True))
    supervisor.run_once(Program(name="provision", command=show, once=True, superuser=True))
    assert [line.rpartition("│")[2].strip() for line in said(supervisor).splitlines()] == ["False", "True"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent")
def test_kill_9_of_the_supervisor_leaves_no_process(home: Path) -> None:
    code = """
        import os, signal, subprocess, sys
        from pathlib import Path
        from hitl_platform.embedded.narrator import Narrator
        from hitl_platform.embedded.programs import Program
        from hitl_platform.embedded.servers import running_servers
        from hitl_platform.embedded.supervisor import Supervisor
        home = Path(sys.argv[1])
        with running_servers(home, throwaway=True, say=lambda text: None) as servers:
            boss = Supervisor(servers=servers, environment=os.environ, narrator=Narrator(stream=sys.stderr),
                              children_file=home / "children.json")
            sleeper = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)")
            boss.start(Program(name="sleeper", command=sleeper, ready_line="up"))
            boss.wait_until_ready("sleeper")
            pids = [boss.members["sleeper"].child.pid, servers.postgres.child.pid, servers.valkey.child.pid]
            print(*pids, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
    """
    finished = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(home)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    pids = [int(pid) for pid in finished.stdout.split()]
    assert len(pids) == 3, finished.stderr
    for pid in pids:
        assert wait_until_gone(pid, patience=20)


def test_what_runs_once_beside_the_others_is_said_when_it_fails(supervisor: Supervisor) -> None:
    supervisor.start(Program(name="seed", command=(sys.executable, "-c", "raise SystemExit(7)"), once=True))
    supervisor.members["seed"].child.wait()
    supervisor.mend()
    assert "seed" not in supervisor.members
    assert "seed failed with exit code 7; the demo goes on without it." in said(supervisor)

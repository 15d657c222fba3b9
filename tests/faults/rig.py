"""Servers and processes of one fault run, which it may kill: nothing of the suite's own is touched."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from django.db import connections

from hitl_platform.bootstrap import ROOT
from hitl_platform.embedded import programs
from hitl_platform.embedded.children import kill_group, spawn, stop
from hitl_platform.embedded.servers import Servers, running_servers
from hitl_platform.tenants.provisioning import Provision, provision
from tests.databases import URL_OF

SETTINGS = "tests.faults.settings"
LEASED = "select id, lease_token from pipeline_step where state = 'leased' and kind = any('{score,route,consensus}')"

# what is due on another day (purges, a queue's months) is no part of the run
LIVE = """
select kind, state, attempt, count(*), min(run_at), max(lease_until), max(last_error) from pipeline_step
where state <> 'done' and run_at < now() + interval '1 hour' group by 1, 2, 3
"""


def wait_for(condition: Callable[[], object], *, seconds: float, what: str, every: float = 0.002) -> None:
    """Poll until the condition holds; fail with what was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(every)


@dataclass
class Rig:
    """Running servers, the platform's processes on them, and a superuser's eye on the steps."""

    servers: Servers
    home: Path
    environment: dict[str, str]
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _eye: "psycopg.Connection[tuple[object, ...]] | None" = None

    def start(self, name: str, command: tuple[str, ...]) -> None:
        """Start one of the platform's processes, its output kept in a file of its own."""
        with (self.home / f"{name}.log").open("ab") as log:
            environment = programs.child_environment(self.environment)
            self.children[name] = spawn(command, environment=environment, directory=ROOT, output=log)

    def start_worker(self) -> None:
        self.start("worker", programs.worker(concurrency=2).command)

    def leased(self) -> set[tuple[object, ...]]:
        """Steps that are leased now, each with its token."""
        return set(self.ask(LEASED))

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        """Rows, read as superuser over a connection that is made anew when the server was away."""
        for _ in range(200):
            try:
                if self._eye is None:
                    url = self.servers.postgres.superuser_url().replace("/postgres", "/hitl")
                    self._eye = psycopg.connect(url, autocommit=True)
                return self._eye.execute(sql).fetchall()  # type: ignore[arg-type]  # sql of our own
            except psycopg.OperationalError:
                self._eye = None
                time.sleep(0.05)
        raise AssertionError("the database does not come back")

    def strike(self, target: str) -> bool:
        """Kill -9 the target while steps are leased, start it again; answer whether the blow landed on a lease.

        It landed where a step that was leased before the blow is still leased, under the same token, after it:
        whoever worked on it had not finished.
        """
        wait_for(self.leased, seconds=90, what=f"a leased step to kill the {target} at")
        before = self.leased()
        getattr(self, f"kill_{target}")()
        landed = bool(before & self.leased())
        getattr(self, f"revive_{target}")()
        return landed

    def kill_worker(self) -> None:
        kill_group(self.children["worker"].pid)
        self.children["worker"].wait()

    def revive_worker(self) -> None:
        self.start_worker()

    def kill_child(self) -> None:
        """The pool's processes alone; Celery's parent lives on and replaces them."""
        parent = self.children["worker"].pid
        for pid in children_of(parent):
            os.kill(pid, signal.SIGKILL)

    def revive_child(self) -> None:
        """Nothing: the parent does it."""

    def kill_valkey(self) -> None:
        child = self.servers.valkey.child
        assert child is not None
        child.kill()
        child.wait()

    def revive_valkey(self) -> None:
        self.servers.valkey.launch()
        assert self.servers.valkey.wait_until_ready(patience=20)

    def kill_postgres(self) -> None:
        """Immediate shutdown: no checkpoint, no goodbye; then it recovers from its log."""
        postgres = self.servers.postgres
        assert postgres.child is not None
        postgres.child.send_signal(signal.SIGQUIT)
        postgres.child.wait()
        postgres.launch(postgres.open_folder())
        assert postgres.wait_until_ready(patience=60)

    def revive_postgres(self) -> None:
        """Nothing: the blow is only judged once it answers again."""

    def manage(self, *arguments: str) -> str:
        """Run a Django command on these servers; answer what it printed."""
        command = programs.django(*arguments)
        done = subprocess.run(command, env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def story(self) -> str:
        """What there is left to do, and the last words of each process: for the reader of a failure."""
        steps = self.ask(f"{LIVE} order by 1, 2")
        cases = self.ask("select state, count(*) from cases_case group by 1")
        people = self.ask("select kind, state, reviewer_id is null, count(*) from reviews_seat group by 1, 2, 3")
        panels = self.ask("select state, round, count(*) from reviews_panel group by 1, 2")
        done = self.ask("select kind, state, count(*), max(last_error) from pipeline_step group by 1, 2")
        words = [f"seats {people}", f"panels {panels}", f"all steps {done}"]
        words += [f"--- {path.stem}\n{last_words(path)}" for path in self.home.glob("*.log")]
        return "\n".join([f"steps {steps}", f"cases {cases}", *words])

    def stop(self) -> None:
        if self._eye is not None:
            self._eye.close()
        for child in self.children.values():
            stop(child, patience=10)


def last_words(log: Path) -> str:
    """The end of a log without its chatter."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if " INFO " not in line]
    return "\n".join(line[:400] for line in lines[-40:])


def children_of(parent: int) -> list[int]:
    """The ids of a process's children."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(status.parent.name))
    return found


@contextmanager
def running_rig(home: Path) -> Iterator[Rig]:
    """Servers of its own, provisioned and migrated; every connection of this process points there meanwhile."""
    with running_servers(home, say=lambda _line: None) as servers:
        environment = servers.environment(public_url="http://127.0.0.1:8000")
        environment["DJANGO_SETTINGS_MODULE"] = SETTINGS
        passwords = {
            f"hitl_{role}": getattr(servers.keyring, role) for role in ("app", "migrator", "sweeper", "sealer")
        }
        provision(servers.postgres.superuser_url(), Provision("hitl", passwords))
        rig = Rig(servers, home, environment)
        rig.manage("migrate", "--verbosity", "0")
        with pointed_at_servers(environment):
            try:
                yield rig
            finally:
                rig.stop()


@contextmanager
def pointed_at_servers(environment: dict[str, str]) -> Iterator[None]:
    """Like `databases.pointed_at`, for other servers."""
    before = {alias: dict(connections[alias].settings_dict) for alias in URL_OF}
    for alias, variable in URL_OF.items():
        parts = urlsplit(environment[variable])
        connections[alias].close()
        connections[alias].settings_dict.update(
            NAME=parts.path.lstrip("/"),
            HOST=parts.hostname,
            PORT=str(parts.port),
            PASSWORD=unquote(parts.password or ""),
        )
    try:
        yield
    finally:
        for alias, old in before.items():
            connections[alias].close()
            connections[alias].settings_dict.update(old)

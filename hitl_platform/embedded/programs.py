"""The platform's own processes: how each is started, and how it says that it is ready."""

import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

from hitl_platform.bootstrap import ROOT

from . import ports

MANAGE = str(ROOT / "manage.py")


@dataclass(frozen=True)
class Program:
    """One program of the platform, ready when all of its processes are.

    That is, when it has printed `ready_line` once for each of its `processes`, and `ready_url` answers 200; what is
    not named is not asked for.
    """

    name: str
    command: tuple[str, ...]
    ready_line: str = ""
    processes: int = 1
    ready_url: str = ""
    patience: float = 10.0  # seconds from SIGTERM to SIGKILL
    once: bool = False  # ends by itself, and is not started again
    visits: bool = False  # comes by the front door, and leaves before it closes
    superuser: bool = False  # gets SUPERUSER_DATABASE_URL

    def says_ready(self, line: str) -> bool:
        """Whether one of its processes says with this line of output that it is ready."""
        return bool(self.ready_line) and self.ready_line in line

    def is_ready(self, said: int) -> bool:
        """Whether it is ready now, `said` of its processes having said so."""
        if not (self.ready_line or self.ready_url):
            return False
        return said >= (self.processes if self.ready_line else 0) and (not self.ready_url or answers(self.ready_url))


def answers(url: str) -> bool:
    """Whether a GET is answered 200 within two seconds."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  # http to our own loopback
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def django(name: str, *arguments: str) -> tuple[str, ...]:
    """The command line of a Django command."""
    return (sys.executable, MANAGE, name, *arguments)


def web(port: int, *, workers: int = 2, threads: int = 4) -> Program:
    """The WSGI server: `workers` processes of `threads` each."""
    command = (
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", ports.LOOPBACK, "--port", str(port),
        "--workers", str(workers), "--blocking-threads", str(threads), "--no-ws", "--no-access-log",
        "--log-level", "warning", "--respawn-failed-workers", "--workers-kill-timeout", "8",
        "hitl_platform.wsgi:application",
    )  # fmt: skip
    # one answer tells of one process alone; the next request may go to another that is still importing
    return Program(
        name="web",
        command=command,
        ready_line="web process ready",
        processes=workers,
        ready_url=f"http://{ports.LOOPBACK}:{port}/healthz",
    )


def worker(*, concurrency: int = 2, name: str = "worker") -> Program:
    """A Celery worker with a small prefork pool."""
    command = celery("worker", "--concurrency", str(concurrency), "--hostname", f"{name}@hitl", "--without-mingle")
    return Program(name=name, command=(*command, "--without-gossip"), ready_line=" ready", patience=20)


def beat(schedule: str) -> Program:
    """Celery's calendar; `schedule` is the file where it remembers its last runs."""
    return Program(
        name="beat", command=celery("beat", "--schedule", schedule, "--pidfile="), ready_line="beat: Starting"
    )


def celery(command: str, *arguments: str) -> tuple[str, ...]:
    """A Celery command line of our app."""
    app = (sys.executable, "-m", "celery", "-A", "hitl_platform.celery", "--quiet")
    return (*app, command, "--loglevel", "INFO", *arguments)


def sweep() -> Program:
    """The process that loses nothing."""
    return Program(name="sweep", command=django("sweep"), ready_line="sweeping")


def seal() -> Program:
    """The one writer of the ledger's tree."""
    return Program(name="seal", command=django("seal"), ready_line="sealing")


def preparation() -> tuple[Program, ...]:
    """What makes roles, database and tables, or brings them up to date; in this order."""
    return (
        Program(name="provision", command=django("provision"), once=True, superuser=True),
        Program(name="migrate", command=django("migrate", "--no-input", "--verbosity", "1"), once=True),
    )


def child_environment(environment: Mapping[str, str], *, superuser: bool = False) -> dict[str, str]:
    """What processes get: roles that see all only when asked, output line by line, arithmetic on one thread each."""
    left_out = set() if superuser else {"SUPERUSER_DATABASE_URL", "BACKUP_DATABASE_URL"}
    kept = {key: value for key, value in environment.items() if key not in left_out}
    threads = {name: kept.get(name, "1") for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")}
    # Celery warns root at length; the demo in a container is root's, and its servers are not.
    quiet = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}
    return {**quiet, **kept, **threads, "PYTHONUNBUFFERED": "1"}


def seed_demo(*arguments: str) -> Program:
    """Demo tenants, people, models, cases and scenes, where there are none yet.

    It writes the logins to the file HITL_DEMO_LOGINS names, as JSON, each time: a list of
    {"tenant": slug, "name", "email", "password", "roles": […], "simulated": bool, "works": bool, "sees": text}.
    """
    return Program(name="seed", command=django("seed_demo", *arguments), once=True)


def simulated_reviewers(number: int, *, address: str, pace: float) -> Program:
    """Simulated people who work the demo's queues through the portal, with the logins of HITL_DEMO_LOGINS."""
    command = django("simulate_reviewers", "--reviewers", str(number), "--url", address, "--pace", str(pace))
    return Program(name="people", command=command, visits=True)


def smoke(address: str, *, report: str, logins: str) -> Program:
    """The main job, once, through HTTP."""
    module = (sys.executable, "-m", "hitl_platform.embedded.smoke")
    return Program(name="smoke", command=(*module, address, report, logins), once=True)

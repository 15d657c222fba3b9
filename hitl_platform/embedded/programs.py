"""The platform's own processes: how each is started, and how it says that it is ready."""

import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hitl_platform.bootstrap import ROOT

from . import ports

MANAGE = str(ROOT / "manage.py")


@dataclass(frozen=True)
class Program:
    """One process of the platform: ready when it prints `ready_line`, or when `ready_url` answers 200."""

    name: str
    command: tuple[str, ...]
    ready_line: str = ""
    ready_url: str = ""
    patience: float = 10.0  # seconds from SIGTERM to SIGKILL
    once: bool = False  # ends by itself, and is not started again

    def is_ready(self, line: str) -> bool:
        """Whether this line of its output says so."""
        return bool(self.ready_line) and self.ready_line in line

    def answers(self) -> bool:
        """Whether its address answers 200 now."""
        return bool(self.ready_url) and answers(self.ready_url)


def answers(url: str) -> bool:
    """Whether a GET is answered 200 within two seconds."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  http to our own loopback
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
    return Program(name="web", command=command, ready_url=f"http://{ports.LOOPBACK}:{port}/healthz")


def worker(*, concurrency: int = 2, name: str = "worker") -> Program:
    """A Celery worker with a small prefork pool."""
    command = celery(
        "worker", "--concurrency", str(concurrency), "--hostname", f"{name}@hitl", "--without-mingle"
    )
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


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What long-running processes get: no superuser, output line by line, arithmetic on one thread each."""
    kept = {key: value for key, value in environment.items() if key != "SUPERUSER_DATABASE_URL"}
    threads = {name: kept.get(name, "1") for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")}
    return {**kept, **threads, "PYTHONUNBUFFERED": "1"}


def prepare(
    environment: Mapping[str, str], *, run: Callable[[tuple[str, ...], Mapping[str, str]], None]
) -> None:
    """Make roles, database and tables, or bring them up to date; `run` runs a command, raises if it fails."""
    run(django("provision"), environment)
    run(django("migrate", "--no-input"), child_environment(environment))

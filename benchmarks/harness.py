"""What a benchmark stands on: servers of its own, processes, clocks.

A benchmark is a module `benchmarks/<name>.py` with

    def main(*, platform: Platform, short: bool) -> Report

(without `platform` when it needs no server, and listed so in `benchmarks/dispatch.py`). Django is set up
before the module is imported, in an environment where `default` is `hitl_app` on a freshly migrated database:

    with platform.web(workers=2) as url, platform.worker(concurrency=1), platform.sealer():
        …
    report = Report("claims", short=short, rows=platform.rows("reviews_seat", "reviews_judgment"))
    report.at_most("p99 at 1,000,000 ÷ p99 at 10,000", ratio, limit=1.3)
    report.note("p99_ms_at_1000000", 41.2)
    return report

Compare within one run only: `interleaved` alternates two measurements and answers the median of each side.
"""

import contextlib
import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from hitl_platform.bootstrap import ROOT
from hitl_platform.embedded import ports, programs
from hitl_platform.embedded.children import spawn, stop
from hitl_platform.embedded.failures import ServerFailed
from hitl_platform.embedded.servers import Servers

LOOSENED = 1.5  # how far --short relaxes each limit: smaller sizes, more noise


@dataclass(frozen=True)
class Figure:
    """One number with its limit; `comparison` is ">=" or "<="."""

    name: str
    value: float
    comparison: str
    limit: float

    @property
    def holds(self) -> bool:
        """Whether the limit is kept; a NaN never holds."""
        return self.value >= self.limit if self.comparison == ">=" else self.value <= self.limit


@dataclass
class Report:
    """What a benchmark found. `rows`: how many rows each table had; `notes`: numbers without a limit."""

    name: str
    short: bool
    rows: dict[str, int] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    durability: dict[str, str] = field(default_factory=dict)

    def at_least(self, name: str, value: float, *, limit: float, exact: bool = False) -> None:
        """Demand `value >= limit`; --short loosens it by 1.5 unless `exact` (a count, an accuracy)."""
        loosened = limit / LOOSENED if self.short and not exact else limit
        self.figures.append(Figure(name, float(value), ">=", loosened))

    def at_most(self, name: str, value: float, *, limit: float, exact: bool = False) -> None:
        """Demand `value <= limit`; --short loosens it by 1.5 unless `exact` (a count, a difference)."""
        loosened = limit * LOOSENED if self.short and not exact else limit
        self.figures.append(Figure(name, float(value), "<=", loosened))

    def note(self, name: str, value: Any) -> None:
        """Keep a number that has no limit."""
        self.notes[name] = value

    @property
    def passed(self) -> bool:
        """Whether every figure holds. A report without figures has proved nothing."""
        return bool(self.figures) and all(figure.holds for figure in self.figures)

    def as_json(self) -> str:
        """The report as the command prints it."""
        figures = [
            {
                "name": figure.name,
                "value": figure.value,
                "limit": f"{figure.comparison} {figure.limit:.4g}",
                "holds": figure.holds,
            }
            for figure in self.figures
        ]
        return json.dumps(
            {
                "bench": self.name,
                "short": self.short,
                "passed": self.passed,
                **self.durability,
                "rows": self.rows,
                "figures": figures,
                "notes": self.notes,
                "machine": machine(),
            },
            indent=1,
        )


@dataclass(frozen=True)
class Platform:
    """Running servers with a migrated database, and the platform's processes on demand."""

    servers: Servers
    environment: Mapping[str, str]
    home: Path

    @contextmanager
    def web(self, *, workers: int = 2, threads: int = 4) -> Iterator[str]:
        """The web server on a free port; yields its address without a trailing slash."""
        port = ports.free_port()
        address = f"http://{ports.LOOPBACK}:{port}"
        with self.running(programs.web(port, workers=workers, threads=threads), PUBLIC_URL=address):
            yield address

    @contextmanager
    def worker(self, *, concurrency: int = 1) -> Iterator[int]:
        """A Celery worker; yields its process id."""
        with self.running(programs.worker(concurrency=concurrency)) as pid:
            yield pid

    @contextmanager
    def sweeper(self) -> Iterator[int]:
        """`manage.py sweep`."""
        with self.running(programs.sweep()) as pid:
            yield pid

    @contextmanager
    def sealer(self) -> Iterator[int]:
        """`manage.py seal`."""
        with self.running(programs.seal()) as pid:
            yield pid

    @contextmanager
    def running(self, program: programs.Program, **environment: str) -> Iterator[int]:
        """Any program of the platform, from ready to stopped; its output goes to a file under `home`."""
        log = self.home / f"{program.name}.log"
        with log.open("ab") as output:
            before = output.tell()
            child = spawn(
                program.command,
                environment={**programs.child_environment(self.environment), **environment},
                directory=ROOT,
                output=output,
            )
        try:
            wait_until_ready(program, child=child, log=log, after=before)
            yield child.pid
        finally:
            stop(child, patience=program.patience)

    def superuser(self, *, database: str = "hitl") -> "psycopg.Connection[Any]":
        """An autocommit connection as superuser, for measuring (counts, sizes, COPY into scratch tables)."""
        url = self.servers.postgres.superuser_url().rpartition("/")[0]
        return psycopg.connect(f"{url}/{database}", autocommit=True)

    def rows(self, *tables: str) -> dict[str, int]:
        """Exact row counts of these tables, whatever their tenant."""
        with self.superuser() as connection:
            return {table: count(connection, table=table) for table in tables}


def wait_until_ready(
    program: programs.Program, *, child: "subprocess.Popen[bytes]", log: Path, after: int = 0, patience: float = 60.0
) -> None:
    """Poll until the program is ready; raises ServerFailed with the end of its log when it is not.

    What the log held before, its first `after` bytes, was said by others.
    """
    deadline = time.monotonic() + patience
    while child.poll() is None and time.monotonic() < deadline:
        lines = log.read_bytes()[after:].decode(errors="replace").splitlines()
        if program.is_ready(sum(map(program.says_ready, lines))):
            return
        time.sleep(0.05)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
    raise ServerFailed(f"{program.name} was not ready after {patience:.0f} s:\n{tail}")


def count(connection: "psycopg.Connection[Any]", *, table: str) -> int:
    """The exact number of rows of a table."""
    row = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table))).fetchone()
    return int(row[0]) if row else 0


def interleaved(
    first: Callable[[], float], second: Callable[[], float], *, pairs: int = 5
) -> tuple[float, float, float]:
    """Measure in alternating pairs; answers both sides' medians and the median of the ratios first/second.

    The order inside a pair alternates too: a machine that slows down or warms up favours neither side.
    """
    firsts: list[float] = []
    seconds: list[float] = []
    for number in range(pairs):
        if number % 2:
            seconds.append(second())
            firsts.append(first())
        else:
            firsts.append(first())
            seconds.append(second())
    ratios = [a / b for a, b in zip(firsts, seconds, strict=True)]
    return statistics.median(firsts), statistics.median(seconds), statistics.median(ratios)


def seconds_of(work: Callable[[], object]) -> float:
    """How long one call takes, in seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def percentile(values: Sequence[float], *, q: float) -> float:
    """The q-th percentile (0 to 100), nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(q * 100) // 10_000) - 1)]


def peak_memory(pid: int) -> int:
    """Largest resident sizes so far of a process and its descendants, summed, in bytes (Linux; else 0)."""
    total = 0
    for member in tree(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{member}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    total += int(line.split()[1]) * 1024
    return total


def tree(pid: int) -> list[int]:
    """A process and all that descend from it (Linux)."""
    found = [pid]
    for member in found:
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{member}/task/{member}/children").read_text()
            found.extend(int(child) for child in children.split())
    return found


def wait_for(condition: Callable[[], bool], *, patience: float, every: float = 0.05) -> float:
    """Poll until `condition()`; answers the seconds that took, raises TimeoutError after `patience`."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > patience:
            raise TimeoutError(f"not reached after {patience:.0f} s")
        time.sleep(every)
    return time.monotonic() - started


def durability_of(connection: "psycopg.Connection[Any]") -> dict[str, str]:
    """fsync and synchronous_commit as the server says; raises ServerFailed unless commits are durable."""
    found = {
        name: str((connection.execute("select current_setting(%s)", [name]).fetchone() or [""])[0])
        for name in ("fsync", "synchronous_commit", "full_page_writes")
    }
    if set(found.values()) != {"on"}:
        raise ServerFailed(f"A benchmark runs on a durable server only; this one has {found}.")
    return found


def machine() -> dict[str, Any]:
    """The machine that the numbers belong to: processors, memory, system."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    model = ""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return {
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "model": model,
        "memory_gib": round(pages / 2**30, 1),
        "system": f"{os.uname().sysname} {os.uname().release}",
    }

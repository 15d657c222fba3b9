"""`manage.py bench NAME [--short] [--json FILE]`: servers, one benchmark, its report, an exit code."""

import argparse
import importlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import django

from benchmarks.harness import Platform, Report, durability_of
from hitl_platform.bootstrap import ROOT
from hitl_platform.embedded import ports, programs
from hitl_platform.embedded.children import spawn
from hitl_platform.embedded.failures import ServerFailed
from hitl_platform.embedded.lodging import temporary_home
from hitl_platform.embedded.servers import running_servers

# Whether the benchmark needs servers: that is decided before its module, which may import models, is.
NEEDS_SERVERS = {
    "audit": True,
    "blindness": True,
    "claims": True,
    "consensus": False,
    "ingest": True,
    "ledger": True,
    "pipeline": True,
    "portal": True,
}


def run(arguments: Sequence[str]) -> int:
    """Run one benchmark, print its report as JSON, and answer 0 only when every figure holds."""
    parser = argparse.ArgumentParser(prog="manage.py bench")
    parser.add_argument("name", choices=sorted(NEEDS_SERVERS))
    parser.add_argument("--short", action="store_true", help="smaller sizes, limits loosened by 1.5, under 50 s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report here too")
    options = parser.parse_args(list(arguments))
    if NEEDS_SERVERS[options.name]:
        with running_platform() as platform:
            report = call(options.name, short=options.short, platform=platform)
            with platform.superuser() as connection:
                report.durability = durability_of(connection)
    else:
        report = call(options.name, short=options.short)
    print(report.as_json())
    if options.json:
        options.json.write_text(report.as_json() + "\n", encoding="utf-8")
    return 0 if report.passed else 1


def call(name: str, **arguments: object) -> Report:
    """Import `benchmarks.<name>` and run its `main`."""
    report: Report = importlib.import_module(f"benchmarks.{name}").main(**arguments)
    return report


@contextmanager
def running_platform() -> Iterator[Platform]:
    """Servers in a temporary home, a migrated database, and Django set up on it in this process."""
    home = temporary_home("hitl-bench-")
    try:
        with running_servers(home, throwaway=True, say=tell) as servers:
            environment = servers.environment(public_url=f"http://{ports.LOOPBACK}:8000")
            platform = Platform(servers=servers, environment=environment, home=home)
            with platform.superuser(database="postgres") as connection:
                durability_of(connection)
            for program in programs.preparation():
                run_or_raise(program, environment=environment)
            os.environ.update(programs.child_environment(environment))
            django.setup()
            tell("The database is migrated; measuring.")
            yield platform
    finally:
        shutil.rmtree(home, ignore_errors=True)


def run_or_raise(program: programs.Program, *, environment: Mapping[str, str]) -> None:
    """Run one program to its end with its output on stderr; raises ServerFailed when it fails."""
    child = spawn(
        program.command,
        environment=programs.child_environment(environment, superuser=program.superuser),
        directory=ROOT,
        output=sys.stderr.fileno(),
    )
    if child.wait() != 0:
        raise ServerFailed(f"{program.name} failed.")


def tell(sentence: str) -> None:
    """Progress goes to stderr; stdout is the report's."""
    print(f"[bench] {sentence}", file=sys.stderr, flush=True)

"""`manage.py test`: the suite on a PostgreSQL and a Valkey of its own, gone afterwards."""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from hitl_platform import bootstrap

from . import ports
from .browser import find_or_install, tell
from .children import spawn, stop, undisturbed
from .lodging import temporary_home
from .servers import running_servers

WITHOUT_BROWSER = "--without-browser"
# where tests find reference data that may not be shipped: all of it, and the folder of one kind
REFERENCE = "HITL_REFERENCE_DATA"
CROWDS = "HITL_CONSENSUS_DATA"


class Interrupted(KeyboardInterrupt):
    """SIGTERM or SIGHUP: unwind as Ctrl-C does, so that nothing is left running."""


def run(arguments: Sequence[str]) -> int:
    """Run pytest with these arguments; answers its exit code."""
    reference, arguments = with_reference(arguments)
    chosen = [argument for argument in arguments if argument != WITHOUT_BROWSER]
    extra: dict[str, str] = dict(reference)
    if WITHOUT_BROWSER in arguments:
        chosen += ["-m", "not browser"]
        extra["HITL_WITHOUT_BROWSER"] = "1"
    else:
        extra["HITL_CHROMIUM"] = find_or_install()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    home = temporary_home("hitl-test-")
    try:
        with running_servers(home, throwaway=True, say=tell) as servers:
            environment = servers.environment(public_url=f"http://{ports.LOOPBACK}:8000")
            code = run_pytest(with_workers(chosen), environment={**environment, **extra})
    except KeyboardInterrupt:
        code = 130
    finally:
        shutil.rmtree(home, ignore_errors=True)
    if WITHOUT_BROWSER in arguments:
        print("The browser tests were left out (--without-browser).", file=sys.stderr)
    return code


def with_reference(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """`--reference PATH` as the environment in which tests find the data, and the arguments without it.

    Exits with a sentence where the path is no folder.
    """
    parser = argparse.ArgumentParser(prog="manage.py test", add_help=False, allow_abbrev=False)
    parser.add_argument("--reference", type=Path, metavar="PATH")
    options, rest = parser.parse_known_args(list(arguments))
    folder: Path | None = options.reference
    if folder is None:
        return {}, rest
    if not folder.is_dir():
        parser.error(f"--reference {folder}: there is no such folder")
    folder = folder.resolve()
    crowds = {CROWDS: str(folder / "consensus")} if (folder / "consensus").is_dir() else {}
    return {REFERENCE: str(folder), **crowds}, rest


def with_workers(arguments: Sequence[str]) -> list[str]:
    """Two pytest workers for the whole suite; a chosen part runs in one process, where -s and --pdb work."""
    has_part = any(not argument.startswith("-") for argument in arguments)
    asked = any(argument.startswith(("-n", "-p", "-s", "--pdb", "--numprocesses")) for argument in arguments)
    return [*arguments] if has_part or asked else ["-n", "2", "--dist", "loadgroup", *arguments]


def run_pytest(arguments: Sequence[str], *, environment: dict[str, str]) -> int:
    """pytest in a process group of its own: Ctrl-C reaches it through us, once."""
    command = [sys.executable, "-m", "pytest", *arguments]
    with undisturbed():
        child = spawn(command, environment=environment, directory=bootstrap.ROOT)
    try:
        return child.wait()
    except KeyboardInterrupt:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            child.wait(timeout=20)
        raise
    finally:
        stop(child)


def interrupt(number: int, frame: FrameType | None) -> None:
    """Turn a signal into the exception that unwinds everything."""
    raise Interrupted

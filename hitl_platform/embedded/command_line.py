"""`manage.py`: our own commands, and Django's with the environment that they need."""

import os
import sys
from collections.abc import Callable, Sequence

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line, get_commands

from . import bench, demo, surroundings, testing
from .failures import ServerFailed

OWN: dict[str, Callable[[Sequence[str]], int]] = {"bench": bench.run, "demo": demo.run, "test": testing.run}
HELP = """The project's own commands, each with --help:
  demo     the whole platform on this machine
  test     the suite, on servers of its own
  bench    what the platform does in a second
"""


def run(arguments: Sequence[str]) -> int:
    """Run one command line (`arguments[0]` is the program) and answer its exit code."""
    name = arguments[1] if len(arguments) > 1 else "help"
    try:
        if name in OWN:
            return OWN[name](arguments[2:])
        if name in ("help", "--help", "-h"):
            if len(arguments) > 2 and arguments[2] in OWN:
                return OWN[arguments[2]](["--help"])
            print(HELP if len(arguments) < 3 else "", end="", flush=True)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_platform.settings")
        surroundings.complete(os.environ, command=name)
        execute_from_command_line(list(arguments))
    except ServerFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    except ImproperlyConfigured as failure:
        print(explanation(name, failure), file=sys.stderr)
        return 1
    return 0


def explanation(name: str, failure: ImproperlyConfigured) -> str:
    """Why a command could not begin: there is no such command, or its surroundings lack something."""
    # offline, because what is missing is what stopped the settings
    os.environ["HITL_OFFLINE"] = "1"
    try:
        django.setup()
    except ImproperlyConfigured:  # a value that makes no sense, which is the sentence itself
        return str(failure)
    get_commands.cache_clear()  # type: ignore[attr-defined]  # cached, which the stubs do not say
    if name not in get_commands():
        return f"There is no command {name!r}. `python3 manage.py help` lists them."
    return f"{failure}\nWhile `python3 manage.py demo` runs, commands find its servers by themselves."

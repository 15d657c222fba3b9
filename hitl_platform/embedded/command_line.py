"""`manage.py`: our own commands, and Django's with the environment that they need."""

import os
import sys
from collections.abc import Callable, Sequence

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from . import bench, demo, surroundings, testing
from .failures import ServerFailed

OWN: dict[str, Callable[[Sequence[str]], int]] = {"bench": bench.run, "demo": demo.run, "test": testing.run}


def run(arguments: Sequence[str]) -> int:
    """Run one command line (`arguments[0]` is the program) and answer its exit code."""
    name = arguments[1] if len(arguments) > 1 else "help"
    try:
        if name in OWN:
            return OWN[name](arguments[2:])
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_platform.settings")
        surroundings.complete(os.environ, command=name)
        execute_from_command_line(list(arguments))
    except ServerFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    except ImproperlyConfigured as failure:
        print(
            f"{failure}\nWhile `python3 manage.py demo` runs, commands find its servers by themselves.", file=sys.stderr
        )
        return 1
    return 0

"""`manage.py demo`: the whole platform on this machine."""

from collections.abc import Sequence

from .failures import ServerFailed


def run(arguments: Sequence[str]) -> int:
    """Start everything, show where, stop on Ctrl-C."""
    raise ServerFailed("The demo is not there yet.")

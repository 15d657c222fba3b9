"""What may be said of a failure where others read it: where and of what type, never what a case says."""

import traceback
from pathlib import Path

from django.conf import settings

from hitl_platform.kernel.errors import DomainError

LONGEST = 600
FRAMES = 4


def describe(error: BaseException) -> str:
    """One bounded line: the exception's type and the innermost places of our own code.

    The message is kept for our own refusals alone; those of libraries and of the database quote payloads,
    keys and addresses.
    """
    said = f": {error.message}" if isinstance(error, DomainError) else _sqlstate(error)
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _is_ours(frame.filename)] or list(frames)
    places = " < ".join(f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in reversed(ours[-FRAMES:]))
    return f"{type(error).__name__}{said} at {places or 'an unknown place'}"[:LONGEST]


def _sqlstate(error: BaseException) -> str:
    state = getattr(error.__cause__, "sqlstate", None)
    return f" {state}" if state else ""


def _is_ours(filename: str) -> bool:
    path = Path(filename)
    return path.is_relative_to(settings.BASE_DIR) and "site-packages" not in path.parts


def _short(filename: str) -> str:
    return str(Path(filename).relative_to(settings.BASE_DIR)) if _is_ours(filename) else Path(filename).name

"""Homes of their own for servers that these tests start, break and stop."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hitl_platform.embedded.lodging import temporary_home


@pytest.fixture(autouse=True)
def _as_the_application() -> None:
    """These tests use servers of their own, not the suite's."""


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that the servers' account can reach (pytest's own temporary folders are private to root)."""
    folder = temporary_home("hitl-embedded-")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def modes_and_owners(*places: Path) -> dict[str, tuple[int, int, int]]:
    """Mode, uid and gid of these places and all in them, and of every folder above them."""
    paths = {parent for place in places for parent in place.resolve().parents}
    for place in places:
        paths.add(place)
        for root, folders, files in os.walk(place):
            paths.update(Path(root, name) for name in (*folders, *files))
    return {str(path): fields(path.lstat()) for path in paths}


def fields(status: os.stat_result) -> tuple[int, int, int]:
    """What must not change."""
    return stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid

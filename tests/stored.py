"""A storage of evidence that is a test's own."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages


@pytest.fixture
def store(tmp_path: Path, settings: Any) -> Path:
    """An empty folder in which files are kept."""
    backend = settings.STORAGES["evidence"]
    options = {**backend["OPTIONS"], "location": str(tmp_path)}
    settings.STORAGES = {**settings.STORAGES, "evidence": {**backend, "OPTIONS": options}}
    # in place: it is read where it was imported
    storages.__init__()  # type: ignore[misc]  # an object of Django's, as new
    return tmp_path


def kept_bytes(store: Path) -> list[bytes]:
    """What the storage holds."""
    return sorted(path.read_bytes() for path in store.rglob("*") if path.is_file())

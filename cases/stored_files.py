"""Where the bytes of evidence lie: Django's storage named `evidence`, each file under a UUID of its own."""

from typing import IO, Any
from uuid import UUID, uuid4

from django.core.files import File
from django.core.files.storage import storages

STORAGE = "evidence"


def keep(content: IO[bytes]) -> UUID:
    """Store the bytes of `content` from its beginning; answers their key."""
    key = uuid4()
    content.seek(0)
    storages[STORAGE].save(_path(key), File(content))
    return key


def open_stored(key: UUID) -> "File[Any]":
    """The bytes under a key; raises FileNotFoundError where there are none."""
    return storages[STORAGE].open(_path(key), "rb")


def discard(key: UUID) -> None:
    """Delete the bytes under a key, if they are there."""
    storages[STORAGE].delete(_path(key))


def _path(key: UUID) -> str:
    # a folder holds a 256th of all files, which every file system bears
    return f"{key.hex[:2]}/{key}"

"""A cursor for statements over arrays: its parameters travel beside the SQL, those marked %b in binary.

Django's own cursor writes parameters into the text of the statement, which for a text[] of a thousand
documents costs 70 µs an element; in binary it is 2 µs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.utils import CursorWrapper


@contextmanager
def array_cursor() -> Iterator[CursorWrapper]:
    """A cursor on the default connection, seen by its execute wrappers, with %b and %(name)b for binary."""
    connection.ensure_connection()
    bound: Any = ServerBindingCursor(connection.connection)  # type: ignore[call-arg]  # the stubs lack psycopg's own
    with connection.make_cursor(bound) as cursor:
        yield cursor

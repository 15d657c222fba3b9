"""Cursors whose parameters travel beside the SQL, those marked %b in binary.

Django's own cursor writes parameters into the text of the statement, which for a text[] of a thousand
documents costs 70 µs an element (in binary 2 µs), and has the server parse and plan each click anew, which for
a claim is two thirds of its time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.utils import CursorWrapper


class _UnpreparedCursor(ServerBindingCursor):
    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, **options | {"prepare": False})  # type: ignore[misc]  # psycopg's own


@contextmanager
def bound_cursor(using: str = DEFAULT_DB_ALIAS) -> Iterator[CursorWrapper]:
    """For what is done at every click: what a connection sends several times is prepared, and planned once.

    Seen by the connection's execute wrappers; %b and %(name)b are binary parameters.
    """
    with _wrapped(using, ServerBindingCursor) as cursor:
        yield cursor


@contextmanager
def chunk_cursor(using: str = DEFAULT_DB_ALIAS) -> Iterator[CursorWrapper]:
    """For joins over arrays of many rows: each is planned for its own size.

    The plan of a prepared statement takes every array for ten elements, and joins a thousand rows with a
    thousand by comparing each pair.
    """
    with _wrapped(using, _UnpreparedCursor) as cursor:
        yield cursor


@contextmanager
def _wrapped(using: str, kind: Any) -> Iterator[CursorWrapper]:
    connection: Any = connections[using]
    connection.ensure_connection()
    bound = kind(connection.connection)
    with connection.make_debug_cursor(bound) if connection.queries_logged else connection.make_cursor(bound) as cursor:
        yield cursor

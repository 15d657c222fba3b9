"""Cursors whose parameters travel beside the SQL, those marked %b in binary.

Django's own cursor writes parameters into the text of the statement, which for a text[] of a thousand
documents costs 70 µs an element (in binary 2 µs), and has the server parse and plan each click anew, which for
a claim is two thirds of its time.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.utils import CursorWrapper

_NAMED = re.compile(r"%\((\w+)\)s")


class _LongCursor(psycopg.RawCursor[Any]):
    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        text, names = _numbered(query)
        return super().execute(text, [params[name] for name in names], **options)


@lru_cache(maxsize=64)
def _numbered(query: str) -> tuple[str, tuple[str, ...]]:
    """The statement with $1 for %(name)s, and the names in their order."""
    names = tuple(dict.fromkeys(_NAMED.findall(query)))
    place = {name: f"${number}" for number, name in enumerate(names, 1)}
    return _NAMED.sub(lambda found: place[found[1]], query).replace("%%", "%"), names


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
def long_cursor(using: str = DEFAULT_DB_ALIAS) -> Iterator[CursorWrapper]:
    """As `bound_cursor`, for statements of many pages with %(name)s alone.

    The driver reads a statement of over 4,096 characters anew at each execution, which for a claim is a
    millisecond; here that is done once.
    """
    with _wrapped(using, _LongCursor) as cursor:
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

"""Sessions in the database, as Django keeps them, read by one prepared statement: they are read at every click."""

from typing import Any

from django.contrib.sessions.backends import db

from hitl_platform.kernel.bound_cursor import bound_cursor

_LOAD = """
select session_data from django_session where session_key = %s and expire_date > statement_timestamp()
"""


class SessionStore(db.SessionStore):
    """Django's store; only reading differs."""

    def load(self) -> dict[str, Any]:
        """What the session holds; empty, and without its key, where it is unknown or over."""
        with bound_cursor() as cursor:
            cursor.execute(_LOAD, [self.session_key])
            row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        data: dict[str, Any] = self.decode(row[0])
        return data

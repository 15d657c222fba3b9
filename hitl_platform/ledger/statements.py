"""Whether an SQL statement changes rows, told from its text."""

import re
from functools import lru_cache

_COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
_CHANGES = re.compile(r"\s*(?:insert|update|delete|merge|truncate|copy)\b", re.IGNORECASE)
# `for update` never follows a bracket, so these are data-modifying statements inside or after a WITH
_CHANGES_IN_WITH = re.compile(r"[()]\s*(?:insert|update|delete|merge)\b", re.IGNORECASE)
_WITH = re.compile(r"\s*with\b", re.IGNORECASE)


@lru_cache(maxsize=4096)
def changes_rows(sql: str) -> bool:
    """Whether `sql` is an INSERT, UPDATE, DELETE, MERGE, TRUNCATE or COPY, at its start or inside a WITH.

    A function that writes, called from a SELECT, is not seen.
    """
    # only a WITH pays for the removal of comments; ours never lead a statement
    if _WITH.match(sql):
        return _CHANGES_IN_WITH.search(_COMMENT.sub(" ", sql)) is not None
    return _CHANGES.match(_COMMENT.sub(" ", sql) if sql.lstrip().startswith(("/*", "--")) else sql) is not None

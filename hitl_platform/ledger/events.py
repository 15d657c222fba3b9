"""The one form of an event as bytes: what is hashed, sealed, exported and verified."""

from collections.abc import Sequence

import orjson

# what `event_line` takes, in its order, all as text; `xid` and `epoch` are plumbing of one cluster and stay out
COLUMNS = """
e.id::text, e.tenant_id::text, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.verb, e.actor,
e.subject_type, e.subject_id::text, e.case_id::text, e.body, e.personal
"""


def event_line(row: Sequence[str | None]) -> bytes:
    """The canonical JSON (RFC 8785) of an event, without a newline, from its COLUMNS.

    `record` has held the content to the canonical domain already. A row that came another way is written as it
    stands and not refused: one event that cannot be sealed would hold up every later one.
    """
    event = {
        "actor": orjson.loads(row[4] or "null"),
        "at": row[2],
        "body": orjson.loads(row[8] or "null"),
        "case_id": row[7],
        "id": row[0],
        "personal": orjson.loads(row[9] or "null"),
        "subject_id": row[6],
        "subject_type": row[5],
        "tenant_id": row[1],
        "verb": row[3],
    }
    return orjson.dumps(event, option=orjson.OPT_SORT_KEYS)

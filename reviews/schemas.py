"""What a reviewer's client may send, as JSON Schema."""

from typing import Any

from cases.schemas import KEY, closed, listed
from reviews.evidence import MAX_MARKS
from reviews.services.judge import MAX_DRAFT_FIELDS, MAX_DRAFT_TEXT, MAX_RATIONALE
from reviews.services.leases import MAX_NOTE, MOST_HANDED_OVER_HOURS
from reviews.services.skip import MAX_REASON, MOST_CASES, MOST_MINUTES

LEASE_TOKEN = {
    "type": "integer",
    "minimum": 0,
    "maximum": 2**53 - 1,
    "description": "The lease under which the seat was opened; an older one is refused.",
}
LEASE = closed(["lease_token"], {"lease_token": LEASE_TOKEN})
ANSWER = closed(["lease_token", "label"], {"lease_token": LEASE_TOKEN, "label": KEY})
_MARKED: dict[str, Any] = {
    "field": {"type": "string", "minLength": 1, "maxLength": 200, "description": "A property of the payload."},
    "item": {"type": "integer", "minimum": 0, "maximum": 10_000, "description": "Which of it, where it is a list."},
}
_PLACE = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
EVIDENCE: dict[str, Any] = listed(
    {
        "oneOf": [
            closed(["field", "start", "end"], _MARKED | {"start": _PLACE, "end": _PLACE}, title="Part of a text"),
            closed(
                ["field", "box"],
                _MARKED | {"box": listed(_SHARE, 4, 4, description="x, y, width and height as shares of the image.")},
                title="Part of an image",
            ),
        ]
    },
    0,
    MAX_MARKS,
    description="What you marked in the case. A text counts in characters, its line ends as one each.",
)
SUBMIT = closed(
    ["lease_token", "label"],
    {
        "lease_token": LEASE_TOKEN,
        "label": KEY,
        "rationale": {"type": "string", "maxLength": MAX_RATIONALE},
        "reason_codes": listed(KEY, 0, 100, uniqueItems=True),
        "evidence": EVIDENCE,
        "active_seconds": {
            "type": "number",
            "minimum": 0,
            "maximum": 86_400,
            "description": "Seconds at work on it: no hidden tab, no idle time.",
        },
    },
)
DRAFT: dict[str, Any] = {
    "type": "object",
    "maxProperties": MAX_DRAFT_FIELDS,
    "description": "Whatever the page needs to show again what was written.",
    "propertyNames": {"maxLength": 100},
    "additionalProperties": {"type": ["string", "number", "boolean", "null", "array"], "maxLength": MAX_DRAFT_TEXT},
}
NOTHING = closed([], {})
SKIP = closed(
    ["reason"],
    {
        "reason": {"type": "string", "minLength": 1, "maxLength": MAX_REASON},
        "meaning": {
            "enum": ["to_others", "later", "ignore"],
            "default": "to_others",
            "description": "`to_others`: never to you again. `later`: again after `minutes` or `cases` (an hour, "
            "where neither is told). `ignore`: no wish; others are asked first.",
        },
        "minutes": {"type": "integer", "minimum": 1, "maximum": MOST_MINUTES},
        "cases": {"type": "integer", "minimum": 1, "maximum": MOST_CASES},
    },
)
HAND_OVER = closed(
    ["to_user_id"],
    {
        "to_user_id": {"type": "string", "format": "uuid"},
        "hours": {"type": "number", "exclusiveMinimum": 0, "maximum": MOST_HANDED_OVER_HOURS, "default": 24},
        "note": {"type": "string", "maxLength": MAX_NOTE},
    },
)

"""What a reviewer's client may send, as JSON Schema."""

from typing import Any

from cases.schemas import KEY, closed, listed
from reviews.services.judge import MAX_DRAFT_FIELDS, MAX_DRAFT_TEXT, MAX_RATIONALE

LEASE_TOKEN = {
    "type": "integer",
    "minimum": 0,
    "maximum": 2**53 - 1,
    "description": "The lease under which the seat was opened; an older one is refused.",
}
LEASE = closed(["lease_token"], {"lease_token": LEASE_TOKEN})
ANSWER = closed(["lease_token", "label"], {"lease_token": LEASE_TOKEN, "label": KEY})
SUBMIT = closed(
    ["lease_token", "label"],
    {
        "lease_token": LEASE_TOKEN,
        "label": KEY,
        "rationale": {"type": "string", "maxLength": MAX_RATIONALE},
        "reason_codes": listed(KEY, 0, 100, uniqueItems=True),
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

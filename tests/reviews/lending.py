"""A case type of the suite's own, and cases of it."""

from typing import Any

DEFINITION: dict[str, Any] = {
    "question": "Should this loan be granted?",
    "payload_schema": {
        "type": "object",
        "required": ["amount", "months", "purpose"],
        "additionalProperties": False,
        "properties": {
            "amount": {"type": "number"},
            "months": {"type": "integer"},
            "purpose": {"enum": ["car", "furniture", "education"]},
            "savings": {"type": "number"},
            "note": {"type": ["string", "null"]},
        },
    },
    "labels": [{"key": "approve", "name": "Approve", "shortcut": "1"}, {"key": "decline", "name": "Decline"}],
    "reason_codes": [
        {"key": "income", "name": "Income"},
        {"key": "history", "name": "History", "labels": ["decline"]},
    ],
}


def payload(number: int = 0, **fields: Any) -> dict[str, Any]:
    """A loan application; every other one is large."""
    return {"amount": 1_000 + 500 * number, "months": 12 + number % 36, "purpose": "car", **fields}

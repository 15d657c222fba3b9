"""A case type of the suite's own, cases of it, and a model that declines the more the larger the amount."""

from typing import Any

from models_registry.training import train

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
    "attributes_schema": {"sex": {"title": "Sex"}},
}
FEATURES = {"features": [{"name": "amount", "type": "number", "path": "amount"}]}
LABELS = ["approve", "decline"]


def payload(amount: float = 1_000, **fields: Any) -> dict[str, Any]:
    """A loan application."""
    return {"amount": amount, "months": 24, "purpose": "car", **fields}


def artifact() -> bytes:
    """A model that approves small loans, declines large ones, and doubts in between (around 10,000)."""
    amounts = [100.0 * number for number in range(1, 200)]
    labels = ["decline" if amount > 10_000 + 3_000 * (number % 3 - 1) else "approve"
              for number, amount in enumerate(amounts)]  # fmt: skip
    return train([payload(amount) for amount in amounts], labels, feature_schema=FEATURES).artifact

"""What keys and names of rules, levels and calendars look like."""

import hashlib
from typing import Any

import orjson

LONGEST_KEY = 60
LONGEST_NAME = 200


def key_problems(key: str, *, name: str) -> dict[str, list[str]]:
    """What is wrong with a key and a name, by field."""
    fields: dict[str, list[str]] = {}
    if not 1 <= len(key) <= LONGEST_KEY or not all(c.isascii() and (c.isalnum() or c in "-_") for c in key):
        fields["key"] = [f"At most {LONGEST_KEY} letters, digits, hyphens and underscores."]
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        fields["name"] = [f"At most {LONGEST_NAME} characters, not blank."]
    return fields


def document_digest(document: Any) -> str:
    """What the ledger keeps of a document: the SHA-256 of it, its keys in order."""
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()

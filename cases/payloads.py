"""The one sequence of bytes that a payload is hashed and stored as: RFC 8785 (JCS).

The ledger holds SHA-256(salt || JCS(payload)). Whoever has the payload and its salt can compute it again with
any implementation of the RFC, from the API's answer as well as from the stored jsonb: `strict_json` has left
integral numbers as integers within ±(2**53 - 1) and every other number as the double nearest to its text.
"""

import hashlib
import re
from typing import Any

import orjson

# where orjson and ECMAScript write a number within our range differently: [1e-6, 1e-5)
_SMALL = b"e-6"
_ASTRAL = re.compile(rb"[\xf0-\xf4]")


def canonical_payload(payload: Any) -> bytes:
    """The RFC 8785 bytes of a value that `strict_json.loads` has read, or that jsonb gives back."""
    data = orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
    if _SMALL in data or (not data.isascii() and _ASTRAL.search(data)):
        # rare: keys in order of UTF-16 code units, small numbers as ECMAScript writes them
        return orjson.dumps(_by_the_letter(payload))
    return data


def payload_digest(salt: bytes, canonical: bytes) -> bytes:
    """What the ledger says of a payload, or of attributes: 32 bytes, telling nothing without the salt."""
    return hashlib.sha256(salt + canonical).digest()


def _by_the_letter(value: Any) -> Any:
    if type(value) is dict:
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return {key: _by_the_letter(value[key]) for key in keys}
    if type(value) is list:
        return [_by_the_letter(item) for item in value]
    if type(value) is float and 1e-6 <= abs(value) < 1e-5:
        digits, _, _ = repr(value).partition("e")
        sign = "-" if value < 0 else ""
        return orjson.Fragment(f"{sign}0.00000{digits.lstrip('-').replace('.', '')}".encode())
    return value

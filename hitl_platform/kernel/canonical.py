"""Canonical JSON: one value, one sequence of bytes (RFC 8785), for hashing.

The ledger's values hold no binary fractions: a number with a fraction is written as a decimal string.
Within that domain, and with object keys in ASCII, RFC 8785 and sorted compact JSON are the same bytes;
tests hold this against an independent implementation of the RFC.
"""

import hashlib
from typing import Any

import orjson

MAX_INTEGER = 2**53 - 1


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of `value`.

    Raises ValueError for a float, an integer beyond 2**53 - 1, a key that is no ASCII string, a text
    with a lone surrogate, or any type that JSON lacks.
    """
    _check(value)
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise ValueError(f"not canonical JSON: {error}") from error


def digest(value: Any) -> bytes:
    """SHA-256 over the canonical bytes of `value`: 32 bytes."""
    return hashlib.sha256(canonical(value)).digest()


def _check(value: Any) -> None:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise ValueError(f"an integer beyond 2**53 - 1 has no canonical form: {value}")
    elif kind is dict:
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                raise ValueError(f"a key of canonical JSON is an ASCII string, not {key!r}")
            _check(item)
    elif kind is list:
        for item in value:
            _check(item)
    else:
        raise ValueError(f"{kind.__name__} has no canonical form here (write fractions as decimal strings): {value!r}")

"""Strict JSON: one text, one meaning (the I-JSON profile, RFC 7493, and a little more).

orjson parses at full speed and refuses NaN, infinities, 1e999, lone surrogates, byte order marks and any
encoding but UTF-8. What it lets pass is found by cheap scans of the bytes and one walk of the value:
duplicate keys, U+0000 (PostgreSQL cannot store it), depth, the number of keys, numbers that a double does
not hold exactly. Only a refused document pays for finding the place to name.
"""

import json
from typing import Any

import orjson

from hitl_platform.kernel.errors import Invalid, TooLarge

MAX_NUMBER = 2**53 - 1
MAX_DEPTH = 32
MAX_KEYS = 10_000


def loads(data: bytes, *, max_bytes: int, max_depth: int = MAX_DEPTH, max_keys: int = MAX_KEYS) -> Any:
    """The value of the JSON text `data`.

    Numbers come as JSON means them, whatever their spelling: an integral one (1, 1.0, 1e2, -0.0) is an int,
    every other a float, and none is beyond 2**53 - 1. `max_depth` counts nested containers, `max_keys` the
    object keys of the whole document.
    Raises TooLarge past `max_bytes`, and Invalid, whose `fields` name the place, for anything else.
    """
    if len(data) > max_bytes:
        raise TooLarge(f"This JSON text is {len(data):,} bytes long; at most {max_bytes:,} are accepted.")
    try:
        root = [orjson.loads(data)]
    except orjson.JSONDecodeError as error:
        raise Invalid(_not_json(data, error), code="not_json") from None
    keys = _walk(root, max_depth)
    if keys > max_keys:
        raise Invalid(
            f"This JSON text has {keys:,} object keys; at most {max_keys:,} are accepted.",
            code="too_many_keys",
        )
    # each key has its colon, and a colon inside a string can only add to the count
    if data.count(b":") != keys and _structural_colons(data) != keys:
        raise _refusal("duplicate_key", "The same key stands twice in one object.", _first_duplicate(data))
    if b"\\u0000" in data:
        _refuse_nul(root[0], "")
    return root[0]


def _walk(root: list[Any], max_depth: int) -> int:
    """Check depth and numbers below `root`, writing integral floats back as ints; the number of object keys."""
    level: list[Any] = [root]
    keys = 0
    for _ in range(max_depth + 1):
        below: list[Any] = []
        for container in level:
            is_object = type(container) is dict
            keys += len(container) if is_object else 0
            for key, item in container.items() if is_object else enumerate(container):
                kind = type(item)
                if kind is str:
                    continue
                if kind is dict or kind is list:
                    below.append(item)
                elif kind is int:
                    if not -MAX_NUMBER <= item <= MAX_NUMBER:
                        raise _huge_number(root[0], item)
                elif kind is float and item.is_integer():
                    container[key] = _integer(root[0], item)
        if not below:
            return keys
        level = below
    raise Invalid(f"This JSON text is nested deeper than {max_depth} levels.", code="too_deep")


def _integer(value: Any, number: float) -> int:
    if not -MAX_NUMBER <= number <= MAX_NUMBER:
        raise _huge_number(value, number)
    return int(number)


def _huge_number(value: Any, number: float) -> Invalid:
    reason = "A number beyond ±(2^53 - 1) loses digits on its way; send it as a text."
    return _refusal("huge_number", reason, _place_of(value, number, "") or "$")


def _structural_colons(data: bytes) -> int:
    """How many colons of a valid JSON text stand outside its strings."""
    if b"\\" in data:
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(data.split(b'"')[::2]).count(b":")


def _refusal(code: str, reason: str, place: str) -> Invalid:
    return Invalid(reason, code=code, fields={place or "$": [reason]})


def _refuse_nul(value: Any, place: str) -> None:
    """Raise Invalid naming the first text or key below `value` that contains U+0000."""
    if type(value) is str and "\0" in value:
        raise _refusal("nul_character", "A text contains the character U+0000.", place)
    for key, item in _members(value):
        if type(key) is str and "\0" in key:
            raise _refusal("nul_character", "A key contains the character U+0000.", place)
        _refuse_nul(item, _join(place, key))


def _place_of(value: Any, wanted: Any, place: str) -> str | None:
    if value is wanted:
        return place
    found = (_place_of(item, wanted, _join(place, key)) for key, item in _members(value))
    return next((each for each in found if each is not None), None)


def _members(value: Any) -> Any:
    if type(value) is dict:
        return value.items()
    return enumerate(value) if type(value) is list else ()


def _join(place: str, key: str | int) -> str:
    if type(key) is int:
        return f"{place}[{key}]"
    return f"{place}.{key}" if place else str(key)


def _not_json(data: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as odd:
        return f"This is not UTF-8, which JSON is written in: byte {odd.start + 1} fits in no character."
    return f"This is not strict JSON: {error}."


class _Pairs(list[tuple[str, Any]]):
    """An object as it stands in the text, each key as often as it does."""


def _first_duplicate(data: bytes) -> str:
    """The place of the first key that stands twice in one object of the valid JSON text `data`."""
    return _doubled(json.loads(data, object_pairs_hook=_Pairs, parse_int=float), "")


def _doubled(value: Any, place: str) -> str:
    is_object = isinstance(value, _Pairs)
    members = value if is_object else enumerate(value) if type(value) is list else ()
    seen: set[str | int] = set()
    for key, item in members:
        if key in seen:
            return _join(place, key)
        seen.add(key)
        if found := _doubled(item, _join(place, key)):
            return found
    return ""

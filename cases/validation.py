"""JSON Schema checks whose refusals name the field and never repeat its content."""

import json
from datetime import datetime
from typing import Any

import jsonschema_rs

from hitl_platform.kernel.errors import Invalid

MAX_REASONS = 20
# a timestamp outside these years is a slip of the pen, and one before year 1 could not be read back
FIRST_YEAR, LAST_YEAR = 1900, 2200

Fields = dict[str, list[str]]
# what each rule of JSON Schema asks, for a limit of one and for others
BOUNDS: dict[str, tuple[str, str]] = {
    "minimum": ("At least {}.", "At least {}."),
    "maximum": ("At most {}.", "At most {}."),
    "exclusiveMinimum": ("More than {}.", "More than {}."),
    "exclusiveMaximum": ("Less than {}.", "Less than {}."),
    "minLength": ("At least 1 character.", "At least {} characters."),
    "maxLength": ("At most 1 character.", "At most {} characters."),
    "minItems": ("At least 1 of them.", "At least {} of them."),
    "maxItems": ("At most 1 of them.", "At most {} of them."),
    "minProperties": ("At least 1 field.", "At least {} fields."),
    "maxProperties": ("At most 1 field.", "At most {} fields."),
}
TYPES: dict[str, str] = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "nothing (null)",
}
OTHERS: dict[str, str] = {
    "uniqueItems": "Each of them once.",
    "format": "This is no valid {format}.",
    "pattern": "It does not have the form {pattern}",
    "multipleOf": "A multiple of {multiple_of}.",
    "oneOf": "It has none of the forms that are allowed, or more than one.",
    "anyOf": "It has none of the forms that are allowed.",
    "falseSchema": "There is no such field.",
}


def validator_of(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    """A compiled validator of draft 2020-12 unless the schema names another.

    Nothing is fetched for a `$ref`, patterns match in linear time, `format` is checked.
    Raises jsonschema_rs.ValidationError where the schema itself is wrong.
    """
    return jsonschema_rs.validator_for(
        schema,
        validate_formats=True,
        ignore_unknown_formats=True,
        offline=True,
        pattern_options=jsonschema_rs.RegexOptions(),
        mask="this",
    )


def reasons(validator: jsonschema_rs.Validator, value: Any, *, place: str = "") -> Fields:
    """Why `value` is refused, by field, at most MAX_REASONS of them; empty when it is valid."""
    fields: Fields = {}
    for count, error in enumerate(validator.iter_errors(value)):
        if count == MAX_REASONS:
            break
        for name, reason in _named(error, _path(place, error.instance_path)):
            fields.setdefault(name, []).append(reason)
    return fields


def require_valid(validator: jsonschema_rs.Validator, value: Any, *, what: str) -> None:
    """Raise Invalid naming the fields of `value` that are wrong."""
    fields = reasons(validator, value)
    if fields:
        raise Invalid(f"{what} is not valid.", fields=fields)


def read_time(text: str) -> datetime:
    """An RFC 3339 time with its zone; raises ValueError for another text or an unlikely year."""
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError("a time needs its zone, such as Z or +02:00")
    if not FIRST_YEAR < value.year < LAST_YEAR:
        raise ValueError(f"a time lies between the years {FIRST_YEAR} and {LAST_YEAR}")
    return value


def _named(error: jsonschema_rs.ValidationError, place: str) -> list[tuple[str, str]]:
    kind: Any = error.kind
    if kind.name == "required":
        return [(_path(place, [kind.property]), "This field is required.")]
    if kind.name in ("additionalProperties", "unevaluatedProperties"):
        return [(_path(place, [name]), "There is no such field.") for name in kind.unexpected[:MAX_REASONS]]
    return [(place or "$", _said(kind)[:500])]


def _said(kind: Any) -> str:
    """A refusal of JSON Schema in the words of all other refusals; it never repeats what was sent."""
    if kind.name == "enum":
        return f"One of {', '.join(map(_value, kind.options))}."
    if kind.name == "const":
        return f"Only {_value(kind.expected_value)}."
    if kind.name == "type":
        return f"This takes {' or '.join(sorted(TYPES.get(name, name) for name in kind.types))}."
    if kind.name in BOUNDS:
        one, more = BOUNDS[kind.name]
        return (one if kind.limit == 1 else more).format(kind.limit)
    if kind.name == "propertyNames":
        return f"The name of a field: {_said(kind.error.kind)}"
    words = OTHERS.get(kind.name, "It does not have the right form.")
    return words.format(
        **{name: getattr(kind, name) for name in ("format", "pattern", "multiple_of") if hasattr(kind, name)}
    )


def _value(option: Any) -> str:
    return option if isinstance(option, str) and option else json.dumps(option)


def _path(place: str, parts: Any) -> str:
    for part in parts:
        dot = "." if place else ""
        place += f"[{part}]" if isinstance(part, int) else f"{dot}{part}"
    return place[:200]

"""What a rule may name, and of which type it is: read from a case type's JSON Schema and its labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

MAX_SCHEMA_DEPTH = 16


class Kind(StrEnum):
    """The types of CEL that rules meet; `any` is what the schema leaves open."""

    BOOL = "true or false"
    INT = "a whole number"
    DOUBLE = "a number"
    TEXT = "text"
    NULL = "null"
    TIMESTAMP = "a time"
    DURATION = "a duration"
    LIST = "a list"
    RECORD = "an object"
    ANY = "anything"


@dataclass(frozen=True, slots=True)
class Type:
    """A type: `values` closes a text, `item` types a list, `fields` and `rest` an object.

    `rest` is the type of fields that are not named; None means that there are no others.
    """

    kind: Kind
    nullable: bool = False
    values: frozenset[str] | None = None
    item: "Type | None" = None
    fields: "Mapping[str, Field]" = field(default_factory=dict)
    rest: "Type | None" = None

    @property
    def numeric(self) -> bool:
        """Whether it counts or measures."""
        return self.kind in (Kind.INT, Kind.DOUBLE)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object; one that is not required may be absent."""

    type: Type
    required: bool


ANY = Type(Kind.ANY, nullable=False)
BOOL, INT, DOUBLE, TEXT = Type(Kind.BOOL), Type(Kind.INT), Type(Kind.DOUBLE), Type(Kind.TEXT)
NULL, TIMESTAMP, DURATION = Type(Kind.NULL), Type(Kind.TIMESTAMP), Type(Kind.DURATION)

# Facts of the case itself beside its payload; a payload field of the same name hides them.
CASE_FIELDS: Mapping[str, Field] = {
    "importance": Field(DOUBLE, required=True),
    "priority": Field(INT, required=True),
    "due_at": Field(replace(TIMESTAMP, nullable=True), required=True),
    "created_at": Field(TIMESTAMP, required=True),
}

_BY_NAME = {
    "boolean": Kind.BOOL,
    "integer": Kind.INT,
    "number": Kind.DOUBLE,
    "string": Kind.TEXT,
    "null": Kind.NULL,
    "array": Kind.LIST,
    "object": Kind.RECORD,
}


def environment(payload_schema: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Field]:
    """What `case`, `model` and `now` are, for one case type."""
    payload = from_schema(payload_schema)
    case = replace(payload, kind=Kind.RECORD, nullable=False, fields={**CASE_FIELDS, **payload.fields})
    known = frozenset(labels)
    model = {
        "label": Field(Type(Kind.TEXT, values=known), required=True),
        "confidence": Field(DOUBLE, required=True),
        "margin": Field(DOUBLE, required=True),
        "probabilities": Field(
            Type(Kind.RECORD, fields={label: Field(DOUBLE, required=True) for label in labels}), required=True
        ),
    }
    return {
        "case": Field(case, required=True),
        "model": Field(Type(Kind.RECORD, fields=model), required=True),
        "now": Field(TIMESTAMP, required=True),
    }


def from_schema(schema: Any, *, root: Mapping[str, Any] | None = None, depth: int = 0) -> Type:
    """The type that a JSON Schema (2020-12) describes; what it leaves open is `any`."""
    root = schema if root is None and isinstance(schema, Mapping) else (root or {})
    if not isinstance(schema, Mapping) or depth > MAX_SCHEMA_DEPTH:
        return ANY
    if "$ref" in schema:
        return from_schema(_resolve(str(schema["$ref"]), root), root=root, depth=depth + 1)
    if any(word in schema for word in ("anyOf", "oneOf", "allOf", "not", "if")) and "type" not in schema:
        return ANY
    closed = schema.get("enum", [schema["const"]] if "const" in schema else None)
    kinds = _kinds(schema.get("type"), closed)
    nullable = Kind.NULL in kinds
    kinds = kinds - {Kind.NULL}
    if kinds == {Kind.INT, Kind.DOUBLE}:
        kinds = {Kind.DOUBLE}
    if len(kinds) == 1:
        return _single(kinds.pop(), schema, closed, nullable=nullable, root=root, depth=depth)
    return NULL if nullable and not kinds else ANY


def _single(
    kind: Kind,
    schema: Mapping[str, Any],
    closed: Sequence[Any] | None,
    *,
    nullable: bool,
    root: Mapping[str, Any],
    depth: int,
) -> Type:
    if kind is Kind.TEXT and closed is not None:
        return Type(kind, nullable, values=frozenset(value for value in closed if isinstance(value, str)))
    if kind is Kind.LIST:
        return Type(kind, nullable, item=from_schema(schema.get("items", {}), root=root, depth=depth + 1))
    if kind is Kind.RECORD:
        return _record(schema, nullable, root, depth)
    return Type(kind, nullable)


def _record(schema: Mapping[str, Any], nullable: bool, root: Mapping[str, Any], depth: int) -> Type:
    required = set(schema.get("required", ()))
    fields = {
        name: Field(from_schema(part, root=root, depth=depth + 1), required=name in required)
        for name, part in schema.get("properties", {}).items()
    }
    others = schema.get("additionalProperties", schema.get("unevaluatedProperties", True))
    rest = None if others is False else from_schema(others, root=root, depth=depth + 1)
    return Type(Kind.RECORD, nullable, fields=fields, rest=rest)


def _kinds(declared: Any, closed: Sequence[Any] | None) -> set[Kind]:
    if declared is None:
        return {_kind_of(value) for value in closed} if closed is not None else set(_BY_NAME.values())
    names = [declared] if isinstance(declared, str) else declared
    return {_BY_NAME[name] for name in names if name in _BY_NAME}


def _kind_of(value: Any) -> Kind:
    by_type = {bool: Kind.BOOL, int: Kind.INT, float: Kind.DOUBLE, str: Kind.TEXT, list: Kind.LIST}
    return Kind.NULL if value is None else by_type.get(type(value), Kind.RECORD)


def _resolve(reference: str, root: Mapping[str, Any]) -> Any:
    if not reference.startswith("#"):
        return {}
    found: Any = root
    for step in reference.removeprefix("#").split("/")[1:]:
        found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
    return found

"""One submission, from JSON text to what is stored: the same path for one case and for a million lines."""

import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any

import jsonschema_rs

from cases.definitions import attributes_validator
from cases.models import CaseTypeVersion
from cases.payloads import canonical_payload
from cases.schemas import LINE
from cases.validation import Fields, read_time, reasons, validator_of
from hitl_platform.kernel.errors import Invalid

MAX_FACET_TEXT = 200
FacetValue = str | float | datetime
_LINE = validator_of(LINE)


@dataclass(frozen=True, slots=True)
class Intake:
    """What a submission under one version of a case type must satisfy, compiled once."""

    payload: jsonschema_rs.Validator
    attributes: jsonschema_rs.Validator
    facets: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Submission:
    """A valid submission. `payload` and `attributes` are RFC 8785 bytes; `facets` maps keys to values."""

    external_id: str
    payload: bytes
    attributes: bytes | None
    importance: float
    due_at: datetime | None
    subject_ref: str
    facets: dict[str, FacetValue]


@lru_cache(maxsize=256)
def intake_of(version: CaseTypeVersion) -> Intake:
    """The compiled checks of a version; versions are immutable, and equal by their id."""
    return Intake(
        payload=validator_of(version.payload_schema),
        attributes=attributes_validator(version.attributes_schema),
        facets=tuple((facet["key"], facet["type"]) for facet in version.facets),
    )


def read_submission(raw: Any, *, intake: Intake) -> Submission:
    """The submission that `raw`, a value from strict_json (the schema LINE), is; raises Invalid naming fields."""
    if not (_LINE.is_valid(raw) and intake.payload.is_valid(raw["payload"])):
        raise _invalid(reasons(_LINE, raw) or reasons(intake.payload, raw["payload"], place="payload"))
    attributes = raw.get("attributes")
    if attributes and not intake.attributes.is_valid(attributes):
        raise _invalid(reasons(intake.attributes, attributes, place="attributes"))
    fields: Fields = {}
    for name in ("external_id", "subject_ref"):
        flaw = _flaw(raw.get(name, ""))
        if flaw:
            fields[name] = [flaw]
    due_at = _due_at(raw, fields)
    facets = _facets(raw["payload"], intake, fields) if intake.facets else {}
    if fields:
        raise _invalid(fields)
    return Submission(
        external_id=raw["external_id"],
        payload=canonical_payload(raw["payload"]),
        attributes=canonical_payload(attributes) if attributes else None,
        importance=raw.get("importance", 1),
        due_at=due_at,
        subject_ref=raw.get("subject_ref", ""),
        facets=facets,
    )


def _invalid(fields: Fields) -> Invalid:
    return Invalid("The submission is not valid.", fields=fields)


def _flaw(identifier: str) -> str | None:
    """Why a text cannot name a thing: two that look alike must be one, and none may hide or turn others."""
    if identifier.isascii() and identifier.isprintable() and identifier.strip() == identifier:
        return None
    if not identifier.isprintable() or identifier.strip() != identifier:
        return "It must not contain invisible characters, nor begin or end with a space."
    if not unicodedata.is_normalized("NFC", identifier):
        return "It must be in Unicode's composed form (NFC)."
    return None


def _due_at(raw: dict[str, Any], fields: Fields) -> datetime | None:
    if "due_at" not in raw:
        return None
    try:
        return read_time(raw["due_at"])
    except ValueError as error:
        fields["due_at"] = [f"This is no time: {error}."]
        return None


def _facets(payload: dict[str, Any], intake: Intake, fields: Fields) -> dict[str, FacetValue]:
    values: dict[str, FacetValue] = {}
    for key, kind in intake.facets:
        value = payload.get(key)
        if value is None:
            continue
        try:
            values[key] = facet_value(value, kind)
        except ValueError as error:
            fields[f"payload.{key}"] = [f"This is a facet: {error}."]
    return values


def facet_value(value: Any, kind: str) -> FacetValue:
    """A payload's value as a facet of `kind` (text, float, time); raises ValueError where it cannot be one."""
    if kind == "float":
        return float(value)
    if kind == "time":
        if len(value) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(value), time(), UTC)
        return read_time(value)
    if len(value) > MAX_FACET_TEXT:
        raise ValueError(f"at most {MAX_FACET_TEXT} characters")
    return str(value)

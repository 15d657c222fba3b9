"""What a version of a case type says, checked as a whole before it is stored.

A definition is data; this module tells whether its parts fit together. Stored, every part is complete:
costs name every pair of labels, and absent parts are empty.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from cases.schemas import REVISION
from cases.validation import Fields, reasons, validator_of
from hitl_platform.kernel.errors import Invalid

# the JSON types from which each type of facet can be read
FACET_SOURCES = {"text": {"string"}, "float": {"number", "integer"}, "time": {"string"}}
_REVISION = validator_of(REVISION)


@dataclass(frozen=True, slots=True)
class Definition:
    """One version's content, as `CaseTypeVersion` stores it."""

    question: str
    payload_schema: dict[str, Any]
    labels: list[dict[str, Any]]
    costs: dict[str, dict[str, float]]
    reason_codes: list[dict[str, Any]]
    layout: dict[str, Any]
    attributes_schema: dict[str, dict[str, Any]]
    facets: list[dict[str, str]]


def read_definition(raw: Any) -> Definition:
    """The complete definition that `raw` (the schema REVISION) describes; raises Invalid naming the fields."""
    fields = reasons(_REVISION, raw)
    if fields:
        raise Invalid("The definition of the case type is not valid.", fields=fields)
    definition = Definition(
        question=raw["question"],
        payload_schema=raw["payload_schema"],
        labels=raw["labels"],
        costs=_complete_costs(raw["labels"], raw.get("costs", {})),
        reason_codes=raw.get("reason_codes", []),
        layout=raw.get("layout", {}),
        attributes_schema=raw.get("attributes_schema", {}),
        facets=raw.get("facets", []),
    )
    fields = _misfits(definition, raw.get("costs", {}))
    if fields:
        raise Invalid("The parts of the case type's definition do not fit together.", fields=fields)
    return definition


def attributes_validator(attributes_schema: Mapping[str, Mapping[str, Any]]) -> jsonschema_rs.Validator:
    """What a case's attributes must satisfy: the named ones and no other, each a text from its list."""
    text = {"type": "string", "minLength": 1, "maxLength": 200}
    properties = {
        name: {"enum": attribute["values"]} if "values" in attribute else text
        for name, attribute in attributes_schema.items()
    }
    return validator_of({"type": "object", "additionalProperties": False, "properties": properties})


def label_keys(labels: Iterable[Mapping[str, Any]]) -> list[str]:
    """The keys of labels, in their order."""
    return [str(label["key"]) for label in labels]


def label_names(labels: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The names of labels, by key."""
    return {label["key"]: label["name"] for label in labels}


def favourable_keys(labels: Iterable[Mapping[str, Any]]) -> list[str]:
    """The keys of the labels that give the case's subject what is asked for."""
    return [str(label["key"]) for label in labels if label.get("favourable")]


def _complete_costs(
    labels: list[dict[str, Any]], given: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    keys = label_keys(labels)
    return {
        truth: {decided: given.get(truth, {}).get(decided, float(truth != decided)) for decided in keys}
        for truth in keys
    }


def _misfits(definition: Definition, given_costs: Mapping[str, Mapping[str, float]]) -> Fields:
    fields = _schema_misfits(definition.payload_schema)
    if fields:
        return fields
    properties = definition.payload_schema["properties"]
    fields |= _repeated("labels", "key", definition.labels)
    fields |= _repeated("labels", "shortcut", definition.labels)
    fields |= _repeated("reason_codes", "key", definition.reason_codes)
    fields |= _repeated("facets", "key", definition.facets)
    fields |= _label_misfits(definition, given_costs)
    for name in set(definition.attributes_schema) & set(properties):
        fields[f"attributes_schema.{name}"] = ["A protected attribute must not be a property of the payload."]
    for at, facet in enumerate(definition.facets):
        fields |= _facet_misfit(f"facets[{at}]", facet, properties)
    for at, section in enumerate(definition.layout.get("sections", [])):
        fields |= _section_misfits(f"layout.sections[{at}]", section, properties)
    return fields


def _section_misfits(place: str, section: Mapping[str, Any], properties: Mapping[str, Any]) -> Fields:
    fields: Fields = {}
    for nth, field in enumerate(section["fields"]):
        for name in ("key", "highlights"):
            if name in field and field[name] not in properties:
                fields[f"{place}.fields[{nth}].{name}"] = ["The payload schema has no such property."]
    if section.get("style") == "compare" and len(section["fields"]) != 2:
        fields[f"{place}.fields"] = ["A comparison has two fields: before and after."]
    return fields


def _label_misfits(definition: Definition, given_costs: Mapping[str, Mapping[str, float]]) -> Fields:
    fields: Fields = {}
    known = set(label_keys(definition.labels))
    for truth, row in given_costs.items():
        for key in {truth, *row} - known:
            fields[f"costs.{truth}"] = [f"There is no label {key!r}."]
        if row.get(truth, 0) != 0:
            fields[f"costs.{truth}.{truth}"] = ["The right answer costs nothing: leave it out or give 0."]
    for at, code in enumerate(definition.reason_codes):
        for key in set(code.get("labels", [])) - known:
            fields[f"reason_codes[{at}].labels"] = [f"There is no label {key!r}."]
    return fields


def _schema_misfits(schema: dict[str, Any]) -> Fields:
    try:
        validator_of(schema)
    except jsonschema_rs.ValidationError as error:
        place = ".".join(["payload_schema", *map(str, error.instance_path)])
        return {place: [error.message[:500]]}
    except ValueError as error:
        return {"payload_schema": [str(error)[:500]]}
    if schema.get("type") != "object" or not isinstance(schema.get("properties"), dict):
        return {"payload_schema": ['It must describe an object: "type": "object" with "properties".']}
    return {}


def _facet_misfit(place: str, facet: Mapping[str, str], properties: Mapping[str, Any]) -> Fields:
    source = properties.get(facet["key"])
    if not isinstance(source, dict):
        return {f"{place}.key": ["The payload schema has no such property."]}
    types = source.get("type", [])
    named = {types} if isinstance(types, str) else set(types)
    if not named or not named <= FACET_SOURCES[facet["type"]] | {"null"}:
        wanted = " or ".join(sorted(FACET_SOURCES[facet["type"]]))
        return {f"{place}.type": [f"A {facet['type']} facet is read from a property of type {wanted}."]}
    if facet["type"] == "time" and source.get("format") not in ("date", "date-time"):
        return {f"{place}.type": ['A time facet is read from a property of format "date" or "date-time".']}
    return {}


def _repeated(part: str, name: str, items: list[dict[str, Any]]) -> Fields:
    fields: Fields = {}
    seen: set[Any] = set()
    for at, item in enumerate(items):
        if name in item and item[name] in seen:
            fields[f"{part}[{at}].{name}"] = [f"{item[name]!r} stands here twice."]
        seen.add(item.get(name))
    return fields

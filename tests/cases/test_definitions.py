from typing import Any

import pytest

from cases.definitions import read_definition
from hitl_platform.kernel.errors import Invalid
from tests.cases.loans import LOAN, loan_definition


def test_a_definition_is_completed() -> None:
    definition = read_definition(loan_definition())
    assert definition.costs == {
        "approve": {"approve": 0.0, "decline": 1.0},
        "decline": {"approve": 5, "decline": 0.0},
    }


def test_the_least_definition_has_empty_parts() -> None:
    schema = {"type": "object", "properties": {}}
    definition = read_definition({"question": "?", "payload_schema": schema, "labels": LOAN["labels"]})
    assert (definition.facets, definition.reason_codes, definition.layout) == ([], [], {})
    assert definition.costs["approve"] == {"approve": 0.0, "decline": 1.0}


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


APPROVE, DECLINE = LOAN["labels"]
MISFITS: dict[str, tuple[dict[str, Any], str]] = {
    "no labels": ({"labels": []}, "labels"),
    "one label": ({"labels": [APPROVE]}, "labels"),
    "a label twice": ({"labels": [APPROVE, DECLINE, APPROVE | {"shortcut": "9"}]}, "labels[2].key"),
    "a shortcut twice": ({"labels": [APPROVE, DECLINE | {"shortcut": "1"}]}, "labels[1].shortcut"),
    "a label of capitals": ({"labels": [APPROVE, DECLINE | {"key": "NO"}]}, "labels[1].key"),
    "a label without a name": ({"labels": [APPROVE, {"key": "decline"}]}, "labels[1].name"),
    "costs of an unknown label": ({"costs": {"decline": {"defer": 2}}}, "costs.decline"),
    "costs of an unknown truth": ({"costs": {"defer": {"decline": 2}}}, "costs.defer"),
    "a negative cost": ({"costs": {"decline": {"approve": -1}}}, "costs.decline.approve"),
    "a cost of being right": ({"costs": {"decline": {"decline": 1}}}, "costs.decline.decline"),
    "a reason of an unknown label": (
        {"reason_codes": [{"key": "x", "name": "X", "labels": ["defer"]}]},
        "reason_codes[0].labels",
    ),
    "a facet of nothing": ({"facets": [{"key": "colour", "type": "text"}]}, "facets[0].key"),
    "a facet of another type": ({"facets": [{"key": "amount", "type": "text"}]}, "facets[0].type"),
    "a time facet of any text": ({"facets": [{"key": "note", "type": "time"}]}, "facets[0].type"),
    "a facet of a list": ({"facets": [{"key": "history", "type": "text"}]}, "facets[0].type"),
    "a facet twice": (
        {"facets": [{"key": "note", "type": "text"}, {"key": "note", "type": "text"}]},
        "facets[1].key",
    ),
    "too many facets": ({"facets": [{"key": "note", "type": "text"}] * 9}, "facets"),
    "a layout of nothing": (
        {"layout": {"sections": [{"title": "T", "fields": [{"key": "amount"}, {"key": "colour"}]}]}},
        "layout.sections[0].fields[1].key",
    ),
    "a protected attribute in the payload": (
        {"attributes_schema": {"note": {"title": "Note"}}},
        "attributes_schema.note",
    ),
    "an unknown part": ({"colour": 1}, "colour"),
    "no question": ({"question": ""}, "question"),
    "a schema of no object": ({"payload_schema": {"type": "array"}, "layout": {}, "facets": []}, "payload_schema"),
    "a schema without properties": ({"payload_schema": {"type": "object"}}, "payload_schema"),
    "an unknown JSON type": (
        {"payload_schema": schema(amount={"type": "money"})},
        "payload_schema.properties.amount.type",
    ),
    "a schema from elsewhere": (
        {"payload_schema": schema(amount={"$ref": "https://example.org/x.json"})},
        "payload_schema",
    ),
    "a schema from a file": ({"payload_schema": schema(amount={"$ref": "file:///etc/passwd"})}, "payload_schema"),
    "an unknown draft": ({"payload_schema": schema() | {"$schema": "https://example.org/draft"}}, "payload_schema"),
    "a pattern that looks ahead": (
        {"payload_schema": schema(amount={"type": "string", "pattern": "(?=a)"})},
        "payload_schema",
    ),
    "a pattern that is none": ({"payload_schema": schema(amount={"type": "string", "pattern": "("})}, "payload_schema"),
    "a pattern past all bounds": (
        {"payload_schema": schema(amount={"type": "string", "pattern": "((((a{99}){99}){99}){99}){99}"})},
        "payload_schema",
    ),
}


@pytest.mark.parametrize("name", MISFITS)
def test_what_does_not_fit_is_named(name: str) -> None:
    changes, place = MISFITS[name]
    with pytest.raises(Invalid) as refused:
        read_definition(loan_definition(**changes))
    assert any(field.startswith(place) for field in refused.value.fields), refused.value.fields


@pytest.mark.parametrize("raw", [None, [], 1, "loan", {}])
def test_what_is_no_definition_is_refused(raw: object) -> None:
    with pytest.raises(Invalid):
        read_definition(raw)

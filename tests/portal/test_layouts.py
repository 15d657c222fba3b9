"""A payload as a page: what the layout names in its order, what it does not name folded, all of it text."""

from typing import Any

import jsonschema_rs
import pytest

from cases.layouts import Block, headline, lay_out, shown
from cases.schemas import LAYOUT as LAYOUT_SCHEMA

PAYLOAD: dict[str, Any] = {
    "amount": 14200,
    "purpose": "A41",
    "statement": "word " * 60,
    "past": [{"year": 2019, "paid": True}, {"year": 2021}],
    "employer": {"name": "Initech"},
}
SCHEMA = {
    "properties": {
        "amount": {"title": "Amount asked for"},
        "purpose": {"oneOf": [{"const": "A40", "title": "New car"}, {"const": "A41", "title": "Used car"}]},
        "born": {"type": "string", "format": "date"},
        "past": {"items": {"required": ["year"], "properties": {"paid": {"title": "Paid back"}, "year": {}}}},
    }
}
LAYOUT = {
    "sections": [
        {"title": "Key figures", "style": "figures", "fields": [{"key": "amount", "unit": "€"}]},
        {"title": "Applicant", "fields": [{"key": "purpose"}, {"key": "guarantor", "title": "Vouched for by"}]},
        {"title": "History", "fields": [{"key": "past"}]},
    ]
}


def blocks_of(layout: dict[str, Any], payload: dict[str, Any] = PAYLOAD) -> list[Block]:
    return lay_out(layout, payload=payload, schema=SCHEMA)


def test_the_example_is_a_layout() -> None:
    assert jsonschema_rs.validator_for(LAYOUT_SCHEMA).is_valid(LAYOUT)


def test_blocks_come_in_the_layouts_order_and_the_rest_is_folded() -> None:
    blocks = blocks_of(LAYOUT)
    assert [block.kind for block in blocks] == ["figures", "fields", "table", "rest"]
    assert [entry.title for entry in blocks[-1].entries] == ["Statement", "Employer"]


def test_a_missing_value_is_said_to_be_missing() -> None:
    guarantor = blocks_of(LAYOUT)[1].entries[1]
    assert (guarantor.title, guarantor.value, guarantor.missing) == ("Vouched for by", "Not given", True)


def test_titles_come_from_layout_then_schema_then_name() -> None:
    fields = [{"key": "amount"}, {"key": "purpose", "title": "Use"}, {"key": "other_debtors"}]
    entries = blocks_of({"sections": [{"title": "All", "fields": fields}]})[0].entries
    assert [entry.title for entry in entries] == ["Amount asked for", "Use", "Other debtors"]


def test_a_code_is_shown_by_its_meaning() -> None:
    assert blocks_of(LAYOUT)[1].entries[0].value == "Used car"


def test_a_table_has_the_required_columns_first_and_knows_which_are_numbers() -> None:
    table = blocks_of(LAYOUT)[2]
    assert [(column.title, column.number) for column in table.columns] == [("Year", True), ("Paid back", False)]
    assert [entry.value for entry in table.rows[1]] == ["2021", "Not given"]


def test_long_text_stands_by_itself() -> None:
    kinds = [block.kind for block in blocks_of({"sections": [{"title": "All", "fields": [{"key": "statement"}]}]})]
    assert kinds == ["text", "rest"]


def test_a_type_without_layout_shows_everything() -> None:
    assert [block.kind for block in blocks_of({})] == ["fields", "table", "text"]


def test_headline_is_the_first_figure() -> None:
    assert headline(LAYOUT, payload=PAYLOAD, schema=SCHEMA) == "14\u202f200 €"
    assert headline({}, payload=PAYLOAD, schema=SCHEMA) == ""


@pytest.mark.parametrize(
    ("value", "style", "text"),
    [
        (1234, "", "1234"), (12345, "", "12\u202f345"), (-12345, "", "-12\u202f345"), (17.99, "", "17.99"),
        (0.1 + 0.2, "", "0.3"), (1e20, "", "1e+20"), (12345.5, "money", "12\u202f345.50"), (0.125, "percent", "12.5 %"),
        (1, "yes_no", "Yes"), (True, "", "Yes"), (False, "number", "No"), ([1, "a"], "", "1, a"), ("<b>", "", "<b>"),
        ("2025-03-07", "date", "7 March 2025"), ("soon", "date", "soon"),
        ("2025-03-07T14:02:00Z", "time", "7 March 2025, 14:02 UTC"), ({"a": 1}, "", '{\n "a": 1\n}'),
    ],
)  # fmt: skip
def test_values_as_people_read_them(value: object, style: str, text: str) -> None:
    assert shown(value, style=style) == text

"""A payload as a page: what the layout names in its order, what it does not name folded, all of it text."""

import jsonschema_rs
import pytest

from cases.layouts import LAYOUT_SCHEMA, Block, case_title, lay_out, shown

PAYLOAD = {
    "amount": 14200,
    "purpose": "A41",
    "statement": "word " * 60,
    "past": [{"year": 2019, "paid": True}, {"year": 2021}],
    "employer": {"name": "Initech"},
}
LAYOUT = {
    "title": [{"field": "purpose", "values": {"A41": "Used car"}}, {"field": "amount", "unit": "€"}],
    "blocks": [
        {"type": "figures", "title": "Key figures", "fields": [{"field": "amount", "unit": "€"}]},
        {"type": "fields", "fields": ["/employer/name", "guarantor"]},
        {"type": "table", "field": "past", "columns": ["year", "paid"]},
    ],
}


def test_blocks_come_in_the_layouts_order_and_the_rest_is_folded() -> None:
    blocks = lay_out(LAYOUT, payload=PAYLOAD, schema={})
    assert [block.kind for block in blocks] == ["figures", "fields", "table", "rest"]
    assert [entry.title for entry in blocks[-1].entries] == ["Purpose", "Statement"]


def test_rest_can_be_left_out() -> None:
    blocks = lay_out({**LAYOUT, "rest": False}, payload=PAYLOAD, schema={})
    assert "rest" not in [block.kind for block in blocks]


def test_a_missing_value_is_said_to_be_missing() -> None:
    guarantor = lay_out(LAYOUT, payload=PAYLOAD, schema={})[1].entries[1]
    assert (guarantor.value, guarantor.missing) == ("Not given", True)


def test_pointers_reach_into_objects_and_lists() -> None:
    layout = {"blocks": [{"type": "fields", "fields": ["/past/1/year", "/past/9/year", "/employer/name"]}]}
    values = [entry.value for entry in lay_out(layout, payload=PAYLOAD, schema={})[0].entries]
    assert values == ["2021", "Not given", "Initech"]


def test_titles_come_from_layout_then_schema_then_name() -> None:
    schema = {"properties": {"amount": {"title": "Amount asked for"}}}
    layout = {
        "blocks": [{"type": "fields", "fields": ["amount", {"field": "purpose", "title": "Use"}, "other_debtors"]}]
    }
    titles = [entry.title for entry in lay_out(layout, payload=PAYLOAD, schema=schema)[0].entries]
    assert titles == ["Amount asked for", "Use", "Other debtors"]


def test_a_type_without_layout_shows_everything() -> None:
    blocks = lay_out({}, payload=PAYLOAD, schema={})
    assert [block.kind for block in blocks] == ["fields", "text", "table"]
    table = blocks[2]
    assert [column.title for column in table.columns] == ["Year", "Paid"]
    assert [column.number for column in table.columns] == [True, False]
    assert table.rows[1][1].missing


def test_a_key_that_looks_like_a_pointer_is_found() -> None:
    assert _only_values(lay_out({}, payload={"/etc": "x", "~": "y"}, schema={})) == ["x", "y"]


def test_title_in_one_line() -> None:
    assert case_title(LAYOUT, payload=PAYLOAD) == "Used car, 14\u202f200 €"
    assert case_title({}, payload=PAYLOAD) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234, "1234"), (12345, "12\u202f345"), (-12345, "-12\u202f345"), (17.99, "17.99"), (0.1 + 0.2, "0.3"),
        (True, "Yes"), (False, "No"), (None, "Not given"), ([1, "a"], "1, a"), ("<b>", "<b>"), (1e20, "1e+20"),
    ],
)  # fmt: skip
def test_values_as_people_read_them(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize("layout", [{}, LAYOUT, {"rest": False}])
def test_the_schema_takes_what_the_layout_knows(layout: object) -> None:
    assert jsonschema_rs.validator_for(LAYOUT_SCHEMA).is_valid(layout)


@pytest.mark.parametrize(
    "layout",
    [{"blocks": [{"type": "html", "field": "x"}]}, {"blocks": [{"type": "figures"}]}, {"page": 1}, []],
)
def test_the_schema_refuses_what_no_page_can_show(layout: object) -> None:
    assert not jsonschema_rs.validator_for(LAYOUT_SCHEMA).is_valid(layout)


def _only_values(blocks: list[Block]) -> list[str]:
    return [entry.value for block in blocks for entry in block.entries]

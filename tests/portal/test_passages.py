"""Texts in passages, and layouts of conversations, comparisons and files."""

from typing import Any

import jsonschema_rs
import pytest

from cases.layouts import Block, File, lay_out
from cases.passages import Passage, compared, highlighted, readable
from cases.schemas import LAYOUT

SCHEMA: dict[str, Any] = {"properties": {"scan": {"title": "Scan"}}}
THREAD = [{"from": "Ann", "text": "Hello\r\nthere", "at": "2025-03-07T14:02:00Z"}, {"from": "Ben", "text": "Yes"}, "?"]


def block_of(field: dict[str, Any], payload: dict[str, Any], *, style: str = "evidence", **more: Any) -> Block:
    layout = {"sections": [{"title": "Part", "style": style, "fields": [field]}]}
    assert jsonschema_rs.validator_for(LAYOUT).is_valid(layout)
    return lay_out(layout, payload=payload, schema=SCHEMA, **more)[0]


def test_highlights_split_the_text_and_the_first_of_two_that_overlap_has_it() -> None:
    marks = [{"start": 4, "end": 9, "title": "sum"}, {"start": 7, "end": 12}, {"start": 3, "end": 900}, "x", {}]
    passages = highlighted("pay 1,000 now or never", marks)
    assert "".join(passage.text for passage in passages) == "pay 1,000 now or never"
    assert [(p.text, p.said) for p in passages if p.marked] == [("1,000", "sum"), (" no", "")]


def test_no_marks_is_one_passage_and_no_text_is_none() -> None:
    assert highlighted("text", []) == (Passage("text"),)
    assert highlighted("", [{"start": 0, "end": 1}]) == ()


def test_what_differs_is_marked_on_both_sides() -> None:
    before, after = compared("The red car", "The blue car")
    assert [p.text for p in before if p.marked] == ["red"]
    assert [p.text for p in after if p.marked] == ["blue"]
    assert "".join(p.text for p in after) == "The blue car"


def test_very_long_texts_are_compared_as_wholes() -> None:
    before, after = compared("a b " * 3000, "a c " * 3000)
    assert (len(before), before[0].marked, after[0].marked) == (1, True, True)


def test_line_ends_are_one_character_as_in_a_page() -> None:
    assert readable("a\r\nb\rc\n") == "a\nb\nc\n"


def test_a_conversation_knows_who_said_what() -> None:
    block = block_of({"key": "thread", "format": "conversation"}, {"thread": THREAD})
    told = [(m.item, m.author, m.text, m.side) for m in block.messages]
    assert told == [(0, "Ann", "Hello\nthere", 0), (1, "Ben", "Yes", 1), (2, "", "?", 1)]
    assert block.messages[0].at == "7 March 2025, 14:02 UTC"


@pytest.mark.parametrize(("count", "shown", "hidden"), [(0, 0, 0), (100, 100, 0), (1000, 100, 900)])
def test_long_lists_are_cut_and_say_so(count: int, shown: int, hidden: int) -> None:
    thread = block_of({"key": "thread", "format": "conversation"}, {"thread": [{"text": "x"}] * count})
    assert (len(thread.messages), thread.hidden_items) == (shown, hidden)
    table = block_of({"key": "rows", "format": "table"}, {"rows": [{"n": 1}] * count})
    assert (len(table.rows), table.hidden_items) == (shown, hidden)
    whole = block_of({"key": "rows"}, {"rows": [{"n": 1}] * max(count, 1)}, most=5_000)
    assert (len(whole.rows), whole.hidden_items) == (max(count, 1), 0)


def test_objects_are_compared_by_their_keys_and_texts_by_their_words() -> None:
    layout = {"sections": [{"title": "Change", "style": "compare", "fields": [{"key": "old"}, {"key": "new"}]}]}
    assert jsonschema_rs.validator_for(LAYOUT).is_valid(layout)
    payload = {"old": {"a": 1, "b": 2}, "new": {"a": 1, "b": 3, "c": 4}}
    (block,) = lay_out(layout, payload=payload, schema={})
    told = [(pair.title, pair.before, pair.after, pair.changed) for pair in block.pairs]
    assert told == [("A", "1", "1", False), ("B", "2", "3", True), ("C", "Not given", "4", True)]
    (words,) = lay_out(layout, payload={"old": "one two", "new": "one three"}, schema={})
    assert [[p.text for p in side if p.marked] for side in words.sides] == [["two"], ["three"]]
    (nothing,) = lay_out(layout, payload={}, schema={})
    assert nothing.sides == ((Passage("Not given"),), (Passage("Not given"),))


def test_files_are_found_by_name_and_a_missing_one_is_said_to_be_missing() -> None:
    files = {"a.png": File("a.png", "/files/1", "image/png"), "b.pdf": File("b.pdf", "/files/2", "application/pdf")}
    block = block_of({"key": "scan", "format": "image"}, {"scan": ["a.png", "b.pdf", "gone.png"]}, files=files)
    told = [(file.name, file.item, file.url, file.is_image) for file in block.files]
    assert told == [("a.png", 0, "/files/1", True), ("b.pdf", 1, "/files/2", False), ("gone.png", 2, "", False)]
    one = block_of({"key": "scan", "format": "image"}, {"scan": "a.png"}, files=files)
    assert [(file.item, one.field) for file in one.files] == [(None, "scan")]
    assert block_of({"key": "scan", "format": "image"}, {}).missing
    assert not [b for b in lay_out({}, payload={"scan": "a.png"}, schema=SCHEMA) if b.kind == "image"]


def test_what_only_highlights_is_no_other_field() -> None:
    layout = {"sections": [{"title": "T", "style": "text", "fields": [{"key": "said", "highlights": "spots"}]}]}
    payload = {"said": "one two", "spots": [{"start": 4, "end": 7}]}
    (block,) = lay_out(layout, payload=payload, schema={})
    assert [passage.text for passage in block.passages if passage.marked] == ["two"]

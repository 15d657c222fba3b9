import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_platform.kernel.errors import Invalid, TooLarge
from hitl_platform.kernel.strict_json import MAX_NUMBER, loads

numbers = st.integers(-MAX_NUMBER, MAX_NUMBER) | st.floats(-MAX_NUMBER, MAX_NUMBER)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=30,
)


def read(text: str | bytes) -> Any:
    return loads(text.encode() if isinstance(text, str) else text, max_bytes=1_000_000)


@given(values, st.booleans())
def test_every_strict_document_is_read_as_the_standard_library_reads_it(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert read(text) == json.loads(text)


@given(values)
def test_integral_numbers_are_integers_and_others_are_not(value: Any) -> None:
    def check(item: Any) -> None:
        if isinstance(item, float):
            assert not item.is_integer()
        for inner in item.values() if isinstance(item, dict) else item if isinstance(item, list) else ():
            check(inner)

    check(read(json.dumps(value)))


@given(st.dictionaries(texts, values, min_size=1, max_size=6), st.data())
def test_a_key_that_stands_twice_is_refused_wherever_it_stands(members: dict[str, Any], data: st.DataObject) -> None:
    pairs = [(json.dumps(key), json.dumps(value)) for key, value in members.items()]
    again = data.draw(st.sampled_from(pairs))
    twice = [*pairs, again]
    text = "{" + ",".join(f"{key}:{value}" for key, value in data.draw(st.permutations(twice))) + "}"
    with pytest.raises(Invalid) as refused:
        read(f'[{{"outer": {text}}}]')
    assert refused.value.code == "duplicate_key"
    assert set(refused.value.fields) == {f"[0].outer.{json.loads(again[0])}"}


HOSTILE = {
    "NaN": ("[NaN]", "not_json"),
    "Infinity": ("[-Infinity]", "not_json"),
    "1e999": ("[1e999]", "not_json"),
    "1e100000": ("[1e100000]", "not_json"),
    "10**30": ("[1000000000000000000000000000000]", "huge_number"),
    "10**30 as a float": ("[1e30]", "huge_number"),
    "2**53": ("[9007199254740992]", "huge_number"),
    "2**63 and a bit": ("[9223372036854775809]", "huge_number"),
    "5,000 digits": ("[" + "9" * 5_000 + "]", "not_json"),
    "U+0000 in a text": ('{"a": ["\\u0000"]}', "nul_character"),
    "U+0000 in a key": ('{"a\\u0000": 1}', "nul_character"),
    "a raw U+0000": ('["\0"]', "not_json"),
    "a lone surrogate": ('["\\ud800"]', "not_json"),
    "a lone low surrogate": ('["\\udc00x"]', "not_json"),
    "a surrogate in UTF-8": (b'["\xed\xa0\x80"]', "not_json"),
    "a duplicate key": ('{"a": 1, "b": {"x": 1, "x": 2}}', "duplicate_key"),
    "a duplicate key, escaped": ('{"a": 1, "\\u0061": 2}', "duplicate_key"),
    "a duplicate key beside colons in texts": ('{"a:": ":", "a:": "\\":"}', "duplicate_key"),
    "depth 101": ("[" * 101 + "]" * 101, "too_deep"),
    "depth 33": ('{"a":' * 33 + "1" + "}" * 33, "too_deep"),
    "depth 100,000": ("[" * 100_000, "not_json"),
    "too many keys": ("{" + ",".join(f'"{n}": 1' for n in range(10_001)) + "}", "too_many_keys"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "not_json"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "not_json"),
    "full-width digits": ("[１２]", "not_json"),  # noqa: RUF001  that is the point
    "Latin-1": (b'["\xe9"]', "not_json"),
    "nothing": ("", "not_json"),
    "blanks": (" \n", "not_json"),
    "two documents": ("{}{}", "not_json"),
    "a trailing comma": ('{"a": 1,}', "not_json"),
    "a comment": ("{} // x", "not_json"),
    "single quotes": ("{'a': 1}", "not_json"),
    "a leading zero": ("[01]", "not_json"),
    "a raw newline": ('["a\nb"]', "not_json"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_are_refused_with_their_reason(name: str) -> None:
    text, code = HOSTILE[name]
    with pytest.raises(Invalid) as refused:
        read(text)
    assert refused.value.code == code


def test_depth_32_emoji_and_underflow_are_accepted() -> None:
    assert read("[" * 32 + "]" * 32)
    assert read('"\\ud83d\\ude00 😀"') == "😀 😀"
    assert read("1e-400") == 0
    assert read('"\\\\u0000"') == "\\u0000"


@pytest.mark.parametrize(("text", "value"), [("1.0", 1), ("1e2", 100), ("-0.0", 0), ("-0", 0), ("0.5", 0.5)])
def test_one_number_has_one_form(text: str, value: float) -> None:
    read_value = read(text)
    assert read_value == value
    assert type(read_value) is type(value)
    assert math.copysign(1, read_value) == 1


def test_the_place_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        read('{"a": [{"b": 1}, {"b": 1e300}]}')
    assert list(refused.value.fields) == ["a[1].b"]
    with pytest.raises(Invalid) as refused:
        read('{"a": [1, {"b": "x\\u0000"}]}')
    assert list(refused.value.fields) == ["a[1].b"]
    with pytest.raises(Invalid, match="line 2 column 6"):
        read('{\n"a": oops}')


def test_size_is_looked_at_before_content() -> None:
    with pytest.raises(TooLarge):
        loads(b"[" * 11, max_bytes=10)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"payload": {"amount": 1, "amount": 2}}', "payload.amount"),
        ('{"a": [{"b": 1}, {"b": 1, "c": {}, "b": 2}]}', "a[1].b"),
        ('{"a": 1, "\\u0061": 2}', "a"),
    ],
)
def test_a_duplicate_key_is_named_with_its_place(text: str, place: str) -> None:
    with pytest.raises(Invalid) as refused:
        loads(text.encode(), max_bytes=1_000)
    assert set(refused.value.fields) == {place}


def test_bytes_that_are_no_utf_8_are_said_to_be_so() -> None:
    with pytest.raises(Invalid, match=r"not UTF-8.*byte 7") as refused:
        loads(b'{"a": \xff}', max_bytes=1_000)
    assert refused.value.code == "not_json"

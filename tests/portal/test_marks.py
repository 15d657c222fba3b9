"""What may be evidence, and how it is shown."""

from typing import Any

import pytest

from reviews.evidence import MAX_MARKS, problems_of, shown_marks

PAYLOAD: dict[str, Any] = {
    "said": "pay\r\nnow", "amount": 5, "scan": "a.png", "scans": ["a.png", "b.png"],
    "thread": [{"text": "hello"}, "yes"],
}  # fmt: skip


@pytest.mark.parametrize(
    "mark",
    [
        {"field": "said", "start": 0, "end": 7}, {"field": "scan", "box": [0, 0, 1, 1]},
        {"field": "scans", "item": 1, "box": [0.5, 0.5, 0.5, 0.5]},
        {"field": "thread", "item": 0, "start": 0, "end": 5},
        {"field": "thread", "item": 1, "start": 1, "end": 3},
    ],
)  # fmt: skip
def test_what_lies_in_the_case_is_evidence(mark: dict[str, Any]) -> None:
    assert problems_of([mark], payload=PAYLOAD) == {}


@pytest.mark.parametrize(
    "mark",
    [
        {"field": "said", "start": 0, "end": 8}, {"field": "said", "start": 3, "end": 3}, {"field": "none", "start": 0,
        "end": 1}, {"field": "amount", "start": 0, "end": 1}, {"field": "said", "start": -1, "end": 1},
        {"field": "said", "start": True, "end": 3}, {"field": "said"}, {"field": "scan", "box": [0.5, 0, 0.6, 1]},
        {"field": "scan", "box": [0, 0, 0, 1]}, {"field": "scan", "box": [0, 0, 1]}, {"field": "scan", "box": 7},
        {"field": "scans", "item": 2, "box": [0, 0, 1, 1]}, {"field": "amount", "box": [0, 0, 1, 1]},
        {"field": "thread", "item": 5, "start": 0, "end": 1}, {"field": "said", "start": 0, "end": 1, "by": "me"},
        {"field": ["said"], "start": 0, "end": 1}, {"field": "scans", "item": -1, "box": [0, 0, 1, 1]}, "said", None,
        {"field": "scan", "box": [float("nan"), 0, 1, 1]},
    ],
)  # fmt: skip
def test_anything_else_is_refused_by_its_place(mark: Any) -> None:
    assert list(problems_of([{"field": "scan", "box": [0, 0, 1, 1]}, mark], payload=PAYLOAD)) == ["evidence[1]"]


def test_there_is_an_end_to_marks() -> None:
    mark = {"field": "said", "start": 0, "end": 1}
    assert list(problems_of([mark] * (MAX_MARKS + 1), payload=PAYLOAD)) == ["evidence"]


def test_marks_are_shown_by_their_words() -> None:
    marks: list[Any] = [
        {"field": "said", "start": 0, "end": 3}, {"field": "thread", "item": 0, "start": 0, "end": 5},
        {"field": "scan", "box": [0.1, 0.2, 0.25, 0.5]}, {"field": "gone", "start": 0, "end": 1},
    ]  # fmt: skip
    seen = shown_marks(marks, payload=PAYLOAD, titles={"said": "Statement"})
    told = [(mark.title, mark.quote, mark.place) for mark in seen]
    assert told == [
        ("Statement", "pay", ""), ("thread, 1", "hello", ""), ("scan", "", "25 × 50 % at 10, 20 %"),  # noqa: RUF001 - the sign that the page shows
    ]  # fmt: skip

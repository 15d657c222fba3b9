"""Which cases are alike: exact distances over the fields that the schema describes."""

import time

import numpy as np
import pytest

from reviews.likeness import likeness_of, nearest

SCHEMA = {
    "properties": {
        "amount": {"type": "number"}, "months": {"type": ["integer", "null"]}, "purpose": {"type": "string"},
        "owns": {"type": "boolean"}, "note": {"type": "string"}, "past": {"type": "array"},
    }
}  # fmt: skip
CASES = [
    {
        "amount": 100 * n,
        "months": n % 5,
        "purpose": ("car", "house")[n % 2],
        "owns": n % 3 == 0,
        "note": f"note {n}" * 20,
    }
    for n in range(200)
]


def test_a_twin_is_nearest_at_no_distance() -> None:
    likeness = likeness_of(SCHEMA, CASES)
    vectors = likeness.vectors(CASES)
    (row, distance), (_, second) = nearest(vectors, likeness.vectors([CASES[7]]), count=2)
    assert (row, distance) == (7, 0.0)
    assert second > 0


def test_long_texts_and_lists_take_no_part() -> None:
    assert [column.key for column in likeness_of(SCHEMA, CASES).columns] == ["amount", "months", "purpose", "owns"]


def test_a_category_that_differs_is_one_apart_and_numbers_count_in_deviations() -> None:
    likeness = likeness_of({"properties": {"purpose": {"type": "string"}}}, CASES)
    car, house = likeness.vectors([{"purpose": "car"}, {"purpose": "house"}])
    assert np.linalg.norm(car - house) == pytest.approx(1)
    numbers = likeness_of({"properties": {"amount": {"type": "number"}}}, CASES)
    low, high = numbers.vectors([{"amount": 0}, {"amount": float(np.std([case["amount"] for case in CASES]))}])
    assert np.linalg.norm(low - high) == pytest.approx(1, rel=1e-4)


def test_a_missing_number_counts_as_the_mean_and_nothing_as_nothing() -> None:
    likeness = likeness_of(SCHEMA, CASES)
    assert likeness.vectors([{}])[0].tolist() == pytest.approx([0] * 5, abs=1e-6)
    assert nearest(likeness_of({}, []).vectors([]), np.zeros((1, 0), np.float32), count=5) == []


def test_ten_thousand_take_a_moment() -> None:
    many = [CASES[n % 200] | {"amount": n} for n in range(10_000)]
    began = time.perf_counter()
    likeness = likeness_of(SCHEMA, many)
    found = nearest(likeness.vectors(many), likeness.vectors([many[4_321]]), count=5)
    assert found[0] == (4_321, 0.0)
    assert time.perf_counter() - began < 2

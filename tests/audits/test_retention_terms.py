"""Calendar months, as laws count them."""

from datetime import UTC, datetime

import pytest

from audits.retention import CLASSES, in_words, months_before


@pytest.mark.parametrize(
    ("at", "months", "expected"),
    [
        ((2026, 11, 22), 6, (2026, 5, 22)),
        ((2026, 11, 22), 25, (2024, 10, 22)),
        ((2026, 3, 31), 1, (2026, 2, 28)),
        ((2028, 3, 31), 1, (2028, 2, 29)),
        ((2026, 1, 1), 1, (2025, 12, 1)),
        ((2026, 12, 31), 12, (2025, 12, 31)),
        ((2028, 2, 29), 48, (2024, 2, 29)),
        ((2028, 2, 29), 12, (2027, 2, 28)),
    ],
)
def test_months_before(at: tuple[int, int, int], months: int, expected: tuple[int, int, int]) -> None:
    assert months_before(datetime(*at, 9, 30, tzinfo=UTC), months=months) == datetime(*expected, 9, 30, tzinfo=UTC)


def test_in_words() -> None:
    assert [in_words(months) for months in (1, 6, 12, 25, 48)] == [
        "1 month",
        "6 months",
        "1 year",
        "25 months",
        "4 years",
    ]
    assert all(words.startswith(in_words(months)) for months, words in CLASSES.values())

import pytest

from hitl_platform.kernel.numerals import grouped, percent, points


@pytest.mark.parametrize(
    ("share", "whole", "tenths"),
    [
        (0.0, "0 %", "0.0 %"), (0.004, "< 1 %", "0.4 %"), (0.0004, "< 1 %", "< 0.1 %"), (0.01, "1 %", "1.0 %"),
        (0.567, "57 %", "56.7 %"), (0.99, "99 %", "99.0 %"), (0.995, "> 99 %", "99.5 %"), (1.0, "100 %", "100.0 %"),
    ],
)  # fmt: skip
def test_a_share_is_never_said_to_be_all_or_nothing_where_it_is_not(share: float, whole: str, tenths: str) -> None:
    assert (percent(share), percent(share, places=1)) == (whole, tenths)


def test_differences_are_signed_points() -> None:
    assert [points(of) for of in (0.12, -0.05, 0.004, -0.004)] == ["+12", "\u22125", "0", "0"]


def test_digits_are_grouped_by_narrow_spaces() -> None:
    assert [grouped(of) for of in (7, 1_234_567, -12_345, "14200.5")] == [
        "7", "1\u202f234\u202f567", "-12\u202f345", "14\u202f200.5",
    ]  # fmt: skip

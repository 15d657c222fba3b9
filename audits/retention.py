"""Terms of retention as pure computation: classes that people know by name, and calendar months."""

import calendar
from datetime import datetime

# months, and where the term comes from; a rule may name any other number
CLASSES: dict[str, tuple[int, str]] = {
    "six_months": (6, "6 months: logs of a high-risk system, EU AI Act article 26(6), at the least"),
    "one_year": (12, "1 year"),
    "twenty_five_months": (25, "25 months: credit applications, US Regulation B § 1002.12(b)"),
    "three_years": (36, "3 years"),
    "four_years": (48, "4 years: automated-decision data in employment, California 2 CCR § 11013(c)"),
    "seven_years": (84, "7 years"),
    "ten_years": (120, "10 years: documentation of a high-risk system, EU AI Act article 18"),
}
MAX_MONTHS = 1200


def months_before(at: datetime, *, months: int) -> datetime:
    """The same time of day `months` calendar months before `at`; the last day of a month that is too short.

    31 March less one month is 28 (29) February: a thing of that day was kept for a full month.
    """
    year, month = divmod(at.year * 12 + at.month - 1 - months, 12)
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return at.replace(year=year, month=month + 1, day=day)


def in_words(months: int) -> str:
    """A term as people say it: 25 months, 4 years."""
    if months % 12 or months == 0:
        return f"{months} month{'' if months == 1 else 's'}"
    years = months // 12
    return f"{years} year{'' if years == 1 else 's'}"

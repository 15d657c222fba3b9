"""Terms in words of a rule: "30min", "4h", "2d", "1w", counted in a calendar's working time.

An hour is an hour of work. A day is an average working day of the calendar and a week its working week, so that
"2d" means the same in an office of eight hours a day and in one that never closes.
"""

import re
from datetime import timedelta
from typing import Any

from reviews.sla.calendars import WorkingCalendar

_SPAN = re.compile(r"(?P<count>\d{1,4}) ?(?P<unit>min|h|d|w)")


def read_span(text: str, *, calendar: WorkingCalendar) -> timedelta:
    """The working time that a term means; raises ValueError for what is no term."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no span of time")
    units = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": calendar.day, "w": calendar.week}
    return int(found["count"]) * units[found["unit"]]


def span_problem(text: Any, *, zero: bool = False) -> str:
    """What is wrong with a term, or nothing. `zero` allows one of no length."""
    found = _SPAN.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        return "A whole number and a unit, such as 30min, 4h, 2d, 1w."
    return "" if zero or int(found["count"]) else "It must be longer than nothing."

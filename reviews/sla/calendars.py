"""Arithmetic of working time: when work counted in working hours ends, and how much of it lies between two instants.

A calendar says, for each weekday, between which times of day people work, in one IANA zone, and on which dates they
do not. An instant is working time where the zone's clock shows such a time on such a date; so an hour that the
clock skips in spring is never worked, and one that it shows twice in autumn is worked twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 1_440
# a term that is not reached within ten years of the calendar is a mistake in it
MOST_DAYS = 3_660
MOST_HOLIDAYS = 1_000
MOST_SPANS = 6
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)

Span = tuple[int, int]


@dataclass(frozen=True)
class WorkingCalendar:
    """`hours` are, from Monday to Sunday, spans (first minute, minute after the last) of the day, in order."""

    zone: str
    hours: tuple[tuple[Span, ...], ...]
    holidays: frozenset[date] = frozenset()

    @property
    def week(self) -> timedelta:
        """The working time of a week without a holiday."""
        return sum((_length(spans) for spans in self.hours), timedelta())

    @property
    def day(self) -> timedelta:
        """The working time of an average working day."""
        worked = sum(1 for spans in self.hours if spans)
        return self.week / worked if worked else timedelta()


ROUND_THE_CLOCK = WorkingCalendar("UTC", (((0, DAY_MINUTES),),) * 7)


def add_working_time(start: datetime, duration: timedelta, *, calendar: WorkingCalendar) -> datetime:
    """The instant at which `duration` of working time since `start` is over, in UTC.

    Nothing to wait for ends at `start`. Raises ValueError for a naive start, a negative duration, or a calendar in
    which the end is not reached within ten years.
    """
    _require_aware(start)
    if duration < timedelta():
        raise ValueError("a duration is not negative")
    left, at = duration, start.astimezone(UTC)
    if not left:
        return at
    for begins, ends in _worked_from(at, calendar):
        if left <= ends - begins:
            return begins + left
        left -= ends - begins
    raise ValueError("the calendar has too little working time")


def working_time_between(start: datetime, end: datetime, *, calendar: WorkingCalendar) -> timedelta:
    """How much of the time from `start` to `end` is worked; none where the end is not after the start."""
    _require_aware(start, end)
    total, until = timedelta(), end.astimezone(UTC)
    for begins, ends in _worked_from(start.astimezone(UTC), calendar, days=(end - start).days + 3):
        if begins >= until:
            break
        total += min(ends, until) - begins
    return total


def check_calendar(*, zone: Any, hours: Any, holidays: Any) -> dict[str, list[str]]:
    """What is wrong with a calendar's document, by field; empty where `read_calendar` takes it."""
    fields: dict[str, list[str]] = {}
    if not isinstance(zone, str) or zone not in _zones():
        fields["zone"] = ["There is no such time zone; name one as in Europe/Berlin."]
    if not isinstance(hours, Mapping) or not set(hours) <= set(WEEKDAYS):
        fields["hours"] = [f"An object of {', '.join(WEEKDAYS)}, each a list of spans such as 09:00-17:30."]
    else:
        wrong = [day for day, spans in hours.items() if _spans(spans) is None]
        if wrong:
            told = f"{', '.join(wrong)}: spans such as 09:00-12:30, in order, without overlap; at most {MOST_SPANS}."
            fields["hours"] = [told]
        elif not any(hours.values()):
            fields["hours"] = ["Nobody would ever work."]
    if not isinstance(holidays, list) or len(holidays) > MOST_HOLIDAYS or any(_date(each) is None for each in holidays):
        fields["holidays"] = [f"A list of at most {MOST_HOLIDAYS} dates such as 2026-12-25."]
    return fields


def read_calendar(*, zone: str, hours: Mapping[str, Sequence[str]], holidays: Sequence[str]) -> WorkingCalendar:
    """The calendar that a document describes; raises ValueError for one that `check_calendar` finds fault with."""
    problems = check_calendar(zone=zone, hours=hours, holidays=holidays)
    if problems:
        raise ValueError(str(problems))
    spans = tuple(tuple(_spans(hours.get(day, ())) or ()) for day in WEEKDAYS)
    return WorkingCalendar(zone, spans, frozenset(date.fromisoformat(each) for each in holidays))


def _worked_from(
    start: datetime, calendar: WorkingCalendar, *, days: int = MOST_DAYS
) -> Iterator[tuple[datetime, datetime]]:
    """The worked spans from `start` on, in order, as far as `days` days."""
    # a day early, because the zone's date may be behind or ahead of UTC's
    first = start.astimezone(ZoneInfo(calendar.zone)).date() - _DAY
    for number in range(days + 2):
        for begins, ends in _worked_on(first + number * _DAY, calendar):
            if ends > start:
                yield max(begins, start), ends


@lru_cache(maxsize=20_000)
def _worked_on(day: date, calendar: WorkingCalendar) -> tuple[tuple[datetime, datetime], ...]:
    """The worked spans of one date of the calendar's zone, in UTC."""
    spans = calendar.hours[day.weekday()]
    if not spans or day in calendar.holidays:
        return ()
    zone = ZoneInfo(calendar.zone)
    midnight = datetime.combine(day, time(), tzinfo=zone)
    offset = midnight.utcoffset() or timedelta()
    if offset == datetime.combine(day + _DAY, time(), tzinfo=zone).utcoffset():
        zero = datetime.combine(day, time(), tzinfo=UTC) - offset
        return tuple((zero + begins * _MINUTE, zero + ends * _MINUTE) for begins, ends in spans)
    return _by_the_minute(day, spans, zone)


def _by_the_minute(day: date, spans: Sequence[Span], zone: ZoneInfo) -> tuple[tuple[datetime, datetime], ...]:
    """The same where the clock is changed: minute by minute, since it may skip some and show others twice."""
    found: list[tuple[datetime, datetime]] = []
    at = datetime.combine(day, time(), tzinfo=UTC) - timedelta(hours=16)
    for _ in range(56 * 60):
        shown = at.astimezone(zone)
        minute = shown.hour * 60 + shown.minute
        if shown.date() == day and any(begins <= minute < ends for begins, ends in spans):
            if found and found[-1][1] == at:
                found[-1] = (found[-1][0], at + _MINUTE)
            else:
                found.append((at, at + _MINUTE))
        at += _MINUTE
    return tuple(found)


def _spans(texts: Any) -> list[Span] | None:
    """Spans of a day from their texts, or None where one is wrong."""
    if not isinstance(texts, list | tuple) or len(texts) > MOST_SPANS:
        return None
    found: list[Span] = []
    for text in texts:
        begins, dash, ends = text.partition("-") if isinstance(text, str) else ("", "", "")
        first, last = _minute(begins), _minute(ends)
        if not dash or first is None or last is None or first >= last or (found and first < found[-1][1]):
            return None
        found.append((first, last))
    return found


def _minute(text: str) -> int | None:
    hours, colon, minutes = text.strip().partition(":")
    if not colon or len(hours) != 2 or len(minutes) != 2 or not (hours + minutes).isascii():
        return None
    if not (hours + minutes).isdigit() or int(minutes) > 59:
        return None
    found = int(hours) * 60 + int(minutes)
    return found if found <= DAY_MINUTES else None


def _date(text: Any) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) and len(text) == 10 else None
    except ValueError:
        return None


def _length(spans: Sequence[Span]) -> timedelta:
    return timedelta(minutes=sum(ends - begins for begins, ends in spans))


def _require_aware(*moments: datetime) -> None:
    if any(moment.tzinfo is None for moment in moments):
        raise ValueError("an instant has a time zone")


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())

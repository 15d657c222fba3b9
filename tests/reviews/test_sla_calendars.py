"""Working time against a clock that is read minute by minute, over zones, changes of the clock and holidays."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.sla import (
    ROUND_THE_CLOCK,
    Pause,
    WorkingCalendar,
    add_working_time,
    check_calendar,
    due_with_pauses,
    paused_working_time,
    read_calendar,
    read_span,
    working_time_between,
)

MINUTE = timedelta(minutes=1)
WEEK = {day: ["09:00-12:00", "13:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
OFFICE = read_calendar(zone="Europe/Berlin", hours=WEEK, holidays=["2031-01-06"])
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu")
# around both changes of the clock in each of these zones, and around a plain week
STARTS = [
    datetime(2031, 3, 8, tzinfo=UTC), datetime(2031, 3, 29, tzinfo=UTC), datetime(2031, 4, 4, tzinfo=UTC),
    datetime(2031, 9, 5, tzinfo=UTC), datetime(2031, 10, 3, tzinfo=UTC), datetime(2031, 10, 25, tzinfo=UTC),
    datetime(2031, 11, 1, tzinfo=UTC), datetime(2031, 6, 10, tzinfo=UTC),
]  # fmt: skip


@st.composite
def calendars(draw: st.DrawFn) -> WorkingCalendar:
    days = []
    for _ in range(7):
        cuts = sorted(draw(st.sets(st.integers(0, 1440), max_size=4)))
        days.append(tuple(zip(cuts[::2], cuts[1::2], strict=False)))
    if not any(days):
        days[draw(st.integers(0, 6))] = ((540, 1020),)
    start = draw(st.sampled_from(STARTS)).date()
    holidays = draw(st.sets(st.integers(0, 9), max_size=2))
    return WorkingCalendar(
        draw(st.sampled_from(ZONES)), tuple(days), frozenset(start + timedelta(days=number) for number in holidays)
    )


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    return draw(st.sampled_from(STARTS)) + timedelta(minutes=draw(st.integers(0, 2 * 1440)))


def is_worked(at: datetime, calendar: WorkingCalendar) -> bool:
    """What a person sees who looks at a clock and a calendar on the wall."""
    shown = at.astimezone(ZoneInfo(calendar.zone))
    minute = shown.hour * 60 + shown.minute
    spans = calendar.hours[shown.weekday()]
    return shown.date() not in calendar.holidays and any(first <= minute < last for first, last in spans)


def counted(start: datetime, end: datetime, calendar: WorkingCalendar) -> timedelta:
    minutes, at = 0, start
    while at < end:
        minutes += is_worked(at, calendar)
        at += MINUTE
    return minutes * MINUTE


@given(calendars(), moments(), st.integers(0, 2 * 1440))
def test_time_between_is_what_a_count_of_minutes_gives(calendar: WorkingCalendar, start: datetime, long: int) -> None:
    end = start + long * MINUTE
    assert working_time_between(start, end, calendar=calendar) == counted(start, end, calendar)


@given(calendars(), moments(), st.integers(1, 900))
def test_the_end_of_a_term_is_the_first_instant_with_that_much_work_behind_it(
    calendar: WorkingCalendar, start: datetime, minutes: int
) -> None:
    end = add_working_time(start, minutes * MINUTE, calendar=calendar)
    assert working_time_between(start, end, calendar=calendar) == minutes * MINUTE
    assert is_worked(end - MINUTE, calendar)
    assert working_time_between(start, end - MINUTE, calendar=calendar) == (minutes - 1) * MINUTE


@given(calendars(), moments(), st.integers(0, 600), st.integers(0, 600))
def test_two_terms_one_after_the_other_are_one(
    calendar: WorkingCalendar, start: datetime, first: int, second: int
) -> None:
    at_once = add_working_time(start, (first + second) * MINUTE, calendar=calendar)
    then = add_working_time(start, first * MINUTE, calendar=calendar)
    assert working_time_between(start, at_once, calendar=calendar) == (first + second) * MINUTE
    assert add_working_time(then, second * MINUTE, calendar=calendar) == (at_once if first + second else then)


@given(
    calendars(),
    moments(),
    st.integers(1, 600),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 400)), max_size=3),
)
def test_a_clock_that_stood_still_leaves_the_allowed_time_outside_its_pauses(
    calendar: WorkingCalendar, start: datetime, allowed: int, stops: list[tuple[int, int]]
) -> None:
    pauses = [Pause(start + begin * MINUTE, start + (begin + long) * MINUTE) for begin, long in stops]
    due_at = due_with_pauses(start, allowed * MINUTE, pauses=pauses, calendar=calendar)
    began = [Pause(pause.began_at, min(pause.ended_at, due_at)) for pause in pauses if pause.began_at < due_at]
    worked = working_time_between(start, due_at, calendar=calendar)
    assert worked - paused_working_time(began, calendar=calendar) == allowed * MINUTE


def test_a_term_skips_the_evening_the_weekend_and_a_holiday() -> None:
    # a Friday at 15:00 in Berlin: two hours are left, Monday is a holiday, six more on Tuesday
    friday = datetime(2031, 1, 3, 14, 0, tzinfo=UTC)
    assert add_working_time(friday, timedelta(hours=8), calendar=OFFICE) == datetime(2031, 1, 7, 15, 0, tzinfo=UTC)
    assert working_time_between(friday, datetime(2031, 1, 7, tzinfo=UTC), calendar=OFFICE) == timedelta(hours=2)
    assert add_working_time(friday, timedelta(), calendar=OFFICE) == friday


def test_an_hour_that_the_clock_skips_is_not_worked_and_one_that_it_repeats_is_worked_twice() -> None:
    nights = WorkingCalendar("Europe/Berlin", (((0, 360),),) * 7)
    spring, autumn = date(2031, 3, 30), date(2031, 10, 26)
    for day, hours in ((spring, 5), (autumn, 7), (date(2031, 6, 1), 6)):
        noon = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
        assert working_time_between(noon - timedelta(hours=12), noon, calendar=nights) == timedelta(hours=hours)


@pytest.mark.parametrize(("text", "hours"), [("30min", 0.5), ("4h", 4), ("1d", 7), ("2 d", 14), ("1w", 35)])
def test_a_day_is_a_working_day_and_a_week_a_working_week(text: str, hours: float) -> None:
    assert read_span(text, calendar=OFFICE) == timedelta(hours=hours)


def test_without_a_calendar_a_day_has_its_24_hours() -> None:
    assert read_span("1d", calendar=ROUND_THE_CLOCK) == timedelta(days=1)
    assert read_span("1w", calendar=ROUND_THE_CLOCK) == timedelta(weeks=1)


@pytest.mark.parametrize(
    ("field", "document"),
    [
        ("zone", {"zone": "Europe/Atlantis"}),
        ("zone", {"zone": "../../etc/passwd"}),
        ("hours", {"hours": {"someday": ["09:00-17:00"]}}),
        ("hours", {"hours": {"mon": ["17:00-09:00"]}}),
        ("hours", {"hours": {"mon": ["09:00-12:00", "11:00-13:00"]}}),
        ("hours", {"hours": {"mon": ["9-17"]}}),
        ("hours", {"hours": {"mon": "09:00-17:00"}}),
        ("hours", {"hours": {"mon": []}}),
        ("holidays", {"holidays": ["2031-02-30"]}),
        ("holidays", {"holidays": "2031-02-03"}),
    ],
)
def test_what_is_no_calendar_is_said_by_field(field: str, document: dict[str, object]) -> None:
    good: dict[str, object] = {"zone": "UTC", "hours": WEEK, "holidays": []}
    assert set(check_calendar(**(good | document))) == {field}
    assert check_calendar(**good) == {}


def test_no_term_waits_for_ever() -> None:
    all_year = frozenset(date(2031, 1, 1) + timedelta(days=number) for number in range(4_000))
    with pytest.raises(ValueError, match="too little working time"):
        add_working_time(STARTS[0], MINUTE, calendar=WorkingCalendar("UTC", (((540, 1020),),) * 7, all_year))

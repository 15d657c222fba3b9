"""When audits come round, and at which days each looks. Pure."""

from datetime import UTC, date, datetime, time, timedelta

# before people begin to work, and after the sweeps of midnight
HOUR = time(4, tzinfo=UTC)
MONTHS = {"month": 1, "quarter": 3}


def begin_of(every: str, *, day: date) -> date:
    """The first day of the week, month or quarter in which a day lies."""
    if every == "week":
        return day - timedelta(days=day.weekday())
    months = MONTHS[every]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def next_begin(every: str, *, day: date) -> date:
    """The first day of the week, month or quarter after the one in which a day lies."""
    begin = begin_of(every, day=day)
    return begin_of(every, day=begin + timedelta(days=7 if every == "week" else 31 * MONTHS[every]))


def period_before(every: str, *, day: date) -> dict[str, str]:
    """The whole week, month or quarter before the one in which a day lies, as an audit's period."""
    end = begin_of(every, day=day)
    begin = begin_of(every, day=end - timedelta(days=1))
    return {name: datetime.combine(at, time(), UTC).isoformat() for name, at in (("from", begin), ("to", end))}


def next_run(every: str, *, after: datetime) -> datetime:
    """When the period in which a moment lies is over, and looked at."""
    return datetime.combine(next_begin(every, day=after.astimezone(UTC).date()), HOUR)

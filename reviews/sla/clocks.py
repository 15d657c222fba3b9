"""A clock that stands still: while a case is on hold, waits for its subject, or sleeps, no term runs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from reviews.sla.calendars import WorkingCalendar, add_working_time, working_time_between


class Pause(NamedTuple):
    """From when to when the clock stood still."""

    began_at: datetime
    ended_at: datetime


def paused_working_time(pauses: Sequence[Pause], *, calendar: WorkingCalendar) -> timedelta:
    """The working time in which at least one of the pauses was on: pauses that overlap count once."""
    return sum((working_time_between(*pause, calendar=calendar) for pause in _merged(pauses)), timedelta())


def due_with_pauses(
    started_at: datetime, allowed: timedelta, *, pauses: Sequence[Pause], calendar: WorkingCalendar
) -> datetime:
    """When `allowed` working time since `started_at` is over, with the clock standing still in the pauses.

    A pause that begins once the term is over changes nothing.
    """
    due_at = add_working_time(started_at, allowed, calendar=calendar)
    for pause in _merged(pauses):
        if pause.began_at >= due_at:
            break
        begins = max(pause.began_at, started_at)
        paused = working_time_between(begins, pause.ended_at, calendar=calendar)
        due_at = add_working_time(due_at, paused, calendar=calendar)
    return due_at


def _merged(pauses: Sequence[Pause]) -> list[Pause]:
    merged: list[Pause] = []
    for pause in sorted(pauses):
        if merged and pause.began_at <= merged[-1].ended_at:
            merged[-1] = Pause(merged[-1].began_at, max(merged[-1].ended_at, pause.ended_at))
        else:
            merged.append(pause)
    return merged

"""Working time: calendars with hours, zones and holidays, and clocks that stand still. Pure: no database, no clock."""

from reviews.sla.calendars import (
    ROUND_THE_CLOCK,
    WorkingCalendar,
    add_working_time,
    check_calendar,
    read_calendar,
    working_time_between,
)
from reviews.sla.clocks import Pause, due_with_pauses, paused_working_time
from reviews.sla.spans import read_span, span_problem

__all__ = [
    "ROUND_THE_CLOCK",
    "Pause",
    "WorkingCalendar",
    "add_working_time",
    "check_calendar",
    "due_with_pauses",
    "paused_working_time",
    "read_calendar",
    "read_span",
    "span_problem",
    "working_time_between",
]

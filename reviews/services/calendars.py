"""Calendars of working time: a change is a new version, and terms that run keep the one they began with."""

from collections.abc import Mapping, Sequence

from django.db import IntegrityError, transaction

from hitl_platform.kernel.errors import Conflict, Invalid, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from reviews import escalation_queries, permissions
from reviews.models import Calendar
from reviews.services.keys import key_problems
from reviews.sla import check_calendar


@command
def create_calendar(
    *,
    actor: Actor,
    key: str,
    name: str,
    zone: str,
    hours: Mapping[str, Sequence[str]],
    holidays: Sequence[str] = (),
) -> Calendar:
    """The first version of a calendar, or the next one of a key that there is already; raises Invalid by field."""
    require(permissions.can_define_reviews(actor))
    fields = key_problems(key, name=name) | check_calendar(zone=zone, hours=hours, holidays=list(holidays))
    if fields:
        raise Invalid("The calendar is not valid.", fields=fields)
    before = escalation_queries.newest_calendars().get(key)
    calendar = Calendar(
        tenant_id=actor.tenant_id,
        key=key,
        version=before.version + 1 if before else 1,
        name=name.strip(),
        zone=zone,
        hours=dict(hours),
        holidays=sorted(set(holidays)),
    )
    try:
        with transaction.atomic():
            calendar.save(force_insert=True)
    except IntegrityError:
        raise Conflict("Somebody else has just changed this calendar.", code="calendar_changed") from None
    body = {"key": key, "version": calendar.version, "zone": zone, "hours": calendar.hours, "holidays": len(holidays)}
    record("calendar.created", calendar, actor=actor, body=body)
    return calendar

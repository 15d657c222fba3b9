"""Blindness has no side door: what the console leaves out for actors who may judge."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db.models import QuerySet
from django.http import HttpRequest

from hitl_platform.console.entry import actor_of
from hitl_platform.ledger.disclosure import body_for, cases_of, is_judge
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.tenants.actor import Actor

# states in which nobody judges a case any more
CLOSED_STATES = ("decided", "withdrawn")


def hide_from_judges(rows: QuerySet[Any], *, request: HttpRequest, case: str = "case") -> QuerySet[Any]:
    """Leave out what was said of open cases, for actors who may judge them."""
    return rows.filter(**{f"{case}__state__in": CLOSED_STATES}) if is_judge(actor_of(request)) else rows


def disclosed(actor: Actor, events: Iterable[AuditEvent]) -> list[AuditEvent]:
    """Events as this actor may read them."""
    events = list(events)
    if is_judge(actor):
        about = {case_id for event in events for case_id in cases_of(event)}
        cases: Any = apps.get_model("cases", "Case")
        still_open = cases.objects.filter(pk__in=about).exclude(state__in=CLOSED_STATES)
        open_cases = {str(case_id) for case_id in still_open.values_list("pk", flat=True)}
        for event in events:
            event.body = body_for(actor, event, open_cases=open_cases)
    return events

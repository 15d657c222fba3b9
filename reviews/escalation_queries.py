"""Reads of terms, calendars, rules and their firings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from cases.models import Case
from cases.states import OPEN_STATES, CaseState
from hitl_platform.kernel.bound_cursor import bound_cursor
from hitl_platform.kernel.errors import NotFound
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import current_tenant_id
from models_registry.models import ModelVersion
from reviews import permissions, statements
from reviews.case_facts import CaseSeen
from reviews.models import (
    LIVE_PANEL,
    Calendar,
    Escalation,
    EscalationRule,
    Judgment,
    Panel,
    Purpose,
    ServiceLevel,
    SlaClock,
)
from reviews.states import RuleState
from reviews.type_versions import type_version


@dataclass(frozen=True, slots=True)
class LivePanel:
    """A live panel of a case, with what conditions may ask."""

    panel: Panel
    seen: CaseSeen


def newest_calendars() -> dict[str, Calendar]:
    """The newest version of every calendar, by key."""
    newest = Calendar.objects.order_by("key", "-version").distinct("key")
    return {calendar.key: calendar for calendar in newest}


def newest_levels() -> dict[str, ServiceLevel]:
    """The newest version of every service level, by key; those that are switched off too."""
    newest = ServiceLevel.objects.order_by("key", "-version").distinct("key").select_related("case_type", "queue")
    return {level.key: level for level in newest}


def get_rule(actor: Actor, rule_id: UUID, *, lock: bool = False) -> EscalationRule:
    """One escalation rule, or NotFound."""
    rules = EscalationRule.objects.filter(pk=rule_id)
    rule = (rules.select_for_update(no_key=True) if lock else rules).first()
    if rule is None or not permissions.can_read_reviews(actor):
        raise NotFound
    return rule


def active_rules(trigger: str) -> list[EscalationRule]:
    """The rules in force for a trigger."""
    return list(EscalationRule.objects.filter(trigger=trigger, state=RuleState.ACTIVE).order_by("key"))


def get_escalation(actor: Actor, escalation_id: UUID, *, lock: bool = False) -> Escalation:
    """One firing, or NotFound."""
    rows = Escalation.objects.filter(pk=escalation_id)
    found = (rows.select_for_update(no_key=True) if lock else rows).first()
    if found is None or not permissions.can_read_reviews(actor):
        raise NotFound
    return found


def live_panels(*, panel_ids: Sequence[UUID] = (), case_ids: Sequence[UUID] = ()) -> list[LivePanel]:
    """The live panels among these, or of these cases, that lead to decisions, with their cases: three queries."""
    rows = Panel.objects.filter(state__in=LIVE_PANEL, purpose=Purpose.LIVE)
    panels = list(rows.filter(Q(pk__in=panel_ids) | Q(case_id__in=case_ids)).select_related("queue"))
    seen = cases_seen([panel.case_id for panel in panels])
    return [LivePanel(panel, seen[panel.case_id]) for panel in panels if panel.case_id in seen]


def cases_seen(case_ids: Sequence[UUID], *, states: Sequence[str] = (CaseState.IN_REVIEW,)) -> dict[UUID, CaseSeen]:
    """What conditions may ask of cases in these states, by case."""
    if not case_ids:
        return {}
    values: dict[str, Any] = {
        "tenant": current_tenant_id(),
        "cases": list(case_ids),
        "states": [str(state) for state in states],
    }
    with bound_cursor() as cursor:
        cursor.execute(statements.ROUTABLE, values)
        rows = cursor.fetchall()
    versions = ModelVersion.objects.filter(pk__in={row[11] for row in rows if row[11]})
    labels = dict(versions.values_list("pk", "labels"))
    return {
        row[0]: CaseSeen(
            type_version=type_version(row[2]),
            importance=row[3],
            priority=row[4],
            due_at=None if row[5] is None else datetime.fromtimestamp(row[5], UTC),
            created_at=datetime.fromtimestamp(row[6], UTC),
            payload=row[9],
            model_labels=labels.get(row[11], ()),
            probabilities=row[12],
        )
        for row in rows
    }


def clocks_of(panel_ids: Sequence[UUID]) -> dict[UUID, SlaClock]:
    """The clocks of panels, by panel, with their calendars."""
    clocks = SlaClock.objects.filter(panel_id__in=panel_ids).select_related("calendar")
    return {clock.panel_id: clock for clock in clocks}


def voters_of(panel_id: UUID) -> set[UUID]:
    """Who has judged on a panel."""
    said = Judgment.objects.filter(panel_id=panel_id, superseded_at__isnull=True)
    return set(said.values_list("reviewer_id", flat=True))


def overdue_cases(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Those that are open past the due date they came with, or past that of their panel, whose clock may stand still.

    A clock that ran out counts from when it was told, as escalations do.
    """
    told = SlaClock.objects.filter(breach_told_at__isnull=False, stopped_at__isnull=True, panel__state__in=LIVE_PANEL)
    late = Q(due_at__lt=timezone.now()) | Q(pk__in=told.values("case_id"))
    return cases.filter(late, state__in=OPEN_STATES)

"""An office with terms and rules, and a clock that the tests move: time is the edge of the system."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from cases.models import Case
from cases.services import revise_case_type
from hitl_platform.notices.models import Notice
from hitl_platform.pipeline.runner import run_batch
from hitl_platform.tenants.scope import tenant_scope
from reviews.models import Escalation, EscalationRule, Panel, SlaClock
from reviews.services.calendars import create_calendar
from reviews.services.escalation_rules import activate_rule, draft_rule
from reviews.services.service_levels import create_service_level
from tests.reviews import lending
from tests.reviews.conftest import Office

# a Friday, 15:00 in Berlin; the Monday after it is a holiday
FRIDAY = datetime(2031, 1, 3, 14, 0, tzinfo=UTC)
TUESDAY = datetime(2031, 1, 7, tzinfo=UTC)
KINDS = ("sla", "escalate", "wake", "climb", "mail", "digest")
DEFINITION = lending.DEFINITION | {
    "labels": [{"key": "approve", "name": "Approve", "favourable": True}, {"key": "decline", "name": "Decline"}]
}
NOTIFY = {"after": "0min", "action": "notify", "roles": ["manager"]}


@dataclass
class Watch:
    """The office, and what time it is there."""

    office: Office
    now: datetime = FRIDAY
    keys: list[str] = field(default_factory=list)

    def go_to(self, moment: datetime, *kinds: str) -> int:
        """Let time pass to `moment`, doing what is due on the way at its own time; says how many steps ran."""
        ran = 0
        while True:
            due = self._next_due(moment, kinds or KINDS)
            if due is None:
                self.now = moment
                return ran
            self.now = max(self.now, due)
            self.make_due(self.now, kinds or KINDS)
            ran += sum(run_batch(kind, tenant_id=self.office.tenant.id) for kind in kinds or KINDS)

    def rule(self, trigger: str, *ladder: dict[str, Any], **settings: Any) -> EscalationRule:
        """A rule in force, drafted and activated by two people."""
        self.keys.append(f"{trigger}-{len(self.keys)}")
        draft = draft_rule(
            actor=self.office.manager, key=self.keys[-1], name=trigger, case_type_key="loan", trigger=trigger,
            definition={"ladder": list(ladder or [NOTIFY]), **settings},
        )  # fmt: skip
        return activate_rule(actor=self.office.second_manager, rule_id=draft.pk)

    def level(self, within: str = "8h", **definition: Any) -> None:
        """A service level in office hours."""
        hours = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
        create_calendar(
            actor=self.office.manager, key="office", name="Office", zone="Europe/Berlin", hours=hours,
            holidays=["2031-01-06"],
        )  # fmt: skip
        create_service_level(
            actor=self.office.manager, key="loans", name="Loans", case_type_key="loan", calendar_key="office",
            definition={"within": within, "at_risk": 0.5, **definition},
        )  # fmt: skip

    def clock(self, case: Case) -> SlaClock:
        with self.office.scope():
            return SlaClock.objects.get(case=case)

    def escalations(self, case: Case) -> list[Escalation]:
        with self.office.scope():
            return list(Escalation.objects.filter(case=case).select_related("rule").order_by("pk"))

    def notices(self, name: str = "") -> list[Notice]:
        """What one person, or everybody, was told, in order."""
        with self.office.scope():
            rows = Notice.objects.order_by("created_at", "pk")
            return list(rows.filter(recipient_id=self.office.people[name].id) if name else rows)

    def panel(self, panel_id: UUID) -> Panel:
        with self.office.scope():
            return Panel.objects.get(pk=panel_id)

    def _next_due(self, moment: datetime, kinds: tuple[str, ...]) -> datetime | None:
        with tenant_scope(self.office.tenant.id), connection.cursor() as cursor:
            cursor.execute(
                "select min(run_at) from pipeline_step where state = 'ready' and kind = any(%s) and run_at <= %s",
                [list(kinds), moment],
            )
            due: datetime | None = cursor.fetchone()[0]
            return due

    def make_due(self, moment: datetime, kinds: tuple[str, ...]) -> None:
        """Let the database think that what is due by then is due."""
        with tenant_scope(self.office.tenant.id), connection.cursor() as cursor:
            cursor.execute(
                "update pipeline_step set run_at = now() - interval '1 s'"
                " where state = 'ready' and kind = any(%s) and run_at <= %s",
                [list(kinds), moment],
            )


def watched(office: Office, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """The office on a Friday afternoon, its labels marked, with the clock in the tests' hands."""
    revise_case_type(actor=office.manager, case_type_key="loan", definition=DEFINITION)
    watch = Watch(office)
    monkeypatch.setattr(timezone, "now", lambda: watch.now)
    return watch


def hours(count: float) -> timedelta:
    return timedelta(hours=count)

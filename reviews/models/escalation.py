"""By when people must have decided, what stops that clock, and what happens when they do not."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cases.models import Case, CaseType, CaseTypeVersion
from hitl_platform.tenants.owned import TenantForeignKey, TenantOwned
from reviews.models.panels import Panel
from reviews.models.queues import Queue
from reviews.references import reference_of
from reviews.sla import WorkingCalendar, read_calendar
from reviews.states import EscalationState, RuleState

# an escalation that still wants something of somebody
LIVE_ESCALATION = (EscalationState.OPEN, EscalationState.ACKNOWLEDGED)


class Trigger(models.TextChoices):
    # the judgments of a panel differ
    DISAGREEMENT = "disagreement"
    # they add up to less confidence than `threshold`
    LOW_CONFIDENCE = "low_confidence"
    SLA_AT_RISK = "sla_at_risk"
    SLA_BREACHED = "sla_breached"
    # a reviewer asks for help
    REVIEWER_ASKS = "reviewer_asks"
    # the case's importance is above `threshold`
    IMPORTANCE_ABOVE = "importance_above"
    # a seat was given back, or its lease ended, `threshold` times
    RELEASES = "releases"
    # a step of the case failed for good
    DEAD_STEP = "dead_step"


class PauseCause(models.TextChoices):
    # somebody keeps a seat while asking a colleague
    HOLD = "hold"
    # the case's subject is to answer first
    WAITING = "waiting"
    SNOOZE = "snooze"


class Calendar(TenantOwned):
    """When people work: one immutable version; terms that run keep the version they began with."""

    key = models.TextField()
    version = models.IntegerField()
    name = models.TextField()
    zone = models.TextField()
    # {"mon": ["09:00-12:30", …], …} and ["2026-12-25", …]
    hours = models.JSONField()
    holidays = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key", "version"], name="no_calendar_version_twice"),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    @property
    def working(self) -> WorkingCalendar:
        """The calendar as arithmetic takes it."""
        return read_calendar(zone=self.zone, hours=self.hours, holidays=self.holidays)


class ServiceLevel(TenantOwned):
    """By when cases of a type (in one queue, or in any) are to be decided: one immutable version.

    `definition` is {"within": "2d", "at_risk": 0.75, "rules": [{"name", "when", "within"}, …]}; of the rules the
    first that holds gives the term. A newest version that is not `enabled` ends the level.
    """

    key = models.TextField()
    version = models.IntegerField()
    name = models.TextField()
    case_type = TenantForeignKey(CaseType, related_name="+")
    queue = TenantForeignKey(Queue, null=True, related_name="+")
    calendar_key = models.TextField(default="")
    definition = models.JSONField()
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key", "version"], name="no_service_level_version_twice"),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class SlaClock(TenantOwned):
    """The running term of one panel, under the level and calendar that were in force when it opened.

    `fixed_due_at` is the case's own due date, which no pause moves; `due_at` is never later. A stopped clock has
    `paused_at`; its moments are moved when it goes on. What was told has its time, so that it is told once.
    """

    panel = TenantForeignKey(Panel, related_name="+")
    case = TenantForeignKey(Case, related_name="+")
    queue = TenantForeignKey(Queue, related_name="+")
    level = TenantForeignKey(ServiceLevel, null=True, related_name="+")
    calendar = TenantForeignKey(Calendar, null=True, related_name="+")
    # which rule of the level gave the term, and why in words
    rule = models.TextField(default="")
    because = models.JSONField(default=list)
    started_at = models.DateTimeField()
    at_risk_at = models.DateTimeField()
    due_at = models.DateTimeField()
    fixed_due_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    # working time for which it stood still so far
    paused_seconds = models.FloatField(default=0.0)
    at_risk_told_at = models.DateTimeField(null=True)
    breach_told_at = models.DateTimeField(null=True)
    # the panel was over before the next moment came
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        verbose_name = "due date"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "panel"], name="no_second_clock_of_one_panel"),
            models.CheckConstraint(condition=Q(at_risk_at__lte=F("due_at")), name="no_risk_after_the_breach"),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "queue", "at_risk_at"],
                condition=Q(at_risk_told_at__isnull=True, stopped_at__isnull=True),
                name="clock_by_risk",
            ),
            models.Index(
                fields=["tenant", "queue", "due_at"],
                condition=Q(breach_told_at__isnull=True, stopped_at__isnull=True),
                name="clock_by_due",
            ),
        ]

    def __str__(self) -> str:
        return f"Due date of {reference_of(self.case_id)}"


class PanelPause(TenantOwned):
    """One reason for which a panel's clock stands still, from when to when. `ref_id` is the seat, or the panel."""

    panel = TenantForeignKey(Panel, related_name="+")
    cause = models.TextField(choices=PauseCause.choices)
    ref_id = models.UUIDField()
    why = models.TextField(default="")
    # by when it ends by itself
    until = models.DateTimeField(null=True)
    began_by = models.UUIDField()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "panel", "cause", "ref_id"],
                condition=Q(ended_at__isnull=True),
                name="no_pause_begun_twice",
            ),
            models.CheckConstraint(condition=Q(cause__in=PauseCause.values), name="no_unknown_pause"),
        ]
        indexes = [models.Index(fields=["tenant", "panel"], name="pause_of_panel")]

    def __str__(self) -> str:
        return f"{self.cause} of {self.panel_id}"


class EscalationRule(TenantOwned):
    """What is to happen when something goes wrong: one version; a trigger freezes what it says once it was active."""

    key = models.TextField()
    version = models.IntegerField()
    name = models.TextField()
    case_type = TenantForeignKey(CaseType, related_name="+")
    # the definition of the case type that condition and fallback were checked against
    type_version = TenantForeignKey(CaseTypeVersion, related_name="+")
    trigger = models.TextField(choices=Trigger.choices)
    # {"when": CEL, "threshold": number, "calendar": key, "rewake": "1d", "ladder": [{"after", "action", …}, …]}
    definition = models.JSONField()
    state = models.TextField(default=RuleState.DRAFT, choices=[(s.value, s.value) for s in RuleState])
    created_by = models.UUIDField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    activated_by = models.UUIDField(null=True)
    activated_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key", "version"], name="no_escalation_rule_version_twice"),
            models.UniqueConstraint(
                fields=["tenant", "key"],
                condition=Q(state__in=["active", "disabled"]),
                name="no_two_versions_of_a_rule_in_force",
            ),
            models.CheckConstraint(condition=Q(state__in=list(RuleState)), name="no_unknown_rule_state"),
            models.CheckConstraint(condition=Q(trigger__in=Trigger.values), name="no_unknown_trigger"),
            models.CheckConstraint(
                condition=Q(activated_by__isnull=True, state__in=["draft", "retired"])
                | (Q(activated_by__isnull=False) & ~Q(activated_by=F("created_by"))),
                name="no_rule_activated_by_its_author",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    @property
    def ladder(self) -> list[dict[str, Any]]:
        """The rungs, from the lowest."""
        rungs: list[dict[str, Any]] = self.definition["ladder"]
        return rungs


class Escalation(TenantOwned):
    """One firing of a rule for one panel: what happened, how far up the ladder it is, and who looks after it.

    Without a rule it stands for a reviewer's cry for help that no rule answers; the house's own ladder then does.
    `rung` counts the rungs done, `wakes` the times it was looked at; the step of an earlier wake finds itself stale.
    """

    rule = TenantForeignKey(EscalationRule, null=True, related_name="+")
    trigger = models.TextField(choices=Trigger.choices)
    panel = TenantForeignKey(Panel, related_name="+")
    case = TenantForeignKey(Case, related_name="+")
    queue = TenantForeignKey(Queue, related_name="+")
    calendar = TenantForeignKey(Calendar, null=True, related_name="+")
    # what was the case when it fired, in words
    facts = models.JSONField(default=dict)
    state = models.TextField(default=EscalationState.OPEN, choices=[(s.value, s.value) for s in EscalationState])
    rung = models.SmallIntegerField(default=0)
    wakes = models.IntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    asked_by = models.UUIDField(null=True)
    why = models.TextField(default="")
    fired_at = models.DateTimeField()
    acknowledged_by = models.UUIDField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_because = models.TextField(default="")

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "rule", "panel"],
                condition=Q(asked_by__isnull=True),
                name="no_rule_fired_twice_for_one_panel",
            ),
            models.UniqueConstraint(
                fields=["tenant", "panel", "asked_by", "rule"],
                condition=Q(state__in=["open", "acknowledged"], asked_by__isnull=False),
                nulls_distinct=False,
                name="no_second_cry_for_help",
            ),
            models.CheckConstraint(condition=Q(state__in=list(EscalationState)), name="no_unknown_escalation_state"),
            models.CheckConstraint(
                condition=~Q(state="acknowledged") | Q(acknowledged_by__isnull=False),
                name="no_acknowledgement_by_nobody",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "panel"], name="escalation_of_panel"),
            models.Index(
                fields=["tenant", "state"],
                condition=Q(state__in=["open", "acknowledged"]),
                name="escalation_that_is_live",
            ),
        ]

    def __str__(self) -> str:
        return f"Escalation of {reference_of(self.case_id)}"

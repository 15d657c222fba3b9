"""Appeals as rows: where each case type's are heard, and each appeal from its arrival to its answer."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from audits.states import AppealState
from cases.models import Case, CaseType, Decision
from hitl_platform.tenants.owned import TenantForeignKey, TenantOneToOneField, TenantOwned
from reviews.models import Queue


class AppealDoor(models.TextChoices):
    """How an appeal came in."""

    API = "api"
    LINK = "link"


class AppealOutcome(models.TextChoices):
    """What the person is told: the decision stands, or it does not, or not in all of it."""

    UPHELD = "upheld"
    REVERSED = "reversed"
    PARTLY = "partly"


class AppealRule(TenantOwned):
    """Where appeals of a case type are heard, until when one may appeal, and within which time it is answered."""

    id = None  # type: ignore[assignment]  # Django's way to leave an inherited field out
    case_type = TenantOneToOneField(CaseType, primary_key=True, related_name="+")
    queue = TenantForeignKey(Queue, related_name="+")
    template_key = models.TextField()
    # a span such as 10d, in the working time of the calendar (none: round the clock)
    answer_within = models.TextField()
    calendar_key = models.TextField(default="", blank=True)
    # how many days after the decision an appeal may come
    open_days = models.SmallIntegerField()
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.CheckConstraint(condition=Q(open_days__range=(1, 3_650)), name="no_appeal_window_out_of_range")
        ]

    def __str__(self) -> str:
        return f"appeals of {self.case_type_id}"


class Appeal(TenantOwned):
    """One appeal against one decision. `statement` and `answer` are words about a person and can be erased."""

    case = TenantForeignKey(Case, related_name="+")
    case_type = TenantForeignKey(CaseType, related_name="+")
    # what is appealed against, and what the panel came to
    decision = TenantForeignKey(Decision, related_name="+")
    result = TenantForeignKey(Decision, null=True, related_name="+")
    state = models.TextField(default=AppealState.RECEIVED, choices=[(s.value, s.value) for s in AppealState])
    door = models.TextField(choices=AppealDoor.choices)
    statement = models.TextField()
    received_at = models.DateTimeField(default=timezone.now)
    # by when it is to be answered; it runs from the arrival, whenever somebody is found to hear it
    due_at = models.DateTimeField()
    # why nobody hears it yet, in words
    waits_for = models.TextField(default="")
    panel_id = models.UUIDField(null=True)
    sent_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)
    outcome = models.TextField(default="", choices=[("", "none yet"), *AppealOutcome.choices])
    answer = models.TextField(default="")
    answered_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_because = models.TextField(default="")

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "decision"],
                condition=~Q(state=AppealState.WITHDRAWN),
                name="no_second_appeal_of_one_decision",
            ),
            models.CheckConstraint(condition=Q(state__in=list(AppealState)), name="no_unknown_appeal_state"),
            models.CheckConstraint(
                condition=~Q(state=AppealState.DECIDED)
                | Q(result__isnull=False, answered_by__isnull=False, decided_at__isnull=False) & ~Q(outcome=""),
                name="no_appeal_decided_without_an_answer",
            ),
            models.CheckConstraint(
                condition=~Q(state=AppealState.IN_REVIEW) | Q(panel_id__isnull=False),
                name="no_appeal_in_review_without_a_panel",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "case"], name="appeal_of_case"),
            models.Index(
                fields=["tenant", "due_at"],
                condition=Q(state__in=[AppealState.RECEIVED, AppealState.IN_REVIEW]),
                name="appeal_by_due",
            ),
        ]

    def __str__(self) -> str:
        return f"appeal against {self.decision_id}"

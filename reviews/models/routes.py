"""What the platform decides alone, and why each case went where it went."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cases.models import Case, CaseType, CaseTypeVersion
from hitl_platform.tenants.owned import TenantForeignKey, TenantOwned
from reviews.models.queues import Queue
from reviews.references import reference_of
from reviews.states import PolicyState


class RoutingPolicy(TenantOwned):
    """What the platform decides alone and whom it asks otherwise; a trigger freezes it once approved."""

    case_type = TenantForeignKey(CaseType, related_name="+")
    version = models.IntegerField()
    # the definition of the case type that the rules were checked against
    type_version = TenantForeignKey(CaseTypeVersion, related_name="+")
    state = models.TextField(default=PolicyState.DRAFT, choices=[(s.value, s.value) for s in PolicyState])
    definition = models.JSONField()
    created_by = models.UUIDField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    approved_by = models.UUIDField(null=True)
    approved_at = models.DateTimeField(null=True)
    activated_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        verbose_name_plural = "routing policies"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "case_type", "version"], name="no_policy_version_twice"),
            models.UniqueConstraint(
                fields=["tenant", "case_type"], condition=Q(state="active"), name="no_two_active_policies"
            ),
            models.CheckConstraint(condition=Q(state__in=list(PolicyState)), name="no_unknown_policy_state"),
            models.CheckConstraint(
                condition=Q(state="draft") | (Q(approved_by__isnull=False) & ~Q(approved_by=F("created_by"))),
                name="no_policy_approved_by_its_author",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_type} policy v{self.version}"


class RoutingRecord(TenantOwned):
    """Why a case went where it went. `cause` is a code of `routing.Route`; `conditions` tells it in words."""

    case = TenantForeignKey(Case, related_name="routing_records")
    policy = TenantForeignKey(RoutingPolicy, null=True, related_name="+")
    prediction_id = models.UUIDField(null=True)
    route = models.TextField(choices=[("auto", "auto"), ("review", "review")])
    label = models.TextField(null=True)
    queue = TenantForeignKey(Queue, null=True, related_name="+")
    cause = models.TextField()
    rule = models.TextField(default="")
    conditions = models.JSONField()
    thresholds = models.JSONField()
    # with which probability the case was sent to people: 1 or 0 while nothing is sampled
    sampling_probability = models.FloatField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    event_id = models.UUIDField()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.CheckConstraint(
                condition=Q(route="auto", label__isnull=False, queue__isnull=True)
                | Q(route="review", label__isnull=True, queue__isnull=False),
                name="no_route_to_nowhere",
            ),
            models.CheckConstraint(
                condition=Q(sampling_probability__gte=0, sampling_probability__lte=1),
                name="no_sampling_probability_out_of_range",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "case", "created_at"], name="routing_of_case")]

    def __str__(self) -> str:
        return f"Routing of {reference_of(self.case_id)}"

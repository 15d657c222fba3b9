"""How long cases are kept, which are held whatever the rules say, and what was let go."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from audits.states import RetentionState
from cases.models import Case, CaseType
from hitl_platform.tenants.owned import TenantForeignKey, TenantOwned


class RetentionRule(TenantOwned):
    """How long closed cases of a type stay whole, and what goes then: one version, as its author wrote it.

    Terms count from the decision, or from the withdrawal, in calendar months. Reducing leaves `kept_fields` of the
    payload and `kept_attributes` of the protected attributes; erasing leaves nothing of either.
    """

    case_type = TenantForeignKey(CaseType, related_name="+")
    version = models.IntegerField()
    # the law or the policy that it follows
    basis = models.TextField()
    reduce_after_months = models.SmallIntegerField(null=True)
    kept_fields = ArrayField(models.TextField(), default=list)
    kept_attributes = ArrayField(models.TextField(), default=list)
    erase_after_months = models.SmallIntegerField(null=True)
    state = models.TextField(default=RetentionState.DRAFT, choices=[(s.value, s.value) for s in RetentionState])
    created_by = models.UUIDField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    activated_by = models.UUIDField(null=True)
    activated_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "case_type", "version"], name="no_retention_version_twice"),
            models.UniqueConstraint(
                fields=["tenant", "case_type"], condition=Q(state="active"), name="no_two_active_retention_rules"
            ),
            models.CheckConstraint(condition=Q(state__in=list(RetentionState)), name="no_unknown_retention_state"),
            models.CheckConstraint(
                condition=Q(state="draft")
                | (Q(activated_by__isnull=False) & ~Q(activated_by=F("created_by")))
                | Q(state="retired", activated_by__isnull=True),
                name="no_retention_rule_activated_by_its_author",
            ),
            models.CheckConstraint(
                condition=Q(reduce_after_months__gte=1) | Q(erase_after_months__gte=1),
                name="no_retention_rule_without_effect",
            ),
            models.CheckConstraint(
                condition=Q(reduce_after_months__isnull=True)
                | Q(erase_after_months__isnull=True)
                | Q(erase_after_months__gt=F("reduce_after_months")),
                name="no_erasure_before_the_reduction",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_type} retention v{self.version}"


class LegalHold(TenantOwned):
    """A case that stays whole, whatever rules and requests say, until the hold is lifted."""

    case = TenantForeignKey(Case, related_name="+")
    reason = models.TextField()
    placed_by = models.UUIDField()
    placed_at = models.DateTimeField(default=timezone.now, editable=False)
    lifted_by = models.UUIDField(null=True)
    lifted_at = models.DateTimeField(null=True)
    lift_reason = models.TextField(default="")

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "case"], condition=Q(lifted_at__isnull=True), name="no_second_hold_of_one_case"
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="no_hold_lifted_by_nobody",
            ),
        ]

    def __str__(self) -> str:
        return f"hold of {self.case_id}"


class RetentionRun(TenantOwned):
    """One carrying out of a rule: how many cases it planned, and what became of them. The pipeline does the work."""

    rule = TenantForeignKey(RetentionRule, related_name="runs")
    # cases closed by the terms before this moment
    as_of = models.DateTimeField()
    # nobody where it was the day's own
    started_by = models.UUIDField(null=True)
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    planned = models.IntegerField()
    reduced = models.IntegerField(default=0)
    erased = models.IntegerField(default=0)
    # kept back after all: held, opened again, or the rule is no longer in force
    kept = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.CheckConstraint(
                condition=Q(planned__gte=F("reduced") + F("erased") + F("kept") + F("failed")),
                name="no_more_done_than_planned",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "rule", "-id"], name="run_of_rule")]

    def __str__(self) -> str:
        return f"run of {self.rule_id}"

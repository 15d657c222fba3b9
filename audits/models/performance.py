"""What money and people say of decisions: the baseline that a saving is measured against, and subjects' marks."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from cases.models import Case, CaseType
from hitl_platform.tenants.owned import TenantForeignKey, TenantOwned

MOST_STARS = 5


class Baseline(TenantOwned):
    """What a decision cost before, and what work costs now, as somebody declared it: the last version stands.

    Money is in `currency`. `cost_per_decision` is what one decision cost without the platform; an hour of a
    reviewer's active time costs `cost_per_hour`, and a decision that no person made `cost_per_automatic`.
    """

    case_type = TenantForeignKey(CaseType, related_name="+")
    version = models.IntegerField()
    currency = models.TextField()
    cost_per_decision = models.DecimalField(max_digits=12, decimal_places=4)
    cost_per_hour = models.DecimalField(max_digits=12, decimal_places=4)
    cost_per_automatic = models.DecimalField(max_digits=12, decimal_places=4)
    # where the figures come from, for whoever doubts the saving
    source = models.TextField()
    declared_by = models.UUIDField()
    declared_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "case_type", "version"], name="no_baseline_version_twice"),
            models.CheckConstraint(
                condition=Q(cost_per_decision__gt=0) & Q(cost_per_hour__gte=0) & Q(cost_per_automatic__gte=0),
                name="no_baseline_below_nothing",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.version}"


class Satisfaction(TenantOwned):
    """How a subject found the way a case was decided, 1 to 5; of several, the last one counts."""

    case = TenantForeignKey(Case, related_name="+")
    stars = models.SmallIntegerField()
    # the answer's id where it was given, so that it is not counted twice
    reference = models.TextField()
    given_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "case", "reference"], name="no_satisfaction_counted_twice"),
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=MOST_STARS), name="no_stars_out_of_range"),
        ]

    def __str__(self) -> str:
        return f"{self.stars} of {MOST_STARS}"

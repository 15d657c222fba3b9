"""What people said on their seats, and what a panel's judgments add up to."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cases.models import Case, CaseType
from hitl_platform.tenants.owned import TenantForeignKey, TenantOwned
from reviews.models.panels import Panel, Purpose, Seat, SeatKind
from reviews.references import name_on_panel


class Judgment(TenantOwned):
    """One reviewer's verdict on one seat. Immutable: an undone one is kept and marked as superseded."""

    seat = TenantForeignKey(Seat, related_name="judgments")
    panel = TenantForeignKey(Panel, related_name="judgments")
    case = TenantForeignKey(Case, related_name="+")
    case_type = TenantForeignKey(CaseType, related_name="+")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    kind = models.TextField(choices=SeatKind.choices)
    label = models.TextField()
    # the blind answer, where advice was shown after it
    first_label = models.TextField(null=True)
    advice_shown = models.BooleanField()
    # why it was asked for, and whether its seat was of the arm without advice
    purpose = models.TextField(choices=Purpose.choices, default=Purpose.LIVE)
    control = models.BooleanField(default=False)
    stage = models.SmallIntegerField(default=0)
    # what the reviewer marked as evidence: [{"field": …, "start": 3, "end": 9} or {"field": …, "box": [x, y, w, h]}]
    evidence = models.JSONField(default=list)
    held_seconds = models.FloatField(default=0.0)
    # how much there was to read, in characters
    content_length = models.IntegerField(default=0)
    rationale = models.TextField(default="")
    reason_codes = ArrayField(models.TextField(), default=list)
    # seconds in which the reviewer was at it, as the page counts them: no hidden tab, no idle time
    active_seconds = models.FloatField(null=True)
    claimed_at = models.DateTimeField()
    first_viewed_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    judged_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "seat"],
                condition=Q(superseded_at__isnull=True),
                name="no_second_judgment_on_one_seat",
            ),
            models.UniqueConstraint(
                fields=["tenant", "panel", "reviewer"],
                condition=Q(superseded_at__isnull=True),
                name="no_second_vote_on_one_panel",
            ),
            models.CheckConstraint(condition=Q(active_seconds__gte=0), name="no_negative_active_time"),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "case_type", "-judged_at"],
                condition=Q(superseded_at__isnull=True, kind="reviewer", purpose="live"),
                name="judgment_history",
            ),
            models.Index(fields=["tenant", "reviewer", "-judged_at"], name="judgment_by_reviewer"),
        ]

    def __str__(self) -> str:
        is_live = self.purpose == Purpose.LIVE
        return f"{self.label} on {name_on_panel(self.case_id, panel_id=self.panel_id, is_live=is_live)}"


class Consensus(TenantOwned):
    """What a panel's judgments add up to by one method; every method's answer is kept, one is `chosen`."""

    panel = TenantForeignKey(Panel, related_name="consensuses")
    method = models.TextField(choices=[("majority", "majority"), ("dawid_skene", "dawid_skene")])
    # {label: probability}; of majority, the share of votes
    posterior = models.JSONField()
    label = models.TextField()
    confidence = models.FloatField()
    # share of pairs of judgments that agree; one judgment alone agrees with itself
    agreement = models.FloatField()
    votes = models.SmallIntegerField()
    # how many earlier judgments of the case type the estimate rests on
    history = models.IntegerField(default=0)
    chosen = models.BooleanField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        verbose_name_plural = "consensus"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "panel", "method"], name="no_consensus_twice"),
            models.UniqueConstraint(fields=["tenant", "panel"], condition=Q(chosen=True), name="no_two_chosen"),
        ]

    def __str__(self) -> str:
        return f"{self.label} by {self.method}"

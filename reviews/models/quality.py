"""How good the work is, as rows: known answers, what was measured against them, and due process for who is measured.

No field here is called `case`: events about these rows stay out of the case's own timeline.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cases.models import Case, CaseType
from hitl_platform.tenants.owned import TenantForeignKey, TenantOwned
from reviews.models.judging import Judgment
from reviews.models.panels import Panel, Purpose, Seat
from reviews.models.queues import Queue
from reviews.states import ContestState, GoldState


class GoldItem(TenantOwned):
    """A decided case with a known answer. One person proposes it, another approves it."""

    known_case = TenantForeignKey(Case, related_name="+")
    case_type = TenantForeignKey(CaseType, related_name="+")
    label = models.TextField()
    # answers that count as right as well
    accepted = ArrayField(models.TextField(), default=list)
    # shown to whoever missed it, once it is told
    why = models.TextField()
    state = models.TextField(default=GoldState.PROPOSED, choices=[(s.value, s.value) for s in GoldState])
    proposed_by = models.UUIDField()
    proposed_at = models.DateTimeField(default=timezone.now, editable=False)
    approved_by = models.UUIDField(null=True)
    approved_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "known_case"], condition=~Q(state="retired"), name="no_two_gold_items_of_one_case"
            ),
            models.CheckConstraint(condition=Q(state__in=list(GoldState)), name="no_unknown_gold_state"),
            models.CheckConstraint(
                condition=~Q(state="active") | Q(approved_by__isnull=False), name="no_gold_without_a_second_person"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "case_type"], condition=Q(state="active"), name="active_gold_of_a_type")
        ]

    def __str__(self) -> str:
        return f"gold: {self.label}"

    def is_right(self, label: str) -> bool:
        """Whether an answer counts as right."""
        return label == self.label or label in self.accepted


class HiddenSeat(TenantOwned):
    """A seat that is not what it looks like to its reviewer, and why it was opened for this person.

    `probability` is that of the draw which chose the case among those that could have been.
    """

    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    queue = TenantForeignKey(Queue, related_name="+")
    seat = TenantForeignKey(Seat, related_name="+")
    panel = TenantForeignKey(Panel, related_name="+")
    purpose = models.TextField(choices=Purpose.choices)
    gold_item = TenantForeignKey(GoldItem, null=True, related_name="+")
    decision_id = models.UUIDField(null=True)
    # after how many of this person's seats in the queue it comes
    position = models.IntegerField()
    probability = models.FloatField()
    opened_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "reviewer", "gold_item"], name="no_gold_item_twice_for_one_person"
            ),
            models.UniqueConstraint(
                fields=["tenant", "reviewer", "queue", "position"], name="no_two_hidden_seats_at_one_place"
            ),
            models.UniqueConstraint(fields=["tenant", "decision_id"], name="no_decision_reviewed_twice"),
            models.UniqueConstraint(fields=["tenant", "panel"], name="no_hidden_panel_twice"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} at {self.position}"


class GoldResult(TenantOwned):
    """One judgment against the known answer. A corrected item makes new results; the earlier ones stay."""

    gold_item = TenantForeignKey(GoldItem, related_name="results")
    judgment = TenantForeignKey(Judgment, related_name="+")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    queue = TenantForeignKey(Queue, related_name="+")
    case_type = TenantForeignKey(CaseType, related_name="+")
    label = models.TextField()
    expected = models.TextField()
    is_right = models.BooleanField()
    # what the reviewer had been shown the model to say, if anything
    advice_label = models.TextField(null=True)
    # an item that proved wrong says nothing of who answered it
    counts = models.BooleanField(default=True)
    because = models.TextField(default="assessed")
    judged_at = models.DateTimeField()
    assessed_at = models.DateTimeField(default=timezone.now, editable=False)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "judgment"],
                condition=Q(superseded_at__isnull=True),
                name="no_two_results_of_one_judgment",
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "case_type", "reviewer"],
                condition=Q(superseded_at__isnull=True),
                name="gold_result_that_stands",
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} for {self.expected}"


class SecondReview(TenantOwned):
    """A decision judged blind once more by somebody who had no part in it. It never changes the decision."""

    panel = TenantForeignKey(Panel, related_name="+")
    queue = TenantForeignKey(Queue, related_name="+")
    case_type = TenantForeignKey(CaseType, related_name="+")
    decision_id = models.UUIDField()
    made_by = models.TextField()
    decided_label = models.TextField()
    judgment = TenantForeignKey(Judgment, related_name="+")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    label = models.TextField()
    agrees = models.BooleanField()
    probability = models.FloatField()
    assessed_at = models.DateTimeField(default=timezone.now, editable=False)
    seen_at = models.DateTimeField(null=True)
    seen_by = models.UUIDField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "panel"], name="no_second_review_counted_twice"),
        ]
        indexes = [
            models.Index(fields=["tenant", "queue", "made_by", "-assessed_at"], name="second_review_by_queue"),
        ]

    def __str__(self) -> str:
        return f"{self.label} after {self.decided_label}"


class CompetenceSnapshot(TenantOwned):
    """How a reviewer answers in a case type, as it was known then: rows are the true labels, columns the given.

    `counts` are what was seen; `mean`, `low` and `high` the shrunken shares with their 95 % intervals. The newest
    snapshot of a source stands; none is ever changed.
    """

    SOURCES = ("gold", "panels", "outcomes")

    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    case_type = TenantForeignKey(CaseType, related_name="+")
    source = models.TextField(choices=[(source, source) for source in SOURCES])
    labels = ArrayField(models.TextField())
    counts = models.JSONField()
    mean = models.JSONField()
    low = models.JSONField()
    high = models.JSONField()
    right = models.IntegerField()
    total = models.IntegerField()
    strength = models.FloatField()
    because = models.TextField()
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        indexes = [
            models.Index(fields=["tenant", "reviewer", "case_type", "source", "-id"], name="newest_competence"),
        ]

    def __str__(self) -> str:
        return f"{self.right} of {self.total} by {self.source}"


class QualityRule(TenantOwned):
    """What a queue asks of its reviewers' gold answers, and when they are told of those they missed."""

    queue = TenantForeignKey(Queue, related_name="quality_rules")
    # paused when the share of right answers is below this beyond chance, from so many items on; none: nobody is
    pause_below = models.FloatField(null=True)
    pause_after = models.SmallIntegerField(default=10)
    # the share of the queue's first gold items that must be right; none: no entry quiz
    quiz_at_least = models.FloatField(null=True)
    # how many judgments later a missed item is told, so that it cannot be told apart while it is live
    reveal_after = models.SmallIntegerField(default=20)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "queue"], name="no_two_quality_rules_of_one_queue"),
            models.CheckConstraint(
                condition=(Q(pause_below__isnull=True) | Q(pause_below__range=(0, 1)))
                & (Q(quiz_at_least__isnull=True) | Q(quiz_at_least__range=(0, 1)))
                & Q(pause_after__range=(1, 1_000), reveal_after__range=(1, 1_000)),
                name="no_quality_rule_out_of_range",
            ),
        ]

    def __str__(self) -> str:
        return "Quality rule"


class ReviewerPause(TenantOwned):
    """Somebody takes no seats of a case type (of any, without one) until a person lifts it, with a reason."""

    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    case_type = TenantForeignKey(CaseType, null=True, related_name="+")
    reason = models.TextField()
    evidence = models.JSONField(default=dict)
    paused_at = models.DateTimeField(default=timezone.now, editable=False)
    # none: the rule of a queue
    paused_by = models.UUIDField(null=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.UUIDField(null=True)
    lift_reason = models.TextField(default="")

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "reviewer", "case_type"],
                condition=Q(lifted_at__isnull=True),
                nulls_distinct=False,
                name="no_second_pause_of_one_kind",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True) | (Q(lifted_by__isnull=False) & ~Q(lift_reason="")),
                name="no_lift_without_person_and_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"Pause: {self.reason[:60]}"


class GoldContest(TenantOwned):
    """A reviewer's word against a gold item that they missed; a manager who is not its author decides."""

    gold_item = TenantForeignKey(GoldItem, related_name="contests")
    judgment = TenantForeignKey(Judgment, related_name="+")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    given = models.TextField()
    reason = models.TextField()
    state = models.TextField(default=ContestState.OPEN, choices=[(s.value, s.value) for s in ContestState])
    contested_at = models.DateTimeField(default=timezone.now, editable=False)
    answer = models.TextField(default="")
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    # what forgiving changed: scores, pauses, panels that would come out differently
    effect = models.JSONField(default=dict)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "judgment"], name="no_judgment_contested_twice"),
            models.CheckConstraint(condition=Q(state__in=list(ContestState)), name="no_unknown_contest_state"),
        ]

    def __str__(self) -> str:
        return f"Contest of “{self.given}”"


class ReviewerHint(TenantOwned):
    """A confusion that somebody has shown several times: told once, later, and never beside the item itself."""

    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    case_type = TenantForeignKey(CaseType, related_name="+")
    chosen = models.TextField()
    right = models.TextField()
    times = models.SmallIntegerField()
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    # not told before this person has judged so often in all
    tell_after = models.IntegerField()
    told_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "reviewer", "case_type", "chosen", "right", "times"], name="no_hint_twice"
            )
        ]

    def __str__(self) -> str:
        return f"{self.chosen} for {self.right}, {self.times} times"


class PracticeAnswer(TenantOwned):
    """An answer for learning, on a past case whose outcome is known. No seat, no judgment: nothing counts."""

    practised_case = TenantForeignKey(Case, related_name="+")
    queue = TenantForeignKey(Queue, related_name="+")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    label = models.TextField()
    outcome = models.TextField()
    answered_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "reviewer", "practised_case"], name="no_case_practised_twice")
        ]

    def __str__(self) -> str:
        return f"{self.label} for {self.outcome}"


class StampFlag(TenantOwned):
    """Evidence that somebody's judgments of a period were not looked at. Its subject sees it and may answer."""

    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    queue = TenantForeignKey(Queue, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField()
    # what was found, in words, and the figures behind them
    words = ArrayField(models.TextField())
    evidence = models.JSONField()
    # how often honest work would be flagged, over everybody in this queue and period
    false_flag_rate = models.FloatField()
    raised_at = models.DateTimeField(default=timezone.now, editable=False)
    answer = models.TextField(default="")
    answered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.UUIDField(null=True)
    conclusion = models.TextField(default="")

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "reviewer", "queue", "since"], name="no_flag_twice"),
        ]

    def __str__(self) -> str:
        return f"Flag for {self.since:%d %b} to {self.until:%d %b %Y}"

"""Panels and their seats: the places that people take."""

from datetime import datetime
from uuid import UUID, uuid5

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils import timezone

from cases.models import Case, CaseType
from hitl_platform.tenants.actor import SYSTEM_NAMESPACE
from hitl_platform.tenants.owned import TenantForeignKey, TenantOwned
from reviews.models.queues import Queue
from reviews.models.routes import RoutingPolicy
from reviews.models.templates import Advice, PanelTemplate
from reviews.references import name_on_panel
from reviews.states import PanelState, SeatState

LIVE_PANEL = (PanelState.OPEN, PanelState.DISPUTED)
# the `why` of a panel that hears an appeal: people alone bring it to its end
APPEAL = "appeal"
# whom the seats of a panel that sleeps are reserved for
NOBODY = uuid5(SYSTEM_NAMESPACE, "snooze")


class SeatKind(models.TextChoices):
    # a claim orders by kind first: an adjudicator is handed disputes before ordinary seats
    ADJUDICATOR = "adjudicator"
    REVIEWER = "reviewer"


class Purpose(models.TextChoices):
    LIVE = "live"
    # a case whose answer is known, hidden among the others: it measures its reviewer
    GOLD = "gold"
    # a decided case, judged blind once more: it measures the decision
    SECOND_REVIEW = "second_review"


class Panel(TenantOwned):
    """One round of human review of one case. Only a `live` one leads to a decision."""

    case = TenantForeignKey(Case, related_name="panels")
    case_type = TenantForeignKey(CaseType, related_name="+")
    queue = TenantForeignKey(Queue, related_name="+")
    template = TenantForeignKey(PanelTemplate, related_name="+")
    policy = TenantForeignKey(RoutingPolicy, null=True, related_name="+")
    state = models.TextField(default=PanelState.OPEN, choices=[(s.value, s.value) for s in PanelState])
    round = models.SmallIntegerField(default=1)
    purpose = models.TextField(choices=Purpose.choices, db_default=Purpose.LIVE, default=Purpose.LIVE)
    # why people are asked, as a code that gives nothing of the model's answer away
    why = models.TextField()
    # what the person concerned says against the decision, where the panel hears an appeal
    plea = models.TextField(db_default="", default="")
    # the draw between the template's full panel and a single seat, and the probability of what was drawn
    is_full = models.BooleanField(db_default=True, default=True)
    drawn_with = models.FloatField(db_default=1.0, default=1.0)
    # what the model said when the panel opened, if anything: the answer that a confirmation confirms
    prediction_id = models.UUIDField(null=True)
    opened_at = models.DateTimeField(default=timezone.now, editable=False)
    disputed_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    # the batch event that tells of the opening
    event_id = models.UUIDField()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "case", "round"], condition=Q(purpose="live"), name="no_round_twice"
            ),
            models.UniqueConstraint(
                fields=["tenant", "case"],
                condition=Q(state__in=LIVE_PANEL, purpose="live"),
                name="no_two_live_panels_of_one_case",
            ),
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="no_unknown_purpose"),
            models.CheckConstraint(condition=Q(drawn_with__gt=0, drawn_with__lte=1), name="no_panel_drawn_by_nothing"),
            models.CheckConstraint(condition=Q(state__in=list(PanelState)), name="no_unknown_panel_state"),
        ]
        # who sat on a case before, asked of every seat that a claim looks at
        indexes = [models.Index(fields=["tenant", "case"], name="panel_of_case")]

    def __str__(self) -> str:
        return f"Panel of {name_on_panel(self.case_id, panel_id=self.pk, is_live=self.purpose == Purpose.LIVE)}"


class Seat(TenantOwned):
    """One place on a panel, leased to one reviewer at a time.

    What a claim asks of case and template is copied here, so that it reads one table. `lease_token` counts the
    leases of the seat: whoever comes with an older one has lost it.
    """

    panel = TenantForeignKey(Panel, related_name="seats")
    case = TenantForeignKey(Case, related_name="+")
    queue = TenantForeignKey(Queue, related_name="+")
    kind = models.TextField(choices=SeatKind.choices, default=SeatKind.REVIEWER)
    state = models.TextField(default=SeatState.OPEN, choices=[(s.value, s.value) for s in SeatState])
    advice = models.TextField(choices=Advice.choices)
    purpose = models.TextField(choices=Purpose.choices, db_default=Purpose.LIVE, default=Purpose.LIVE)
    # which stage of a chain, and whether a refusal here ends it
    stage = models.SmallIntegerField(db_default=0, default=0)
    veto = models.BooleanField(db_default=False, default=False)
    # drawn for the arm that never sees advice; its `advice` is hidden
    control = models.BooleanField(db_default=False, default=False)
    # what it asks of its reviewer, as "skill:level", and whether the panel's teams must differ
    skills = ArrayField(models.TextField(), db_default=Value("{}"), default=list)
    distinct_teams = models.BooleanField(db_default=False, default=False)
    # how many of the panel's people may be of one group, where that is bounded
    most_of_one_group = models.SmallIntegerField(null=True)
    # `skills` as a number: under row-level security an index on the array itself cannot be used
    skill_set = models.GeneratedField(
        expression=Func(F("skills"), Value(0), function="hash_array_extended"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    # handed to one person, who alone may take it until `reserved_until`
    reserved_for = models.UUIDField(null=True)
    reserved_until = models.DateTimeField(null=True)
    # why it stands where it stands in its queue, in words
    priority_cause = models.TextField(db_default="", default="")
    # seconds on hold so far: no part of the time at work
    held_seconds = models.FloatField(db_default=0.0, default=0.0)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+")
    # the case is theirs: neither may ever have this seat
    submitter_id = models.UUIDField(null=True)
    subject_user_id = models.UUIDField(null=True)
    priority = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(default=timezone.now, editable=False)
    lease_token = models.BigIntegerField(default=0)
    lease_ends_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    first_viewed_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    held_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    # who gave it back last: offered to everybody else first
    released_by = models.UUIDField(null=True)
    first_label = models.TextField(null=True)
    answered_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)

    # read along by `queries.get_seat`: the database's clock, the case's definition, the panel's reason, what the actor
    # was granted on the queue; who sits beside it, and what conflicts of interest the actor has
    read_at: datetime
    type_version_id: UUID
    why: str
    granted: list[str]
    voters: list[UUID]
    conflicts: list[str]

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "panel", "reviewer"],
                condition=~Q(state="cancelled"),
                name="no_second_seat_on_one_panel",
            ),
            models.CheckConstraint(condition=Q(state__in=list(SeatState)), name="no_unknown_seat_state"),
            models.CheckConstraint(condition=Q(kind__in=SeatKind.values), name="no_unknown_seat_kind"),
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="no_unknown_purpose_of_a_seat"),
            models.CheckConstraint(
                condition=Q(state="open", reviewer__isnull=True)
                | Q(state="cancelled")
                | Q(state__in=["claimed", "held", "answered", "submitted"], reviewer__isnull=False),
                name="no_holder_of_an_open_seat",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["claimed", "answered"]) | Q(lease_ends_at__isnull=False),
                name="no_claim_without_lease",
            ),
        ]
        indexes = [
            # the claim reads this from the start of each set of skills: priority, due date, age (the id is ordered by
            # time), so that seats which somebody has no skill for cost that person nothing
            models.Index(
                "tenant",
                "queue",
                "kind",
                "skill_set",
                F("priority").desc(),
                "due_at",
                "id",
                condition=Q(state="open"),
                name="seat_next_in_queue",
            ),
            models.Index(
                fields=["tenant", "queue", "lease_ends_at"], condition=Q(state="claimed"), name="seat_by_lease_end"
            ),
            models.Index(
                fields=["tenant", "queue", "reviewer"],
                condition=Q(state__in=["claimed", "held", "answered"]),
                name="seat_in_hand",
            ),
            models.Index(fields=["tenant", "panel"], name="seat_of_panel"),
            # the claim that takes the longest wait, and on every view of the queues how long that is
            models.Index(
                fields=["tenant", "queue", "kind", "skill_set", "opened_at", "id"],
                condition=Q(state="open"),
                name="seat_by_age",
            ),
            models.Index(
                fields=["tenant", "reserved_for", "queue"],
                condition=Q(state="open", reserved_for__isnull=False),
                name="seat_by_reservation",
            ),
        ]

    def __str__(self) -> str:
        is_live = self.purpose == Purpose.LIVE
        return f"Seat on {name_on_panel(self.case_id, panel_id=self.panel_id, is_live=is_live)}"


class SeatDraft(TenantOwned):
    """What a reviewer has written but not submitted; it outlives the lease."""

    seat = TenantForeignKey(Seat, related_name="drafts")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    body = models.JSONField()
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "seat", "reviewer"], name="no_second_draft_of_one_seat")
        ]

    def __str__(self) -> str:
        return f"draft for {self.seat_id}"

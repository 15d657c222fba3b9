"""Human review as rows: who may work where, how cases are routed, and what people say of them.

Records pin what they were made under (a panel its template's version, a routing record its policy), so that
changing a queue, a template or a policy never rewrites what already happened.
"""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from guardian.managers import UserObjectPermissionManager
from guardian.models import UserObjectPermissionBase

from cases.models import Case, CaseType, CaseTypeVersion
from hitl_platform.tenants.owned import TenantForeignKey, TenantManager, TenantOwned
from reviews.states import PanelState, PolicyState, SeatState

LIVE_PANEL = (PanelState.OPEN, PanelState.DISPUTED)


class Mode(models.TextChoices):
    MAJORITY = "majority"
    UNANIMOUS = "unanimous"


class Advice(models.TextChoices):
    HIDDEN = "hidden"
    SHOWN = "shown"
    AFTER_ANSWER = "after_answer"


class SeatKind(models.TextChoices):
    # a claim orders by kind first: an adjudicator is handed disputes before ordinary seats
    ADJUDICATOR = "adjudicator"
    REVIEWER = "reviewer"


class Queue(TenantOwned):
    """Where human work waits. `template_key` names the panel of cases that come without a policy."""

    key = models.TextField()
    name = models.TextField()
    case_type = TenantForeignKey(CaseType, null=True, related_name="+")
    template_key = models.TextField()
    lease_seconds = models.IntegerField(default=900)
    undo_seconds = models.SmallIntegerField(default=10)
    instructions = models.TextField(default="", blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    # read along by `queries.get_queue`: what the actor was granted
    granted: list[str]

    class Meta:
        base_manager_name = "objects"
        permissions = [("work_queue", "Can work in this queue"), ("manage_queue", "Can manage this queue")]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key"], name="no_two_queues_with_one_key"),
            models.CheckConstraint(
                condition=Q(lease_seconds__gte=10, lease_seconds__lte=86_400), name="no_lease_time_out_of_range"
            ),
            models.CheckConstraint(
                condition=Q(undo_seconds__gte=0, undo_seconds__lte=10), name="no_undo_time_out_of_range"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class QueueUserPermissionManager(TenantManager["QueueUserPermission"], UserObjectPermissionManager):
    """Guardian's manager inside the wall. Grants are written by `services.grant_queue`, which records them."""


class QueueUserPermission(TenantOwned, UserObjectPermissionBase):
    """Who may work or manage a queue: guardian's table, with our wall and a constraint that begins at it."""

    content_object = TenantForeignKey(Queue, on_delete=models.CASCADE, related_name="user_permissions")

    objects = QueueUserPermissionManager()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user", "permission", "content_object"], name="no_permission_granted_twice"
            )
        ]
        indexes = [models.Index(fields=["tenant", "content_object"], name="permission_by_queue")]


class PanelTemplate(TenantOwned):
    """How a panel is built: one immutable version of it; new panels take the newest version of a key."""

    key = models.TextField()
    version = models.IntegerField()
    name = models.TextField()
    seats = models.SmallIntegerField()
    mode = models.TextField(choices=Mode.choices, default=Mode.MAJORITY)
    advice = models.TextField(choices=Advice.choices, default=Advice.AFTER_ANSWER)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key", "version"], name="no_template_version_twice"),
            models.CheckConstraint(condition=Q(seats__gte=1, seats__lte=9), name="no_panel_size_out_of_range"),
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="no_unknown_panel_mode"),
            models.CheckConstraint(condition=Q(advice__in=Advice.values), name="no_unknown_advice_mode"),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


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


class Panel(TenantOwned):
    """One round of human review of one case."""

    case = TenantForeignKey(Case, related_name="panels")
    case_type = TenantForeignKey(CaseType, related_name="+")
    queue = TenantForeignKey(Queue, related_name="+")
    template = TenantForeignKey(PanelTemplate, related_name="+")
    policy = TenantForeignKey(RoutingPolicy, null=True, related_name="+")
    state = models.TextField(default=PanelState.OPEN, choices=[(s.value, s.value) for s in PanelState])
    round = models.SmallIntegerField(default=1)
    # why people are asked, as a code that gives nothing of the model's answer away
    why = models.TextField()
    opened_at = models.DateTimeField(default=timezone.now, editable=False)
    disputed_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    # the batch event that tells of the opening
    event_id = models.UUIDField()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "case", "round"], name="no_round_twice"),
            models.UniqueConstraint(
                fields=["tenant", "case"], condition=Q(state__in=LIVE_PANEL), name="no_two_live_panels_of_one_case"
            ),
            models.CheckConstraint(condition=Q(state__in=list(PanelState)), name="no_unknown_panel_state"),
        ]

    def __str__(self) -> str:
        return f"panel of {self.case_id}"


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
        return f"{self.route} of {self.case_id}"


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

    # read along by `queries.get_seat`: the database's clock, the case's definition, the panel's reason, and what
    # the actor was granted on the queue
    read_at: datetime
    type_version_id: UUID
    why: str
    granted: list[str]

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
            # the claim reads this from its start: kind, priority, due date, age (the id is ordered by time)
            models.Index(
                "tenant",
                "queue",
                "kind",
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
            # how long the longest wait is, on every view of the queues
            models.Index(fields=["tenant", "queue", "opened_at"], condition=Q(state="open"), name="seat_by_age"),
        ]

    def __str__(self) -> str:
        return f"seat on {self.panel_id}"


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
                condition=Q(superseded_at__isnull=True, kind="reviewer"),
                name="judgment_history",
            ),
            models.Index(fields=["tenant", "reviewer", "-judged_at"], name="judgment_by_reviewer"),
        ]

    def __str__(self) -> str:
        return f"{self.label} on {self.seat_id}"


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
        constraints = [
            models.UniqueConstraint(fields=["tenant", "panel", "method"], name="no_consensus_twice"),
            models.UniqueConstraint(fields=["tenant", "panel"], condition=Q(chosen=True), name="no_two_chosen"),
        ]

    def __str__(self) -> str:
        return f"{self.label} by {self.method}"

"""Who may be asked for what: skills, caps, absences, conflicts of interest, and what was skipped."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from hitl_platform.tenants.owned import TenantForeignKey, TenantOwned
from reviews.models.panels import Panel, Seat
from reviews.models.queues import Queue


class ReviewerProfile(TenantOwned):
    """Where a reviewer belongs, and how much one day may bring."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    # panels may ask that no two seats go to one team, or at most so many to one group; "" belongs to none
    team = models.TextField(default="")
    group = models.TextField(default="", db_column="group_key")
    # cases a day over all queues, and the greatest share of what a queue hands out in a day
    max_per_day = models.IntegerField(null=True)
    max_share = models.FloatField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user"], name="no_second_profile"),
            models.CheckConstraint(
                condition=(Q(max_per_day__isnull=True) | Q(max_per_day__gte=0))
                & (Q(max_share__isnull=True) | Q(max_share__gt=0, max_share__lte=1)),
                name="no_cap_of_a_reviewer_out_of_range",
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)


class ReviewerSkill(TenantOwned):
    """What a reviewer can do, and how well; a language is the skill `lang-de`."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    skill = models.TextField()
    level = models.SmallIntegerField(default=1)
    expires_at = models.DateTimeField(null=True)
    set_by = models.UUIDField()
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user", "skill"], name="no_skill_twice"),
            models.CheckConstraint(condition=Q(level__range=(1, 5)), name="no_skill_level_out_of_range"),
        ]

    def __str__(self) -> str:
        return f"{self.skill} {self.level}"


class QueueCap(TenantOwned):
    """How much of a queue one day may bring to one person, or (without a user) to each of the others."""

    queue = TenantForeignKey(Queue, related_name="caps")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+")
    per_day = models.IntegerField(null=True)
    share = models.FloatField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "queue", "user"], nulls_distinct=False, name="no_second_cap_of_one_person"
            ),
            models.CheckConstraint(
                condition=(Q(per_day__isnull=True) | Q(per_day__gte=0))
                & (Q(share__isnull=True) | Q(share__gt=0, share__lte=1)),
                name="no_cap_out_of_range",
            ),
        ]

    def __str__(self) -> str:
        return f"cap of {self.user or 'everybody'} in {self.queue}"


class ReviewerLoad(TenantOwned):
    """How many seats a reviewer was handed in a queue: ever, and (less those given back) on the day of the last one.

    Written by the claim itself. Days begin at midnight UTC.
    """

    queue = TenantForeignKey(Queue, related_name="+")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    taken = models.IntegerField(default=0)
    day = models.DateField()
    today = models.IntegerField(default=0)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "queue", "reviewer"], name="no_second_load_of_one_reviewer")
        ]
        indexes = [models.Index(fields=["tenant", "reviewer"], name="load_of_reviewer")]

    def __str__(self) -> str:
        return f"{self.taken} of {self.queue_id}"


class Absence(TenantOwned):
    """A time in which a person takes nothing; at its start what is in the person's hands goes to others."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.TextField(default="")
    declared_by = models.UUIDField()
    declared_at = models.DateTimeField(default=timezone.now, editable=False)
    # back sooner than declared, or never gone
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="no_absence_that_never_begins")
        ]
        indexes = [
            models.Index(
                fields=["tenant", "user", "ends_at"], condition=Q(withdrawn_at__isnull=True), name="absence_by_end"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} is away"


class InterestKind(models.TextChoices):
    # cases about one subject, by the reference that came with them
    SUBJECT = "subject", "Cases about a subject"
    # cases that another member brought in or is the subject of
    PERSON = "person", "Cases of another member"
    # cases in whose declared field (a facet) somebody outside is named
    PARTY = "party", "Cases that name a party"


class ConflictOfInterest(TenantOwned):
    """Somebody stands too near to certain cases to judge them. Declared; what can be derived never stands here."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    kind = models.TextField(choices=InterestKind.choices)
    # the subject's reference, the other member's id, or the party's name in the field `facet_key`
    about = models.TextField()
    facet_key = models.TextField(default="")
    note = models.TextField(default="")
    declared_by = models.UUIDField()
    declared_at = models.DateTimeField(default=timezone.now, editable=False)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.UUIDField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user", "kind", "facet_key", "about"],
                condition=Q(lifted_at__isnull=True),
                name="no_conflict_declared_twice",
            ),
            models.CheckConstraint(condition=Q(kind__in=InterestKind.values), name="no_unknown_kind_of_conflict"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_kind_display()}"


class SkipMeaning(models.TextChoices):
    TO_OTHERS = "to_others", "Never to me: others judge it"
    LATER = "later", "To me again later"
    # no wish about who: others are asked first, and this person again when nothing else is left
    IGNORE = "ignore", "Only this time"


class SeatSkip(TenantOwned):
    """A panel that somebody passed over: all of its seats, until then or until so many cases were taken."""

    panel = TenantForeignKey(Panel, related_name="+")
    seat = TenantForeignKey(Seat, related_name="+")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    meaning = models.TextField(choices=SkipMeaning.choices)
    reason = models.TextField()
    until_at = models.DateTimeField(null=True)
    # counted by ReviewerLoad.taken in the seat's queue
    until_taken = models.IntegerField(null=True)
    skipped_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "panel", "reviewer"], name="no_second_skip_of_one_panel"),
            models.CheckConstraint(condition=Q(meaning__in=SkipMeaning.values), name="no_unknown_meaning_of_a_skip"),
            models.CheckConstraint(
                condition=~Q(meaning="later") | Q(until_at__isnull=False) | Q(until_taken__isnull=False),
                name="no_later_without_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.meaning} of {self.panel_id}"

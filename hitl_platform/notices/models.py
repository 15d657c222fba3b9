"""What a person is told, and how each person wants to be told."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from hitl_platform.tenants.owned import TenantOwned


class Kind(models.TextChoices):
    HANDED_OVER = "handed_over", "A case is handed to me"
    MENTION = "mention", "Somebody mentions me"
    ESCALATION = "escalation", "A case is escalated to me"
    SLA_AT_RISK = "sla_at_risk", "A case is soon overdue"
    SLA_BREACHED = "sla_breached", "A case is overdue"
    PAUSED = "paused", "I am paused, or no longer"
    PAUSE_LIFTED = "pause_lifted", "My pause is lifted"
    CONTEST_ANSWERED = "contest_answered", "My contest is answered"
    ABSENCE_RESEATED = "absence_reseated", "My cases went to others while I am absent"
    INVITATION = "invitation", "I am let into an organisation"
    AUDIT = "audit", "A bias audit is finished, or a ratio left its band"


class Delivery(models.TextChoices):
    MAIL = "mail", "Here, and by mail at once"
    DIGEST = "digest", "Here, and in a mail a day"
    HERE = "here", "Here alone"
    NONE = "none", "Not at all"


# what concerns a person's own rights or work is always shown here, whatever else is chosen
ALWAYS_SHOWN = frozenset(
    {Kind.HANDED_OVER, Kind.ESCALATION, Kind.PAUSED, Kind.PAUSE_LIFTED, Kind.CONTEST_ANSWERED, Kind.INVITATION}
)
DEFAULTS: dict[str, str] = {
    **dict.fromkeys(Kind.values, Delivery.MAIL.value),
    Kind.SLA_AT_RISK: Delivery.HERE.value,
    Kind.SLA_BREACHED: Delivery.DIGEST.value,
    Kind.ABSENCE_RESEATED: Delivery.DIGEST.value,
}


class Notice(TenantOwned):
    """One thing told to one person. Its text names cases by their short reference alone and never says what is in them.

    `mailed_at` is when the mail server took it; `delivery` is what the person had chosen when it was written.
    """

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    kind = models.TextField(choices=Kind.choices)
    subject = models.TextField()
    text = models.TextField()
    # where it leads, within the site
    path = models.TextField()
    dedupe_key = models.TextField()
    delivery = models.TextField(choices=Delivery.choices)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    read_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "recipient", "kind", "dedupe_key"], name="no_notice_twice"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="no_unknown_kind_of_notice"),
            models.CheckConstraint(condition=Q(path__startswith="/"), name="no_notice_that_leads_away"),
        ]
        indexes = [
            models.Index(fields=["tenant", "recipient", "-created_at"], name="notice_of_person"),
            models.Index(fields=["tenant", "recipient"], condition=Q(read_at__isnull=True), name="notice_unread"),
        ]

    def __str__(self) -> str:
        return self.subject


class NoticePreference(TenantOwned):
    """How one person wants to be told of one kind; without a row, as DEFAULTS say."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    kind = models.TextField(choices=Kind.choices)
    delivery = models.TextField(choices=Delivery.choices)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "person", "kind"], name="no_second_preference"),
            models.CheckConstraint(condition=Q(delivery__in=Delivery.values), name="no_unknown_delivery"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.delivery}"

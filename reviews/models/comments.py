"""What people who work on a case say to each other, and how a person wants distressing content shown."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from cases.models import Case
from hitl_platform.tenants.owned import TenantForeignKey, TenantOwned
from reviews.models.panels import Panel, Seat


class CaseComment(TenantOwned):
    """A remark on a case, written from a seat; immutable. Who else may read it is decided in `reviews.pages`."""

    case = TenantForeignKey(Case, related_name="+")
    panel = TenantForeignKey(Panel, related_name="comments")
    seat = TenantForeignKey(Seat, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    text = models.TextField()
    # members whom it names with @
    mentioned = ArrayField(models.UUIDField(), default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [models.CheckConstraint(condition=~models.Q(text=""), name="no_empty_comment")]
        indexes = [models.Index(fields=["tenant", "panel", "created_at"], name="comment_of_panel")]

    def __str__(self) -> str:
        return f"comment on {self.case_id}"


class ContentCare(TenantOwned):
    """What one person wants of content that may distress; without a row all of it is on."""

    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    blurs = models.BooleanField(default=True)
    greys = models.BooleanField(default=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "reviewer"], name="no_second_care_of_one_reviewer")]

    def __str__(self) -> str:
        return f"care of {self.reviewer_id}"

"""Where human work waits, who may work there, and how a panel is built."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from guardian.managers import UserObjectPermissionManager
from guardian.models import UserObjectPermissionBase

from cases.models import CaseType
from hitl_platform.tenants.owned import TenantForeignKey, TenantManager, TenantOwned


class Mode(models.TextChoices):
    MAJORITY = "majority"
    UNANIMOUS = "unanimous"


class Advice(models.TextChoices):
    HIDDEN = "hidden"
    SHOWN = "shown"
    AFTER_ANSWER = "after_answer"


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

    objects: ClassVar[QueueUserPermissionManager] = QueueUserPermissionManager()

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

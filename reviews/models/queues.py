"""Where human work waits, who may work there, and how a panel is built."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from guardian.managers import UserObjectPermissionManager
from guardian.models import UserObjectPermissionBase

from cases.models import CaseType
from hitl_platform.tenants.owned import TenantForeignKey, TenantManager, TenantOwned


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
    # what every seat here asks of its reviewer: [{"skill": "fraud", "level": 2}, …]
    skills = models.JSONField(db_default=[], default=list)
    # hidden cases with a known answer: the first so many of a reviewer's seats, then each seat with this probability
    gold_first = models.SmallIntegerField(db_default=0, default=0)
    gold_rate = models.FloatField(db_default=0.0, default=0.0)
    # shares of what people, and of what the platform alone decided, that are judged blind a second time
    second_review_rate = models.FloatField(db_default=0.0, default=0.0)
    routine_rate = models.FloatField(db_default=0.0, default=0.0)
    # share of claims that take the seat which waits longest, whatever its priority: nobody sees hard cases alone
    variety_rate = models.FloatField(db_default=0.0, default=0.0)
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
            models.CheckConstraint(
                condition=Q(
                    gold_first__gte=0,
                    gold_rate__range=(0, 1),
                    second_review_rate__range=(0, 1),
                    routine_rate__range=(0, 1),
                    variety_rate__range=(0, 1),
                ),
                name="no_share_out_of_range",
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

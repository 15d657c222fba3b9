"""What the doors themselves remember."""

from django.db import models
from django.utils import timezone

from hitl_platform.tenants.owned import TenantOwned


class IdempotencyRecord(TenantOwned):
    """The answer once given under an `Idempotency-Key`, given again to whoever repeats the request."""

    key = models.TextField()
    fingerprint = models.BinaryField(max_length=32)
    status = models.SmallIntegerField()
    headers = models.JSONField()
    body = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "key"], name="no_idempotency_key_twice")]
        indexes = [models.Index(fields=["tenant", "created_at"], name="idempotency_by_age")]

    def __str__(self) -> str:
        return self.key

"""What must still happen, as rows: the database is the queue."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now

from hitl_platform.pipeline.states import StepState
from hitl_platform.tenants.owned import TenantOwned


class Step(TenantOwned):
    """One obligation, written in the transaction of the fact that causes it.

    `subject_id` and `dedupe_key` say which obligation it is; `case_ids` are the cases it stands for.
    Rows are claimed, completed and freed by the statements of `statements.py` alone.
    """

    kind = models.TextField()
    subject_id = models.UUIDField()
    case_ids = ArrayField(models.UUIDField(), default=list)
    # stored, because counting the array of a large chunk reads it from its overflow table
    case_count = models.GeneratedField(
        expression=Func(F("case_ids"), function="cardinality"),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    dedupe_key = models.TextField(default="")
    # why the step is there, where that is not plain: a later step reads it
    cause = models.TextField(default="")
    state = models.TextField(default=StepState.READY.value, choices=[(s.value, s.value) for s in StepState])
    run_at = models.DateTimeField(db_default=Now())
    # higher goes first
    priority = models.SmallIntegerField(default=0)
    attempt = models.SmallIntegerField(default=0)
    lease_token = models.BigIntegerField(null=True)
    lease_until = models.DateTimeField(null=True)
    # when a doorbell last rang for it
    hinted_at = models.DateTimeField(null=True)
    last_error = models.TextField(default="")
    created_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "subject_id", "kind", "dedupe_key"], name="no_obligation_twice"),
            models.CheckConstraint(condition=Q(state__in=[s.value for s in StepState]), name="no_unknown_step_state"),
            models.CheckConstraint(
                condition=Q(state="leased", lease_token__isnull=False, lease_until__isnull=False)
                | (~Q(state="leased") & Q(lease_token__isnull=True, lease_until__isnull=True)),
                name="no_lease_without_token",
            ),
        ]
        # on live states only: done rows are most rows, and nobody searches them
        indexes = [
            models.Index(
                fields=["tenant", "kind", "-priority", "run_at", "id"],
                condition=Q(state="ready"),
                name="step_ready_in_order",
            ),
            models.Index(fields=["tenant", "lease_until"], condition=Q(state="leased"), name="step_leased"),
            models.Index(fields=["tenant", "kind", "done_at"], condition=Q(state="dead"), name="step_dead"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"

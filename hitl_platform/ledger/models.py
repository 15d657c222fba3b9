"""Rows of the ledger: events and their seals. All but the personal values are append-only."""

from typing import Any

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.expressions import Func
from django.utils.functional import cached_property

from hitl_platform.tenants.owned import TenantForeignKey, TenantOwned


class TransactionIdField(models.BigIntegerField):  # type: ignore[type-arg]  # takes none at run time
    """PostgreSQL's 64-bit transaction id (xid8), read as an int."""

    def get_internal_type(self) -> str:
        return "TransactionIdField"

    def db_type(self, connection: Any) -> str:
        return "xid8"

    @cached_property
    def validators(self) -> list[Any]:
        """None: Django knows no range for a type of ours, and nobody but the database writes it."""
        return []

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> int | None:
        return None if value is None else int(value)


class ClusterIdentity(Func):
    """The identifier that `initdb` gave this database cluster: another one after every logical restore."""

    template = "(pg_control_system()).system_identifier"
    arity = 0


class AuditEvent(TenantOwned):
    """One line of the ledger: who did what to which thing.

    `epoch`, `xid` and `at` are the database's own stamps, which no writer can choose: transaction ids order
    the events of one cluster, and the cluster's identifier tells the ids of one cluster from another's.
    `personal` holds the digests of the values that AuditPersonal keeps.
    """

    epoch = models.BigIntegerField(db_default=ClusterIdentity(), editable=False)
    xid = TransactionIdField(db_default=Func(function="pg_current_xact_id"), editable=False)
    at = models.DateTimeField(db_default=Func(function="statement_timestamp"), editable=False)
    verb = models.TextField()
    actor = models.JSONField()
    subject_type = models.TextField()
    subject_id = models.UUIDField(null=True)
    case_id = models.UUIDField(null=True)
    body = models.JSONField(default=dict)
    personal = models.JSONField(default=dict)

    class Meta:
        base_manager_name = "objects"
        indexes = [
            models.Index(fields=["tenant", "case_id", "at"], condition=Q(case_id__isnull=False), name="event_of_case"),
            models.Index(
                fields=["tenant", "subject_id"],
                condition=Q(subject_id__isnull=False),
                name="event_of_subject",
            ),
            # the sealer's order; ascending, so that inserts touch the last page alone
            models.Index(fields=["epoch", "xid", "id"], name="event_in_seal_order"),
            BrinIndex(fields=["at"], name="event_by_time"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(verb__regex=r"^[a-z][a-z_]*\.[a-z][a-z_]*$"),
                name="no_verb_that_is_not_thing_dot_done",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject_type}"


class AuditPersonal(TenantOwned):
    """A personal value beside its event; erasing the row keeps every proof, for the event holds but a digest."""

    event = TenantForeignKey(AuditEvent, related_name="personal_values")
    name = models.TextField()
    salt = models.BinaryField(max_length=16)
    value = models.TextField()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "event", "name"], name="no_second_value_under_one_name")
        ]

    def __str__(self) -> str:
        return self.name


class AuditLeaf(TenantOwned):
    """The place of an event in its tenant's Merkle tree."""

    # no foreign key: its check would write a lock into every event that is sealed
    id = None  # type: ignore[assignment]  # Django's way to leave out an inherited field
    event_id = models.UUIDField(primary_key=True)
    seq = models.BigIntegerField()
    leaf_hash = models.BinaryField(max_length=32)

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "seq"], name="no_fork_at_one_seq")]

    def __str__(self) -> str:
        return f"seq {self.seq}"


class Checkpoint(TenantOwned):
    """A signed statement: this tenant's tree has `size` leaves and the root `root`.

    `frontier` holds the roots of the perfect subtrees, 32 bytes each, from which the tree grows on.
    """

    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    frontier = models.BinaryField()
    note = models.TextField()
    # for those who hold no signing key; an auditor takes it from another hand
    public_key = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(db_default=Func(function="statement_timestamp"), editable=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "size"], name="no_fork_at_one_size")]

    def __str__(self) -> str:
        return f"{self.size} events"


class SealerState(models.Model):
    """How far the sealer has come in the events of one cluster; its row lock admits one sealer at a time."""

    epoch = models.BigIntegerField(primary_key=True)
    xid = TransactionIdField()
    event_id = models.UUIDField()

    def __str__(self) -> str:
        return f"{self.epoch}: {self.xid}"

"""Reads of the ledger, always for an actor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db import connection
from django.db.models import Q

from hitl_platform.kernel.errors import NotFound, require
from hitl_platform.ledger import permissions
from hitl_platform.ledger.disclosure import body_for
from hitl_platform.ledger.models import AuditEvent, AuditPersonal, Checkpoint
from hitl_platform.ledger.stored import StoredLedger
from hitl_platform.tenants.actor import Actor

_OLDEST_UNSEALED = """
select e.at from ledger_auditevent e
left join ledger_sealerstate s on s.epoch = e.epoch
where e.epoch = (select (pg_control_system()).system_identifier)
and (e.xid, e.id) > (coalesce(s.xid, '0'), coalesce(s.event_id, '00000000-0000-0000-0000-000000000000'))
order by e.xid, e.id limit 1
"""


class HasEvents(Protocol):
    """A case, as far as the ledger knows one: its id, the batch events that were about it too, and if it is open."""

    pk: Any

    @property
    def event_ids(self) -> Sequence[UUID]:
        """The batch events."""

    @property
    def is_open(self) -> bool:
        """Whether somebody may still be asked to judge it."""


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One event of a case's story; of a batch event, this case's part alone; of its body what the actor may see."""

    id: UUID
    at: datetime
    verb: str
    actor: dict[str, Any]
    subject_type: str
    subject_id: UUID | None
    body: dict[str, Any]


def case_events(actor: Actor, case: HasEvents) -> list[CaseEvent]:
    """The events of a case that the actor was allowed to load, in order of time."""
    events = AuditEvent.objects.filter(
        Q(case_id=case.pk) | Q(pk__in=list(case.event_ids)), tenant_id=actor.tenant_id
    ).order_by("at", "id")
    open_cases = {str(case.pk)} if case.is_open else set()
    return [_told_of(case.pk, event, body_for(actor, event, open_cases=open_cases)) for event in events]


def personal_values(actor: Actor, *, event_ids: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
    """The personal values of events by their names; erased ones are not there. Raises Forbidden."""
    require(permissions.can_read_ledger(actor))
    values: dict[UUID, dict[str, str]] = {}
    for row in AuditPersonal.objects.filter(event_id__in=event_ids):
        values.setdefault(row.event_id, {})[row.name] = row.value
    return values


def get_ledger(actor: Actor, *, since: int = 0) -> StoredLedger:
    """The tenant's sealed events from `since` on. Raises Forbidden, NotFound, Invalid."""
    require(permissions.can_read_ledger(actor))
    return StoredLedger(actor.tenant_id, since=since)


def get_checkpoint(actor: Actor) -> Checkpoint:
    """The newest checkpoint. Raises Forbidden, and NotFound where nothing is sealed yet."""
    require(permissions.can_read_ledger(actor))
    checkpoint = Checkpoint.objects.order_by("-size").first()
    if checkpoint is None:
        raise NotFound("Nothing of this ledger is sealed yet.")
    return checkpoint


def oldest_unsealed_at() -> datetime | None:
    """When the oldest event without a seal, of the tenant in force, was recorded; None where all are sealed."""
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST_UNSEALED)
        row = cursor.fetchone()
    at: datetime | None = row[0] if row else None
    return at


def _told_of(case_id: Any, event: AuditEvent, body: dict[str, Any]) -> CaseEvent:
    items = body.pop("items", None)
    if items is not None:
        body |= items.get(str(case_id), {})
    return CaseEvent(event.pk, event.at, event.verb, event.actor, event.subject_type, event.subject_id, body)

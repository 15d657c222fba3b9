"""The one write of the ledger that is no record, erasing what is personal in it; and the record of an export."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from hitl_platform.kernel.errors import NotFound, require
from hitl_platform.ledger import permissions
from hitl_platform.ledger.commands import MAX_ITEMS, command, record, record_batch
from hitl_platform.ledger.models import AuditEvent, AuditPersonal, Checkpoint
from hitl_platform.tenants.actor import Actor

_ERASE = """
delete from ledger_auditpersonal p using ledger_auditevent e
where e.tenant_id = %s and {condition} and p.tenant_id = e.tenant_id and p.event_id = e.id
returning e.id::text, p.name
"""


@command
def erase_personal(*, actor: Actor, event_id: UUID) -> list[str]:
    """Erase the personal values beside an event; answers their names. The digests stay, and so does every proof.

    Raises Forbidden, and NotFound where there is nothing to erase.
    """
    require(permissions.can_erase_personal(actor))
    event = AuditEvent.objects.filter(pk=event_id).first()
    values = AuditPersonal.objects.filter(event_id=event_id)
    names = sorted(values.values_list("name", flat=True))
    if event is None or not names:
        raise NotFound
    values.delete()
    record("personal.erased", event, actor=actor, body={"names": names})
    return names


@command
def erase_personal_of_cases(*, actor: Actor, case_ids: Sequence[UUID]) -> int:
    """Erase the personal values beside every event of these cases; answers beside how many events there were any."""
    return _erase_where(actor, "e.case_id = any(%s)", [list(case_ids)])


@command
def erase_personal_of_subjects(*, actor: Actor, subject_ids: Sequence[UUID]) -> int:
    """Erase the personal values beside the events about these rows; answers beside how many events there were any."""
    return _erase_where(actor, "e.subject_id = any(%s)", [list(subject_ids)])


def _erase_where(actor: Actor, condition: str, values: list[list[UUID]]) -> int:
    require(permissions.can_erase_personal(actor))
    names: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_ERASE.format(condition=condition), [actor.tenant_id, *values])
        for event_id, name in cursor.fetchall():
            names.setdefault(event_id, []).append(name)
    for chunk in _chunks(sorted(names)):
        items = {event_id: {"names": sorted(names[event_id])} for event_id in chunk}
        record_batch("personal.erased", "auditevent", actor=actor, items=items)
    return len(names)


def _chunks(ids: list[str]) -> list[list[str]]:
    return [ids[at : at + MAX_ITEMS] for at in range(0, len(ids), MAX_ITEMS)]


@command
def note_export(*, actor: Actor, since: int, size: int) -> None:
    """Record that the actor takes out the sealed events from `since` to `size`, personal values and all."""
    checkpoint = Checkpoint.objects.get(size=size)
    body = {"what": "ledger", "since": since, "size": size}
    record("ledger.exported", checkpoint, actor=actor, body=body)

"""The one write of the ledger that is no record: erasing what is personal in it."""

from uuid import UUID

from hitl_platform.kernel.errors import NotFound, require
from hitl_platform.ledger import permissions
from hitl_platform.ledger.commands import command, record
from hitl_platform.ledger.models import AuditEvent, AuditPersonal
from hitl_platform.tenants.actor import Actor


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

"""Making a link for a person, and taking in what the person sends by it."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from audits import appeal_permissions, appeal_queries
from audits.appeal_links import Linked, expiry_after, sign_link
from audits.models import AppealDoor
from audits.services.appeals import OPEN_DAYS, receive_appeal
from cases.queries import get_case
from hitl_platform.kernel.errors import Conflict, NotFound, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor, system_actor


@command
def make_appeal_link(*, actor: Actor, case_id: UUID) -> tuple[str, datetime]:
    """The address at which the person whom a case concerns may appeal, and until when; both go to that person alone."""
    case = get_case(actor, case_id)
    require(appeal_permissions.can_post_appeals(actor))
    rule = appeal_queries.rule_of(case.case_type_id)
    expires_at = expiry_after(rule.open_days if rule else OPEN_DAYS)
    token = sign_link(Linked(actor.tenant_id, case.pk), expires_at=expires_at)
    record("appeal.link_made", case, actor=actor, body={"expires_at": expires_at.isoformat()})
    return f"{settings.PUBLIC_URL}{reverse('audits:appeal_link', args=[token])}", expires_at


def receive_by_link(*, linked: Linked, statement: str) -> None:
    """Take in what a person wrote; whatever prevents an appeal is told to nobody here. Raises Invalid for the words."""
    actor = system_actor(linked.tenant_id, "appeal link")
    try:
        receive_appeal(actor=actor, case_id=linked.case_id, statement=statement, door=AppealDoor.LINK)
    except (Conflict, NotFound):
        return

"""Who read or took out what is sensitive, as the ledger tells it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from audits import permissions
from hitl_platform.kernel.errors import require
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership, ServiceKey
from reviews.references import reference_of


@dataclass(frozen=True, slots=True)
class Access:
    """One read or export: when, by whom, what of which thing."""

    at: datetime
    who: str
    is_export: bool
    what: str
    case: str
    case_id: UUID | None


def visible_accesses(actor: Actor) -> QuerySet[AuditEvent]:
    """Reads and exports of sensitive data, newest first. Raises Forbidden for all but those who audit."""
    require(permissions.can_audit(actor))
    told = Q(verb__endswith=".read") | Q(verb__endswith=".exported")
    return AuditEvent.objects.filter(told).order_by("-at", "-id")


def accesses(events: list[AuditEvent]) -> list[Access]:
    """These events in words; names of people and keys of the tenant are read in two queries."""
    names = who_is({event.actor["id"] for event in events})
    return [_told(event, names) for event in events]


def who_is(ids: set[str]) -> dict[str, str]:
    """The names of members and keys, by id."""
    members = Membership.objects.filter(user_id__in=ids).select_related("user")
    keys = ServiceKey.objects.filter(pk__in=ids)
    return {str(each.user_id): each.user.get_full_name() for each in members} | {
        str(key.pk): f"key {key.name}" for key in keys
    }


def _told(event: AuditEvent, names: dict[str, str]) -> Access:
    who: dict[str, Any] = event.actor
    thing = event.verb.rpartition(".")[0].replace("_", " ")
    return Access(
        at=event.at,
        who=names.get(who["id"]) or who.get("name") or "somebody who is no longer a member",
        is_export=event.verb.endswith(".exported"),
        what=str(event.body.get("what") or thing),
        case=reference_of(event.case_id) if event.case_id else "",
        case_id=event.case_id,
    )

"""Reads of a person's own notices and preferences."""

from uuid import UUID

from django.db.models import QuerySet

from hitl_platform.kernel.bound_cursor import bound_cursor
from hitl_platform.kernel.errors import NotFound
from hitl_platform.notices.models import DEFAULTS, Kind, Notice, NoticePreference
from hitl_platform.tenants.actor import Actor

# the bell counts no further
MOST_COUNTED = 99
_UNREAD = """
select count(*) from (
    select 1 from notices_notice
    where tenant_id = %(tenant)s and recipient_id = %(me)s and read_at is null limit %(most)s
) unread
"""


def visible_notices(actor: Actor) -> QuerySet[Notice]:
    """The actor's own notices, the newest first."""
    return Notice.objects.filter(recipient_id=actor.id).order_by("-created_at", "-id")


def get_notice(actor: Actor, notice_id: UUID) -> Notice:
    """One of the actor's own notices, or NotFound."""
    notice = visible_notices(actor).filter(pk=notice_id).first()
    if notice is None:
        raise NotFound
    return notice


def unread_count(actor: Actor) -> int:
    """How many notices the actor has not read, MOST_COUNTED + 1 at most."""
    with bound_cursor() as cursor:
        cursor.execute(_UNREAD, {"tenant": actor.tenant_id, "me": actor.id, "most": MOST_COUNTED + 1})
        return int(cursor.fetchone()[0])


def preferences(actor: Actor) -> dict[str, str]:
    """How the actor is told of each kind."""
    chosen = dict(NoticePreference.objects.filter(person_id=actor.id).values_list("kind", "delivery"))
    return {kind: chosen.get(kind, DEFAULTS[kind]) for kind in Kind.values}

"""Links by which a person appeals without a login: signed, for one case, until a day.

A link says to whoever holds it nothing but that it was made here: neither its form nor its answer tells whether the
case is still there, is decided, or was appealed before.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.core import signing
from django.utils import timezone

SALT = "appeal link"


class Linked(NamedTuple):
    """The case that a link is for."""

    tenant_id: UUID
    case_id: UUID


def sign_link(linked: Linked, *, expires_at: datetime) -> str:
    """The token of a link."""
    content = [linked.tenant_id.hex, linked.case_id.hex, int(expires_at.timestamp())]
    return signing.dumps(content, salt=SALT)


def read_link(token: str) -> Linked | None:
    """What a token is for; None for one that is not ours, is no longer whole, or is past its day."""
    try:
        tenant, case, expires = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError):
        return None
    return Linked(UUID(tenant), UUID(case)) if expires > timezone.now().timestamp() else None


def expiry_after(days: int) -> datetime:
    """When a link that is made now expires."""
    return timezone.now() + timedelta(days=days)

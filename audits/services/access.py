"""Reads and exports of what is sensitive are events: who saw what of whom, and when."""

from typing import Any
from uuid import UUID

from django.db.models import Model

from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor


@command
def record_read(
    *, actor: Actor, subject: Model, what: str, case_id: UUID | None = None, body: dict[str, Any] | None = None
) -> None:
    """Record that the actor has read `what` (in plain words) of a thing; the case is the thing's own if not named."""
    record("access.read", subject, actor=actor, case_id=case_id, body={"what": what, **(body or {})})


@command
def record_export(
    *, actor: Actor, subject: Model, what: str, case_id: UUID | None = None, body: dict[str, Any] | None = None
) -> None:
    """Record that the actor has taken `what` out as a file."""
    record("access.exported", subject, actor=actor, case_id=case_id, body={"what": what, **(body or {})})

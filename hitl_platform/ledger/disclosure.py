"""What of an event's body a reader may see. Every way to single events goes through here; the export does not.

Whoever may be asked to judge an open case must not read meanwhile what a model or a colleague said of it, in
whatever other role: who did what, and when, stays visible.
"""

from collections.abc import Container
from typing import Any

from hitl_platform.ledger.models import AuditEvent
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Role

# stands where a body would be, so that nobody takes it for an event that says nothing
WITHHELD = {"withheld": "The case is open, and you may be asked to judge it."}


def is_judge(actor: Actor) -> bool:
    """Whether the actor may be asked to judge a case."""
    return actor.has(Role.REVIEWER, Role.ADJUDICATOR)


def cases_of(event: AuditEvent) -> set[str]:
    """The ids of the cases that an event is about: one, or those of its chunk."""
    items = event.body.get("items", {}) if event.subject_type == "case" else {}
    return {str(event.case_id), *items} if event.case_id else set(items)


def body_for(actor: Actor, event: AuditEvent, *, open_cases: Container[str]) -> dict[str, Any]:
    """The body, or WITHHELD; `open_cases` are those of the event's cases that are not closed."""
    if is_judge(actor) and any(case_id in open_cases for case_id in cases_of(event)):
        return dict(WITHHELD)
    return dict(event.body)

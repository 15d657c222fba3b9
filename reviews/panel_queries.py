"""Reads of panels for those who lead them; where panel templates are used, and whether the people there are enough."""

from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from cases.states import OPEN_STATES
from hitl_platform.kernel.errors import NotFound, require
from hitl_platform.ledger.disclosure import is_judge
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Role
from reviews import panel_statements, permissions
from reviews.models import Panel, PanelTemplate, Purpose, Queue, QueueUserPermission, RoutingPolicy, Seat
from reviews.states import PolicyState


def visible_panels(actor: Actor) -> QuerySet[Panel]:
    """The panels that lead to decisions, of the queues that the actor manages, newest first; all, for who audits.

    Those of open cases are hidden from whoever may be asked to judge: that a panel is in dispute, or why it was asked,
    would bias them. Hidden panels are in no list. Raises Forbidden for everybody else.
    """
    require(actor.has(*permissions.MANAGERS, Role.COMPLIANCE_OFFICER), "Panels are for those who manage queues.")
    panels = Panel.objects.filter(purpose=Purpose.LIVE).select_related("queue", "template").order_by("-id")
    if not actor.has(Role.OWNER, Role.COMPLIANCE_OFFICER):
        managed = QueueUserPermission.objects.filter(user_id=actor.id, permission__codename=permissions.MANAGE)
        panels = panels.filter(queue_id__in=managed.values("content_object_id"))
    return panels.exclude(case__state__in=OPEN_STATES) if is_judge(actor) else panels


def get_panel(actor: Actor, panel_id: UUID) -> Panel:
    """One visible panel, or NotFound."""
    panel = visible_panels(actor).filter(pk=panel_id).first()
    if panel is None:
        raise NotFound
    return panel


def told(panel: Panel) -> Panel:
    """A panel with its seats as `told_seats`, in the order of their making."""
    panel.told_seats = list(Seat.objects.filter(panel=panel).order_by("pk"))  # type: ignore[attr-defined]  # presented
    return panel


def queues_using(template_key: str) -> set[str]:
    """The keys of the queues in which panels of a template open now, by the queue's own choice or a policy's."""
    used = set(Queue.objects.filter(template_key=template_key).values_list("key", flat=True))
    for definition in RoutingPolicy.objects.filter(state=PolicyState.ACTIVE).values_list("definition", flat=True):
        used |= {queue for queue, template in _destinations(definition) if template == template_key and queue}
    return used


def thin_teams(template: PanelTemplate) -> list[tuple[str, int]]:
    """The queues that use a template and have fewer reviewers than its panels may grow to, with how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            panel_statements.TEAMS, {"tenant": template.tenant_id, "queues": sorted(queues_using(template.key))}
        )
        return [(name, people) for name, people in cursor.fetchall() if people < template.seats_max]


def _destinations(definition: dict[str, Any]) -> list[tuple[str | None, str | None]]:
    otherwise = definition["otherwise"]
    rules = [rule for rule in definition.get("rules", ()) if rule.get("action") == "review"]
    # what a rule leaves open goes where the rest goes
    named = [{**otherwise, **{key: value for key, value in rule.items() if value}} for rule in rules]
    return [(each.get("queue"), each.get("template")) for each in (otherwise, *named)]

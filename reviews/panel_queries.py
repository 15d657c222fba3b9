"""Reads about panel templates: where they are used, and whether the people there are enough."""

from typing import Any

from django.db import connection

from reviews import panel_statements
from reviews.models import PanelTemplate, Queue, RoutingPolicy
from reviews.states import PolicyState


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

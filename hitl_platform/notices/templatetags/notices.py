"""The bell: how many notices a person has not read."""

from typing import Any

from django import template

from hitl_platform.notices.queries import MOST_COUNTED, unread_count
from hitl_platform.tenants.scope import in_scope

register = template.Library()


@register.inclusion_tag("notices/_bell.html", takes_context=True)
def bell(context: dict[str, Any]) -> dict[str, Any]:
    """A link to the notices with the count of new ones; nothing on pages outside a tenant's scope."""
    request = context.get("request")
    actor = getattr(request, "actor", None)
    if actor is None or actor.kind != "user" or not in_scope():
        return {"shown": False}
    count = unread_count(actor)
    told = f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count)
    is_current = getattr(request, "path", "").startswith("/notices/")
    return {"shown": True, "count": count, "told": told, "is_current": is_current}

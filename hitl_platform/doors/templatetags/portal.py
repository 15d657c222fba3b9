"""What pages say of times and numbers: relative with the absolute on hover, digits grouped, plain words."""

from datetime import UTC, datetime, timedelta

from django import template
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from hitl_platform.access.entry import MembershipChoice
from hitl_platform.kernel import numerals
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Role

register = template.Library()

NOTHING = "\u2013"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


@register.filter
def span(value: timedelta | float | None) -> str:
    """A length of time in at most two units: 40 s, 12 min, 2 h 10, 3 days."""
    if value is None:
        return ""
    seconds = int(value.total_seconds() if isinstance(value, timedelta) else value)
    seconds = abs(seconds)
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < 2 * _DAY:
        hours, minutes = seconds // _HOUR, seconds % _HOUR // _MINUTE
        return f"{hours} h {minutes:02d}" if hours < 10 and minutes else f"{hours} h"
    return f"{seconds // _DAY} days"


@register.filter
def clock(value: timedelta | float | None) -> str:
    """What is left of a lease, as minutes and seconds: 12:41."""
    seconds = int(value.total_seconds() if isinstance(value, timedelta) else value or 0)
    return f"{max(0, seconds) // _MINUTE}:{max(0, seconds) % _MINUTE:02d}"


@register.filter
def until(value: datetime | None) -> timedelta:
    """How long until a time; negative when it is past."""
    return (value - timezone.now()) if value else timedelta(0)


@register.filter
def age(value: datetime | None) -> str:
    """How long ago a time was, without `ago`; a dash when there is none."""
    return span(timezone.now() - value) if value else NOTHING


@register.simple_tag
def moment(value: datetime | None, style: str = "relative") -> SafeString | str:
    """A `<time>`: relative words, the absolute time on hover; or `clock`: time of day, `due`: overdue."""
    if value is None:
        return NOTHING
    local = timezone.localtime(value)
    delta = value - timezone.now()
    words = {"clock": f"{local:%H:%M}", "due": _due(delta)}.get(style) or relative(delta)
    return format_html(
        '<time datetime="{}" title="{}" data-style="{}">{}</time>',
        f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        f"{local.day} {local:%B %Y, %H:%M %Z}",
        style,
        words,
    )


def relative(delta: timedelta) -> str:
    """Words for a time that lies `delta` ahead (or, negative, behind)."""
    if abs(delta) < timedelta(seconds=45):
        return "now" if delta > timedelta(0) else "just now"
    return f"in {span(delta)}" if delta > timedelta(0) else f"{span(delta)} ago"


def _due(delta: timedelta) -> str:
    return f"in {span(delta)}" if delta > timedelta(0) else f"{span(delta)} overdue"


@register.filter
def due_state(value: datetime | None) -> str:
    """The meaning of a due date: danger when past, warning inside two hours, else neutral."""
    left = until(value)
    if value is None or left > timedelta(hours=2):
        return ""
    return "danger" if left < timedelta(0) else "warning"


@register.filter
def percent(value: float | None) -> str:
    """A share as whole percent, never 0 % or 100 % for what is merely close to it."""
    return NOTHING if value is None else numerals.percent(value)


@register.filter
def grouped(value: int | None) -> str:
    """A count with grouped digits."""
    return NOTHING if value is None else numerals.grouped(value)


@register.filter
def seconds(value: timedelta) -> int:
    """Whole seconds, never negative."""
    return max(0, int(value.total_seconds()))


@register.filter
def here(request: HttpRequest) -> MembershipChoice | None:
    """The organisation in which this request acts."""
    actor = getattr(request, "actor", None)
    found = (choice for choice in getattr(request, "memberships", ()) if actor and choice.tenant_id == actor.tenant_id)
    return next(found, None)


@register.filter
def may_audit(actor: Actor | None) -> bool:
    """Whether to offer what is for auditors alone; the pages themselves decide who reads what."""
    return actor is not None and actor.has(Role.COMPLIANCE_OFFICER, Role.OWNER)


@register.filter
def looks_back(actor: Actor | None) -> bool:
    """Whether to offer figures, appeals and stories of cases, which managers read as well."""
    return actor is not None and (may_audit(actor) or actor.has(Role.MANAGER))


@register.filter
def may_open_console(actor: Actor | None) -> bool:
    """Whether to offer the console; the console itself decides who enters."""
    return actor is not None and actor.has(Role.MANAGER, Role.COMPLIANCE_OFFICER, Role.ML_ENGINEER, Role.OWNER)

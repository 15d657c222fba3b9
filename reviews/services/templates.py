"""Panel templates: a change is a new version, and panels keep the version they were built from."""

from django.db import IntegrityError, transaction

from hitl_platform.kernel.errors import Conflict, Invalid, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from reviews import permissions, queries
from reviews.models import Advice, Mode, PanelTemplate


@command
def create_template(
    *,
    actor: Actor,
    key: str,
    name: str,
    seats: int,
    mode: str = Mode.MAJORITY,
    advice: str = Advice.AFTER_ANSWER,
) -> PanelTemplate:
    """The first version of a panel template, or the next one of a key that there is already."""
    require(permissions.can_define_reviews(actor))
    _require_valid(key, name, seats, mode, advice)
    before = queries.newest_templates().get(key)
    template = PanelTemplate(
        tenant_id=actor.tenant_id,
        key=key,
        version=before.version + 1 if before else 1,
        name=name,
        seats=seats,
        seats_max=seats,
        mode=mode,
        advice=advice,
    )
    try:
        with transaction.atomic():
            template.save(force_insert=True)
    except IntegrityError:
        raise Conflict("Somebody else has just changed this template.", code="template_changed") from None
    body = {"key": key, "version": template.version, "seats": seats, "mode": str(mode), "advice": str(advice)}
    record("panel_template.created", template, actor=actor, body=body)
    return template


def _require_valid(key: str, name: str, seats: int, mode: str, advice: str) -> None:
    fields: dict[str, list[str]] = {}
    if not 1 <= len(key) <= 60 or not all(c.isascii() and (c.isalnum() or c in "-_") for c in key):
        fields["key"] = ["At most 60 letters, digits, hyphens and underscores."]
    if not name.strip() or len(name) > 200:
        fields["name"] = ["At most 200 characters, not blank."]
    if not 1 <= seats <= 9:
        fields["seats"] = ["From 1 to 9 seats."]
    if mode not in list(Mode):
        fields["mode"] = [f"One of {', '.join(Mode)}."]
    if advice not in Advice.values:
        fields["advice"] = [f"One of {', '.join(Advice.values)}."]
    if fields:
        raise Invalid("The panel template is not valid.", fields=fields)

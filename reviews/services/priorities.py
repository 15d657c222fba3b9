"""Moving a panel forward in its queue, with the cause in words."""

from uuid import UUID

from django.db.models import F, Func, SmallIntegerField, Value
from django.db.models.functions import Least

from hitl_platform.kernel.errors import Conflict, Invalid, NotFound, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from reviews import permissions, staffing_queries
from reviews.models import LIVE_PANEL, Panel, Seat
from reviews.priorities import MOST
from reviews.states import SEAT

MOST_RAISED = 1_000
MAX_WHY = 200


@command
def raise_priority(*, actor: Actor, panel_id: UUID, by: int, why: str) -> Panel:
    """Move the waiting seats of a panel forward, by whole steps; four double what a case counts.

    `why` is shown to reviewers, so it tells nothing of what a model said. Raises Conflict for a panel that is over.
    """
    panel = Panel.objects.select_for_update(no_key=True).filter(pk=panel_id).first()
    if panel is None:
        raise NotFound
    granted = staffing_queries.granted_to(actor.id, panel.queue_id)
    if not permissions.can_see_queue(actor, granted):
        raise NotFound
    require(permissions.can_manage_queue(actor, granted), "Managers of the queue raise priorities.")
    if not 1 <= by <= MOST_RAISED or not why.strip() or len(why) > MAX_WHY:
        raise Invalid("The priority cannot be raised so.", fields={"by": [f"From 1 to {MOST_RAISED}, with a cause."]})
    if panel.state not in LIVE_PANEL:
        raise Conflict("This panel is over.", code="panel_over")
    waiting = Seat.objects.filter(panel=panel, state__in=SEAT.sources("cancel"))
    seats = [seat.pk for seat in waiting.order_by("pk").select_for_update(no_key=True).only("pk")]
    joined = Func(
        Value(", "), Func(F("priority_cause"), Value(""), function="nullif"), Value(why), function="concat_ws"
    )
    Seat.objects.filter(pk__in=seats).update(
        priority=Least(F("priority") + by, Value(MOST), output_field=SmallIntegerField()), priority_cause=joined
    )
    record("panel.priority_raised", panel, actor=actor, case_id=panel.case_id, body={"by": by}, personal={"why": why})
    return panel

"""Rounds that hear an appeal: opened on a decided case for people alone, and called off again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.utils import timezone

from cases.models import Case
from cases.services import reopen_cases, restore_cases
from hitl_platform.kernel.errors import Conflict, Invalid
from hitl_platform.kernel.ids import uuid7
from hitl_platform.ledger.commands import record
from hitl_platform.pipeline.services import NewStep, enqueue_many
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import current_tenant_id
from models_registry.queries import predictions_for
from reviews import panel_statements
from reviews.models import APPEAL, Panel, PanelTemplate, Queue, Seat
from reviews.queries import newest_templates
from reviews.services.escalations import end_with_panels
from reviews.services.panels import NewPanel, cancel_seats, move_panels, open_panels
from reviews.services.service_levels import AT_RISK, Term, start_clocks
from reviews.states import SeatState

# where a panel that heard an appeal is over, the floor above has to know what it came to
HEARD = "appeal"


@dataclass(frozen=True, slots=True)
class Hearing:
    """Where an appeal is heard."""

    queue: Queue
    template: PanelTemplate


def hearing_of(*, queue_id: UUID, template_key: str, case_type_id: UUID) -> Hearing:
    """The queue and the newest template of a key, if appeals of this case type may be heard there; else Invalid.

    The queue is one of its own, so that whoever decides cases does not hear the appeals of the same work by the way;
    the model is no voice on the panel, and every appeal gets the whole of it.
    """
    fields: dict[str, list[str]] = {}
    queue = Queue.objects.filter(pk=queue_id, is_active=True).first()
    if queue is None or queue.case_type_id not in (None, case_type_id):
        fields["queue"] = ["No active queue of this key takes cases of this type."]
    elif Panel.objects.filter(queue=queue).exclude(why=APPEAL).exists():
        fields["queue"] = ["Cases are decided in this queue; appeals need one of their own."]
    template = newest_templates().get(template_key)
    if template is None:
        fields["template"] = ["There is no template of this key."]
    elif template.confirms_model or template.panel_share < 1:
        fields["template"] = ["An appeal is heard by a whole panel of people, with no voice of the model."]
    if fields or queue is None or template is None:
        raise Invalid("Appeals cannot be heard there.", fields=fields)
    return Hearing(queue, template)


def open_appeal_round(*, actor: Actor, case: Case, hearing: Hearing, plea: str, due_at: datetime) -> UUID:
    """Reopen a decided case and open the panel that hears its appeal; the panel's id. In a command.

    Raises Conflict where the case is not decided, or is being looked at by people already.
    """
    event_id = uuid7()
    if not reopen_cases(actor=actor, case_ids=[case.pk], event_id=event_id):
        raise Conflict("Only a decided case can be appealed.", code="case_not_decided")
    said = predictions_for([case.pk]).get(case.pk)
    panel = NewPanel(
        case_id=case.pk,
        case_type_id=case.case_type_id,
        queue=hearing.queue,
        template=hearing.template,
        policy_id=None,
        why=APPEAL,
        prediction_id=said.pk if said else None,
        priority=case.priority,
        due_at=due_at,
        submitter_id=case.submitter_id,
        subject_user_id=case.subject_user_id,
    )
    (panel_id,) = open_panels(actor=actor, panels=[panel], event_id=event_id)
    Panel.objects.filter(pk=panel_id).update(plea=plea)
    _start_clock(actor, panel_id, case.pk, hearing.queue, due_at)
    body = {"because": APPEAL, "panel_id": str(panel_id), "queue": hearing.queue.key}
    record("case.reopened", case, actor=actor, body=body, event_id=event_id)
    return panel_id


def cancel_appeal_round(*, actor: Actor, case: Case, panel_id: UUID) -> None:
    """Nobody is asked any longer, and the decision that stood stands again. In a command.

    Raises Conflict where the panel is over.
    """
    event_id = uuid7()
    restored = restore_cases(actor=actor, case_ids=[case.pk], event_id=event_id)
    if not restored or not move_panels("cancel", panel_ids=[panel_id]):
        raise Conflict("The appeal has been heard already.", code="appeal_heard")
    cancel_seats(panel_ids=[panel_id])
    end_with_panels(actor=actor, panel_ids=[panel_id], because="appeal_withdrawn", verb="cancel")
    body = {"because": "appeal_withdrawn", "panel_id": str(panel_id)}
    record("case.restored", case, actor=actor, body=body, event_id=event_id)


def tell_of_appeals(*, tenant_id: UUID, panels: Sequence[Panel]) -> None:
    """Let the floor above look at what has become of those of these panels that heard an appeal."""
    rows = [NewStep(each.case_id, dedupe_key=str(each.pk)) for each in panels if each.why == APPEAL]
    if rows:
        enqueue_many(HEARD, tenant_id=tenant_id, rows=rows)


def unfillable_seats(panel_id: UUID) -> int:
    """How many of a panel's open seats nobody may take, as things stand."""
    seats = Seat.objects.filter(panel_id=panel_id, state=SeatState.OPEN).order_by("pk")
    rows = [
        {"at": at, "panel": panel_id, "skills": skills}
        for at, skills in enumerate(seats.values_list("skills", flat=True))
    ]
    if not rows:
        return 0
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"tenant": current_tenant_id(), "asked": orjson.dumps(rows).decode()}
        cursor.execute(panel_statements.COULD_SIT, values)
        return sum(not could for _, could in cursor.fetchall())


def _start_clock(actor: Actor, panel_id: UUID, case_id: UUID, queue: Queue, due_at: datetime) -> None:
    now = timezone.now()
    at_risk_at = now + max(due_at - now, timedelta()) * AT_RISK
    term = Term(now, min(at_risk_at, due_at), due_at, due_at)
    start_clocks(actor=actor, panels=[(panel_id, case_id, queue)], terms=[term])

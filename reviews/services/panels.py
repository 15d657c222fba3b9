"""Panels: opened for a chunk of cases, grown, moved, settled, disputed, cancelled.

Those that take a set of panels run inside a command or a step's finish; their callers record what happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from hitl_platform.kernel.bound_cursor import bound_cursor
from hitl_platform.kernel.errors import Conflict, Invalid, NotFound, require
from hitl_platform.kernel.ids import uuid7s
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from reviews import panel_statements, permissions
from reviews.models import NOBODY, Panel, PanelTemplate, Purpose, Queue, QueueUserPermission, Seat, SeatKind
from reviews.panel_settings import seating_of, skills_of
from reviews.panels import MOST_SEATS, Mode, Seating, SeatPlan, draw_form, opening_seats, seat_plan
from reviews.states import PANEL, SEAT, PanelState


@dataclass(frozen=True, slots=True)
class NewPanel:
    """A panel to be opened for one case. Only where there is a prediction can a seat show advice."""

    case_id: UUID
    case_type_id: UUID
    queue: Queue
    template: PanelTemplate
    policy_id: UUID | None
    why: str
    prediction_id: UUID | None
    priority: int
    due_at: datetime | None
    submitter_id: UUID | None
    subject_user_id: UUID | None
    purpose: str = Purpose.LIVE


@dataclass(frozen=True, slots=True)
class NewSeat:
    """One more reviewer for a panel that had `number` of them when it was looked at."""

    panel_id: UUID
    number: int
    plan: SeatPlan


def open_panels(*, actor: Actor, panels: Sequence[NewPanel], event_id: UUID) -> list[UUID]:
    """Open each panel with its seats, one statement for the whole chunk; returns the panels' ids, in order.

    A live panel has the seats of its template; one that only measures has one seat, like a live panel's first.
    """
    if not panels:
        return []
    ids = uuid7s(len(panels))
    rows, seats, forms = _documents(panels, ids)
    values: dict[str, Any] = {
        "tenant": actor.tenant_id,
        "event": event_id,
        "panels": orjson.dumps(rows).decode(),
        "seats": orjson.dumps(seats).decode(),
        "forms": orjson.dumps(forms).decode(),
    }
    with bound_cursor() as cursor:
        cursor.execute(panel_statements.OPEN, values)
    return ids


def _documents(
    panels: Sequence[NewPanel], ids: Sequence[UUID]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """The chunk as rows: panels, seats that name panel and form, and the few different forms of a seat."""
    seatings: dict[tuple[UUID, UUID], Seating] = {}
    numbers: dict[tuple[UUID, SeatPlan], int] = {}
    rows, places = [], []
    for panel_id, panel in zip(ids, panels, strict=True):
        key = (panel.template.pk, panel.queue.pk)
        seating = seatings.get(key) or seatings.setdefault(key, seating_of(panel.template, panel.queue))
        is_live = panel.purpose == Purpose.LIVE
        is_full, drawn_with = draw_form(seating, panel.case_id) if is_live else (True, 1.0)
        plans = opening_seats(
            seating, case_id=panel.case_id, is_full=is_full, has_prediction=panel.prediction_id is not None
        )
        rows.append(_row(panel_id, panel, is_full=is_full, drawn_with=drawn_with))
        for plan in plans if is_live else plans[:1]:
            form = numbers.setdefault((panel.template.pk, plan), len(numbers))
            places.append((panel_id, form))
    templates = {panel.template.pk: panel.template for panel in panels}
    forms = [_form(number, plan, templates[template_id]) for (template_id, plan), number in numbers.items()]
    seats = [
        {"id": seat_id, "panel": panel_id, "form": form}
        for seat_id, (panel_id, form) in zip(uuid7s(len(places)), places, strict=True)
    ]
    return rows, seats, forms


def _row(panel_id: UUID, panel: NewPanel, *, is_full: bool, drawn_with: float) -> dict[str, Any]:
    return {
        "id": panel_id,
        "case_id": panel.case_id,
        "case_type_id": panel.case_type_id,
        "queue_id": panel.queue.pk,
        "template_id": panel.template.pk,
        "policy_id": panel.policy_id,
        "prediction_id": panel.prediction_id,
        "why": panel.why,
        "is_full": is_full,
        "drawn_with": drawn_with,
        "purpose": panel.purpose,
        "priority": panel.priority,
        "due_at": panel.due_at,
        "submitter_id": panel.submitter_id,
        "subject_user_id": panel.subject_user_id,
    }


def _form(number: int, plan: SeatPlan, template: PanelTemplate) -> dict[str, Any]:
    return {
        "form": number,
        **_plan(plan),
        "distinct_teams": template.distinct_teams,
        "most_of_one_group": template.most_of_one_group,
    }


def _plan(plan: SeatPlan) -> dict[str, Any]:
    return {
        "advice": plan.advice,
        "skills": list(plan.skills),
        "stage": plan.stage,
        "veto": plan.veto,
        "control": plan.control,
    }


def add_seats(*, actor: Actor, seats: Sequence[NewSeat]) -> dict[UUID, UUID]:
    """One more open seat for each of these panels that are open and have as many as said; seat ids by panel."""
    asked = {seat.panel_id: seat for seat in seats}
    # panels before seats, as everywhere, and both in the order of their ids
    still = Panel.objects.filter(pk__in=asked, state=PanelState.OPEN).order_by("pk")
    panel_ids = [panel.pk for panel in still.select_for_update(no_key=True).only("pk")]
    if not panel_ids:
        return {}
    rows = [
        {"id": seat_id, "panel": panel_id, "number": asked[panel_id].number, **_plan(asked[panel_id].plan)}
        for seat_id, panel_id in zip(uuid7s(len(panel_ids)), panel_ids, strict=True)
    ]
    with connection.cursor() as cursor:
        asked_for: dict[str, Any] = {"tenant": actor.tenant_id, "seats": orjson.dumps(rows).decode(), "nobody": NOBODY}
        cursor.execute(panel_statements.ADD_SEATS, asked_for)
        return dict(cursor.fetchall())


def add_adjudicators(*, actor: Actor, panel_ids: Sequence[UUID]) -> None:
    """One open adjudicator's seat for each panel."""
    with connection.cursor() as cursor:
        cursor.execute(
            panel_statements.ADD_ADJUDICATORS,
            {
                "tenant": actor.tenant_id,
                "panels": list(panel_ids),
                "ids": uuid7s(len(panel_ids)),
                "nobody": NOBODY,
            },
        )


def move_panels(verb: str, *, panel_ids: Sequence[UUID]) -> list[UUID]:
    """Apply `settle`, `dispute` or `cancel` to those of the panels that are in a source state; returns their ids."""
    stamp = {"settle": "settled_at", "dispute": "disputed_at", "cancel": "settled_at"}[verb]
    # panels before seats, and both in the order of their ids: whoever locks several waits for nobody in a circle
    ready = Panel.objects.filter(pk__in=panel_ids, state__in=PANEL.sources(verb)).order_by("pk")
    moved = [panel.pk for panel in ready.select_for_update(no_key=True).only("pk")]
    Panel.objects.filter(pk__in=moved).update(state=PANEL.target(verb), **{stamp: Now()})
    return moved


def cancel_seats(*, panel_ids: Sequence[UUID]) -> int:
    """Cancel what nobody needs any more: every seat of these panels that was not submitted."""
    seats = Seat.objects.filter(panel_id__in=panel_ids, state__in=SEAT.sources("cancel")).order_by("pk")
    waiting = [seat.pk for seat in seats.select_for_update(no_key=True).only("pk")]
    return Seat.objects.filter(pk__in=waiting).update(state=SEAT.target("cancel"), lease_ends_at=None)


@command
def add_seat(*, actor: Actor, panel_id: UUID, why: str) -> Seat:
    """Ask one more reviewer, whatever the panel's rules would ask by themselves.

    Raises Conflict where the panel is not open (panel_not_open), is full (panel_full) or is a chain, which asks
    its stages and nobody beside them (chain_has_no_more_seats).
    """
    panel = _managed(actor, panel_id)
    PANEL.apply("add_seat", panel.state)
    if panel.template.mode == Mode.CHAIN and panel.is_full:
        raise Conflict("A chain asks its stages, and nobody beside them.", code="chain_has_no_more_seats")
    number = Seat.objects.filter(panel=panel, kind=SeatKind.REVIEWER).count()
    if number >= MOST_SEATS:
        raise Conflict(f"A panel has {MOST_SEATS} reviewers at most.", code="panel_full")
    plan = seat_plan(
        seating_of(panel.template, panel.queue), number, case_id=panel.case_id, is_full=panel.is_full,
        has_prediction=panel.prediction_id is not None,
    )  # fmt: skip
    added = add_seats(actor=actor, seats=[NewSeat(panel.pk, number, plan)])
    seat = Seat.objects.get(pk=added[panel.pk])
    told = told_of_seat(seat.pk, plan=plan, because="asked_for")
    record("panel.seat_added", panel, actor=actor, body=told, personal={"why": _reason(why)})
    return seat


@command
def move_panel(*, actor: Actor, panel_id: UUID, queue_key: str) -> Panel:
    """Let a panel wait in another queue, with every seat that is not yet submitted; what is in hand stays there.

    Raises Conflict where the panel is over (panel_not_live), or stands there already (panel_stands_there), and
    Invalid where the queue does not take it.
    """
    panel = _managed(actor, panel_id)
    if not PANEL.allows("cancel", panel.state):
        raise Conflict(f"This panel is {panel.state}.", code="panel_not_live")
    before, queue = panel.queue, _target(panel, queue_key)
    panel.queue = queue
    panel.save(update_fields=["queue"])
    values: dict[str, Any] = {
        "tenant": actor.tenant_id,
        "panel": panel.pk,
        "queue": queue.pk,
        "before": list(skills_of(before)),
        "after": list(skills_of(queue)),
        "states": list(SEAT.sources("cancel")),
    }
    with connection.cursor() as cursor:
        cursor.execute(panel_statements.MOVE_SEATS, values)
        moved = cursor.rowcount
    record("panel.moved", panel, actor=actor, body={"from": before.key, "to": queue.key, "seats": moved})
    return panel


@command
def dispute_panel(*, actor: Actor, panel_id: UUID, why: str) -> Panel:
    """Send an open panel to an adjudicator; reviewers who have not submitted are asked no longer."""
    panel = _managed(actor, panel_id)
    PANEL.apply("dispute", panel.state)
    move_panels("dispute", panel_ids=[panel.pk])
    cancel_seats(panel_ids=[panel.pk])
    add_adjudicators(actor=actor, panel_ids=[panel.pk])
    panel.refresh_from_db()
    record("panel.disputed", panel, actor=actor, body={"because": "asked_for"}, personal={"why": _reason(why)})
    return panel


def told_of_seat(seat_id: UUID, *, plan: SeatPlan, because: str) -> dict[str, Any]:
    """A seat more, for the ledger."""
    told: dict[str, Any] = {"seat_id": str(seat_id), "because": because, "stage": plan.stage}
    return told | {"skills": list(plan.skills)} if plan.skills else told


def _managed(actor: Actor, panel_id: UUID) -> Panel:
    """A live panel of a queue that the actor manages, locked with everything that its next seat is made of."""
    found = Panel.objects.filter(pk=panel_id, purpose=Purpose.LIVE).select_related("queue", "template", "policy")
    panel = found.select_for_update(no_key=True, of=("self",)).first()
    if panel is None:
        raise NotFound
    grants = QueueUserPermission.objects.filter(user_id=actor.id, content_object_id=panel.queue_id)
    granted = frozenset(grants.values_list("permission__codename", flat=True))
    if not permissions.can_see_queue(actor, granted):
        raise NotFound
    require(permissions.can_manage_queue(actor, granted), "You do not manage this panel's queue.")
    return panel


def _target(panel: Panel, queue_key: str) -> Queue:
    queue = Queue.objects.filter(Q(case_type=None) | Q(case_type_id=panel.case_type_id), key=queue_key).first()
    if queue is None or not queue.is_active:
        told = ["No active queue of this key takes cases of this type."]
        raise Invalid("The panel cannot wait there.", fields={"queue_key": told})
    if queue.pk == panel.queue_id:
        raise Conflict("The panel waits in this queue already.", code="panel_stands_there")
    return queue


def _reason(why: str) -> str:
    if not why.strip() or len(why) > 500:
        raise Invalid("Say why.", fields={"why": ["At most 500 characters, not blank."]})
    return why.strip()

"""Panels as sets: opened for a chunk of cases, settled, disputed, cancelled. Inside a command or a step's finish."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from hitl_platform.kernel.ids import uuid7s
from hitl_platform.tenants.actor import Actor
from reviews import statements
from reviews.models import Panel, PanelTemplate, Queue, Seat, SeatKind
from reviews.states import PANEL, SEAT


@dataclass(frozen=True, slots=True)
class NewPanel:
    """A panel to be opened for one case. `advice` is the template's, or hidden where there is none to give."""

    case_id: UUID
    case_type_id: UUID
    queue: Queue
    template: PanelTemplate
    policy_id: UUID | None
    why: str
    advice: str
    priority: int
    due_at: datetime | None
    submitter_id: UUID | None
    subject_user_id: UUID | None


def open_panels(*, actor: Actor, panels: Sequence[NewPanel], event_id: UUID) -> list[UUID]:
    """Open each panel with its seats: two statements for the whole chunk. Returns the panels' ids, in order."""
    if not panels:
        return []
    ids = uuid7s(len(panels))
    columns: dict[str, Any] = {
        "tenant": actor.tenant_id,
        "event": event_id,
        "ids": ids,
        "cases": [panel.case_id for panel in panels],
        "case_types": [panel.case_type_id for panel in panels],
        "queues": [panel.queue.pk for panel in panels],
        "templates": [panel.template.pk for panel in panels],
        "policies": [panel.policy_id for panel in panels],
        "whys": [panel.why for panel in panels],
    }
    with connection.cursor() as cursor:
        cursor.execute(statements.OPEN_PANELS, columns)
    places = [
        (panel_id, panel) for panel_id, panel in zip(ids, panels, strict=True) for _ in range(panel.template.seats)
    ]
    open_seats(actor=actor, kind=SeatKind.REVIEWER, places=places)
    return ids


def open_seats(*, actor: Actor, kind: str, places: Sequence[tuple[UUID, NewPanel]]) -> None:
    """One open seat for each (panel id, panel), in their order."""
    columns: dict[str, Any] = {
        "tenant": actor.tenant_id,
        "kind": kind,
        "ids": uuid7s(len(places)),
        "panels": [panel_id for panel_id, _ in places],
        "cases": [panel.case_id for _, panel in places],
        "queues": [panel.queue.pk for _, panel in places],
        "advices": [panel.advice for _, panel in places],
        "priorities": [panel.priority for _, panel in places],
        "dues": [panel.due_at for _, panel in places],
        "submitters": [panel.submitter_id for _, panel in places],
        "subjects": [panel.subject_user_id for _, panel in places],
    }
    with connection.cursor() as cursor:
        cursor.execute(statements.OPEN_SEATS, columns)


def add_adjudicators(*, actor: Actor, panel_ids: Sequence[UUID]) -> None:
    """One open adjudicator's seat for each panel, beside and like its first seat."""
    with connection.cursor() as cursor:
        cursor.execute(
            statements.ADD_ADJUDICATORS,
            {"tenant": actor.tenant_id, "panels": list(panel_ids), "ids": uuid7s(len(panel_ids))},
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

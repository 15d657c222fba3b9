"""Reads of queues, seats and policies, always for an actor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import Now

from cases.definitions import label_names
from hitl_platform.kernel.bound_cursor import bound_cursor
from hitl_platform.kernel.errors import NotFound
from hitl_platform.tenants.actor import Actor
from reviews import permissions, statements, waiting_statements
from reviews.models import Judgment, Panel, PanelTemplate, Purpose, Queue, QueueUserPermission, RoutingPolicy, Seat
from reviews.references import name_on_panel, reference_of
from reviews.states import SeatState
from reviews.type_versions import type_version

# Counting further than this costs more than the number is worth: a page says "1,000 or more".
MOST_COUNTED = 1_000
IN_HAND = (SeatState.CLAIMED, SeatState.HELD, SeatState.ANSWERED)

_SEAT_FIELDS = [field.attname for field in Seat._meta.concrete_fields]
_QUEUE_FIELDS = [field.attname for field in Queue._meta.concrete_fields]
SEAT_COLUMNS = ", ".join(f"seat.{name}" for name in _SEAT_FIELDS)
QUEUE_COLUMNS = ", ".join(f"queue.{name}" for name in _QUEUE_FIELDS)
# by hand, because these two are read at every click: composing them by the ORM cost a third of a claim's time
_SEAT = statements.SEAT.format(seat=SEAT_COLUMNS, queue=QUEUE_COLUMNS)
_QUEUE = statements.QUEUE.format(queue=QUEUE_COLUMNS, facts="", beside="")


@dataclass(frozen=True, slots=True)
class QueueSummary:
    """A queue as one person sees it. `open` counts what this person may take, up to MOST_COUNTED."""

    queue: Queue
    may_work: bool
    may_manage: bool
    open: int
    oldest: datetime | None
    next_due: datetime | None
    mine: int
    with_others: int


@dataclass(frozen=True, slots=True)
class FinishedSeat:
    """One judgment of today; it can be undone until `undo_until`."""

    seat_id: UUID
    reference: str
    queue_name: str
    label: str
    label_name: str
    judged_at: datetime
    undo_until: datetime | None


def shown_reference(row: Seat | Judgment | Panel) -> str:
    """The short name under which the people of a panel know its case."""
    panel_id = row.pk if isinstance(row, Panel) else row.panel_id
    return name_on_panel(row.case_id, panel_id=panel_id, is_live=row.purpose == Purpose.LIVE)


def visible_queues(actor: Actor) -> QuerySet[Queue]:
    """The active queues that the actor may work or manage, each with what was `granted` on it."""
    granted = QueueUserPermission.objects.filter(user_id=actor.id, content_object_id=OuterRef("pk"))
    grants = ArraySubquery(granted.values("permission__codename"))
    # Any, because the stubs take the annotation for a second definition of the model's own attribute
    active: QuerySet[Any] = Queue.objects.filter(is_active=True)
    queues: QuerySet[Queue] = active.annotate(granted=grants).order_by("name")
    return queues


def get_queue(actor: Actor, key: str) -> Queue:
    """One visible queue with what was `granted` on it, or NotFound."""
    with bound_cursor() as cursor:
        cursor.execute(_QUEUE, {"tenant": actor.tenant_id, "me": actor.id, "key": key})
        row = cursor.fetchone()
    queue, _ = queue_of(actor, row)
    return queue


def queue_of(actor: Actor, row: Sequence[Any] | None) -> tuple[Queue, Sequence[Any]]:
    """The queue of a row that `statements.QUEUE` read for this actor, and what it read beside; NotFound if hidden."""
    if row is None:
        raise NotFound
    width = len(_QUEUE_FIELDS)
    queue = _queue_of(row[:width])
    queue.granted = row[width]
    if not permissions.can_see_queue(actor, granted_on(queue)):
        raise NotFound
    return queue, row[width + 1 :]


def _queue_of(row: Sequence[Any]) -> Queue:
    queue = Queue.from_db("default", _QUEUE_FIELDS, row)
    # the driver leaves documents as text: Django's own fields read them
    queue.skills = orjson.loads(queue.skills)
    return queue


def granted_on(queue_or_seat: Queue | Seat) -> frozenset[str]:
    """What was granted on a queue, or the queue of a seat, that was read for an actor."""
    return frozenset(getattr(queue_or_seat, "granted", ()))


def my_queues(actor: Actor) -> list[QueueSummary]:
    """The queues that the actor may work, with what waits there: two queries, however many queues."""
    queues = [q for q in visible_queues(actor) if permissions.can_work_queue(actor, granted_on(q))]
    if not queues:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            waiting_statements.SUMMARY,
            {
                "tenant": actor.tenant_id,
                "me": actor.id,
                "queues": [queue.pk for queue in queues],
                "kinds": permissions.kinds_for(actor),
                "most": MOST_COUNTED,
            },
        )
        counts = {row[0]: row[1:] for row in cursor.fetchall()}
    return [
        QueueSummary(queue, True, permissions.can_manage_queue(actor, granted_on(queue)), *counts[queue.pk])
        for queue in queues
    ]


def next_seats(actor: Actor, queue: Queue, *, limit: int = 20) -> list[Seat]:
    """What waits in a queue for this person, in the order of the claim."""
    return list(
        Seat.objects.raw(
            waiting_statements.WAITING,
            {
                "tenant": actor.tenant_id,
                "me": actor.id,
                "queue": queue.pk,
                "kinds": permissions.kinds_for(actor),
                "limit": limit,
            },
        ).prefetch_related("panel")
    )


def my_seats(actor: Actor) -> list[Seat]:
    """The seats that are in this person's hands, the most recent first, with their queues."""
    mine = Seat.objects.filter(reviewer_id=actor.id, state__in=IN_HAND, queue__is_active=True)
    return list(mine.select_related("queue").order_by("-claimed_at"))


def finished_since(actor: Actor, since: datetime, *, limit: int = 20) -> tuple[int, list[FinishedSeat]]:
    """How many judgments this person made since then, and the latest of them."""
    mine = Judgment.objects.filter(reviewer_id=actor.id, superseded_at__isnull=True, judged_at__gte=since)
    latest = mine.select_related("seat__queue", "panel", "case").annotate(read_at=Now()).order_by("-judged_at")[:limit]
    return mine.count(), [_finished(judgment) for judgment in latest]


def undoable(actor: Actor) -> FinishedSeat | None:
    """This person's last judgment, while it can be undone."""
    with bound_cursor() as cursor:
        cursor.execute(statements.UNDOABLE, {"tenant": actor.tenant_id, "me": actor.id})
        row = cursor.fetchone()
    if row is None:
        return None
    seat_id, named, queue_name, label, type_version_id, judged_at, undo_until = row
    label_name = label_names(type_version(type_version_id).labels)[label]
    return FinishedSeat(seat_id, reference_of(named), queue_name, label, label_name, judged_at, undo_until)


def get_seat(actor: Actor, seat_id: UUID, *, lock: bool = False) -> Seat:
    """One seat with its queue, its case's `type_version_id`, and `read_at` by the database's clock.

    Visible to its holder and to whoever works or manages its queue; others get NotFound.
    """
    with bound_cursor() as cursor:
        cursor.execute(
            _SEAT + statements.LOCK_SEAT if lock else _SEAT,
            {"tenant": actor.tenant_id, "me": actor.id, "seat": seat_id},
        )
        row = cursor.fetchone()
    if row is None:
        raise NotFound
    seat = Seat.from_db("default", _SEAT_FIELDS, row[: len(_SEAT_FIELDS)])
    seat.queue = _queue_of(row[len(_SEAT_FIELDS) : -6])
    seat.type_version_id, seat.why, seat.read_at, seat.granted, seat.voters, seat.conflicts = row[-6:]
    seat.queue.granted = seat.granted
    if not (permissions.holds(actor, seat) or permissions.can_see_queue(actor, granted_on(seat))):
        raise NotFound
    return seat


def get_policy(actor: Actor, policy_id: UUID, *, lock: bool = False) -> RoutingPolicy:
    """One routing policy, or NotFound."""
    policies = RoutingPolicy.objects.filter(pk=policy_id)
    policy = (policies.select_for_update(no_key=True) if lock else policies).first()
    if policy is None or not permissions.can_read_reviews(actor):
        raise NotFound
    return policy


def newest_templates() -> dict[str, PanelTemplate]:
    """The newest version of every panel template, by key."""
    newest = PanelTemplate.objects.order_by("key", "-version").distinct("key")
    return {template.key: template for template in newest}


def _finished(judgment: Judgment) -> FinishedSeat:
    ends = judgment.judged_at + timedelta(seconds=judgment.seat.queue.undo_seconds)
    live = judgment.panel.state in ("open", "disputed") and ends > judgment.read_at  # type: ignore[attr-defined]  # annotated by the query above
    names = label_names(type_version(judgment.case.type_version_id).labels)
    return FinishedSeat(
        judgment.seat_id, shown_reference(judgment), judgment.seat.queue.name, judgment.label, names[judgment.label],
        judgment.judged_at, ends if live else None,
    )  # fmt: skip

"""When hidden seats are opened: by a step between two claims, so that no claim takes longer for what comes after it."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q

from hitl_platform.kernel.errors import NotFound
from hitl_platform.pipeline.services import NewStep, enqueue_many
from hitl_platform.tenants.actor import Actor, system_actor
from reviews import permissions, staffing_queries
from reviews.models import HiddenSeat, Judgment, Queue, ReviewerLoad
from reviews.services.gold import open_ahead, sort_at
from reviews.states import SeatState

_HIDES = Q(gold_rate__gt=0) | Q(second_review_rate__gt=0) | Q(routine_rate__gt=0)


def ask_for_hidden(*, tenant_id: UUID, panel_ids: Collection[UUID]) -> None:
    """People have judged on these panels: write a step for each whose next seat was drawn to be hidden. In a finish."""
    queues = {queue.pk: queue for queue in Queue.objects.filter(_HIDES, is_active=True)}
    if not queues:
        return
    said = Judgment.objects.filter(panel_id__in=panel_ids, superseded_at__isnull=True, seat__queue_id__in=queues)
    pairs = set(said.order_by().values_list("reviewer_id", "seat__queue_id"))
    loads = ReviewerLoad.objects.filter(reviewer_id__in={reviewer for reviewer, _ in pairs}, queue_id__in=queues)
    rows = []
    for load in loads:
        queue, actor = queues[load.queue_id], Actor("user", load.reviewer_id, tenant_id)
        # the quiz is the claims' own
        is_due = (load.reviewer_id, load.queue_id) in pairs and load.taken >= queue.gold_first
        if is_due and sort_at(actor, queue=queue, position=load.taken):
            rows.append(NewStep(load.reviewer_id, (), dedupe_key=f"{queue.pk}:{load.taken}"))
    if rows:
        enqueue_many("hide", tenant_id=tenant_id, rows=rows)


def hide(*, tenant_id: UUID, reviewer_id: UUID, queue_id: UUID, position: int) -> None:
    """Open one hidden seat ahead, for somebody who still works there; in a finish, one a transaction."""
    # claims of this person wait, and so no two of their hidden seats come at one place
    staffing_queries.stand_in_line(tenant_id, reviewer_id)
    waiting = HiddenSeat.objects.filter(reviewer_id=reviewer_id, queue_id=queue_id, seat__state=SeatState.OPEN)
    # one at a time: what a list shows first is what the next claim takes
    if waiting.exclude(seat__released_by=reviewer_id).exists():
        return
    queue = Queue.objects.filter(pk=queue_id, is_active=True).first()
    try:
        actor = staffing_queries.reviewer_of(system_actor(tenant_id, "quality"), reviewer_id)
    except NotFound:
        return
    if queue is not None and permissions.can_work_queue(actor, staffing_queries.granted_to(reviewer_id, queue_id)):
        open_ahead(actor, queue=queue, position=position)

"""What is due, what runs, what died, and whether any work is being done at all."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from hitl_platform.kernel.errors import NotFound
from hitl_platform.pipeline import permissions
from hitl_platform.pipeline.models import Step
from hitl_platform.pipeline.states import StepState
from hitl_platform.tenants.actor import Actor

LIVE = (StepState.READY, StepState.LEASED)


@dataclass(frozen=True, slots=True)
class KindSummary:
    """One kind of step at one tenant. `oldest_due_at` is the earliest time at which a waiting step was due."""

    kind: str
    due: int
    later: int
    leased: int
    dead: int
    oldest_due_at: datetime | None

    @property
    def waited(self) -> timedelta | None:
        """For how long the oldest due step has waited."""
        return timezone.now() - self.oldest_due_at if self.oldest_due_at else None


def visible_steps(actor: Actor) -> QuerySet[Step]:
    """The steps that the actor may see: all of the tenant's, or none."""
    steps = Step.objects.all()
    return steps if permissions.can_view_steps(actor) else steps.none()


def get_step(actor: Actor, step_id: UUID, *, lock: bool = False) -> Step:
    """One step, or NotFound."""
    steps = visible_steps(actor)
    if lock:
        steps = steps.select_for_update(no_key=True)
    step = steps.filter(id=step_id).first()
    if step is None:
        raise NotFound
    return step


def summaries(actor: Actor) -> list[KindSummary]:
    """What is not done, by kind; kinds with nothing but done steps are left out."""
    now = timezone.now()
    waiting = Q(state=StepState.READY)
    rows = (
        visible_steps(actor)
        .filter(state__in=[*LIVE, StepState.DEAD])
        .values("kind")
        .annotate(
            due=Count("id", filter=waiting & Q(run_at__lte=now)),
            later=Count("id", filter=waiting & Q(run_at__gt=now)),
            leased=Count("id", filter=Q(state=StepState.LEASED)),
            dead=Count("id", filter=Q(state=StepState.DEAD)),
            oldest_due_at=Min("run_at", filter=waiting & Q(run_at__lte=now)),
        )
        .order_by("kind")
    )
    return [KindSummary(**row) for row in rows]

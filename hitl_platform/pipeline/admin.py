"""The pipeline in the console: what is due, what runs, what died, and another try for it."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from hitl_platform.console.cards import Figure, Need, since
from hitl_platform.console.entry import actor_of
from hitl_platform.console.model_admin import ConsoleAdmin
from hitl_platform.console.site import site
from hitl_platform.console.verbs import Told, Verb
from hitl_platform.console.words import in_words
from hitl_platform.pipeline import permissions, queries
from hitl_platform.pipeline.models import Step
from hitl_platform.pipeline.services import retry_step
from hitl_platform.pipeline.states import StepState
from hitl_platform.tenants.actor import Actor

# a step that has been due for longer has no worker
LATE = timedelta(minutes=1)
DEAD_SHOWN = 50


def _retry(actor: Actor, step: Step, _values: dict[str, Any]) -> Told:
    retry_step(actor=actor, step_id=step.pk)
    return Told(f"The step “{step.kind}” is ready again; a worker takes it at once.", where="console:pipeline")


def _can_retry(actor: Actor, step: Step) -> bool:
    return step.state == StepState.DEAD and permissions.can_retry_step(actor)


RETRY = Verb(
    name="retry",
    label="Retry",
    says="The step gets all its attempts anew, at once. Its case is already with humans, or was when the step "
    "died; if it has been decided since, the step finds nothing left to do.",
    perform=_retry,
    is_allowed=_can_retry,
)


@admin.register(Step, site=site)
class StepAdmin(ConsoleAdmin):
    """Steps, newest first."""

    list_display = ("kind", "state", "case_count", "attempt", "run_at", "cause")
    list_filter = ("state",)
    search_exactly = ("subject_id",)
    # how workers agree among themselves, which is no news to people
    hidden = ("case_ids", "dedupe_key", "lease_token", "lease_until", "hinted_at")
    verbs = (RETRY,)

    def name_of(self, obj: Any) -> str:
        """The kind of work, and since when it is asked for."""
        return f"{in_words(obj.kind)}, {obj.created_at:%d %b %Y, %H:%M}"


def needs(actor: Actor) -> list[Need]:
    """Dead steps, and work that nobody does."""
    summaries = queries.summaries(actor)
    dead = sum(each.dead for each in summaries)
    late = [each for each in summaries if each.waited and each.waited > LATE and not each.leased]
    where = reverse("console:pipeline")
    still = f"{', '.join(each.kind for each in late)}: is a worker running?"
    return [
        Need(dead, "dead step", "dead steps", where, "danger", "Tried, given up, and waiting for a look."),
        Need(len(late), "kind of work stands still", "kinds of work stand still", where, "danger", still),
    ]


def figures(actor: Actor) -> list[Figure]:
    """How much automatic work waits."""
    summaries = queries.summaries(actor)
    oldest = min((each.oldest_due_at for each in summaries if each.oldest_due_at), default=None)
    waits = f"the oldest for {since(oldest)}" if oldest else "nothing waits"
    return [Figure("Steps due", str(sum(each.due for each in summaries)), waits, reverse("console:pipeline"))]


def pipeline_page(request: HttpRequest) -> TemplateResponse:
    """Steps by kind and state, the oldest due, and the dead with their errors."""
    actor = actor_of(request)
    dead = queries.visible_steps(actor).filter(state=StepState.DEAD).order_by("-done_at")
    context = {
        **site.each_context(request),
        "title": "Pipeline",
        "summaries": [
            (each, since(each.oldest_due_at) if each.oldest_due_at else "none") for each in queries.summaries(actor)
        ],
        "dead": dead[:DEAD_SHOWN],
        "dead_shown": DEAD_SHOWN,
        "can_retry": permissions.can_retry_step(actor),
        "now": timezone.now(),
    }
    request.current_app = site.name
    return TemplateResponse(request, "console/pipeline.html", context)


site.add_page("pipeline/", view=pipeline_page, name="pipeline")

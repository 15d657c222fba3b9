"""The portal's doors for reviewers: parse, one service, present."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from hitl_platform.doors.authentication import actor_required
from hitl_platform.kernel.errors import Conflict, DomainError, Invalid, NotFound
from hitl_platform.tenants.actor import Actor
from reviews import pages, permissions, presenting, queries, seat_views, staffing_queries
from reviews.forms import AnswerForm, CommentForm, DraftForm, LeaseForm, SeatForm, VerdictForm
from reviews.models import Queue, Seat
from reviews.services.claim import claim_next
from reviews.services.comments import add_comment, set_content_care
from reviews.services.hints import tell_hint
from reviews.services.judge import answer_seat, save_draft, submit_judgment, undo_judgment
from reviews.services.leases import heartbeat_seat, hold_seat, release_seat, resume_seat

FINISHED_SHOWN = 10
WAITING_SHOWN = 20


class PortalRequest(HttpRequest):
    """A request of a person inside a tenant, as `actor_required` lets it through."""

    actor: Actor


@actor_required
@require_GET
def my_queues(request: PortalRequest) -> HttpResponse:
    """What waits for me, what is with me, what I finished today."""
    summaries = queries.my_queues(request.actor)
    context = {"queues": summaries, "roles": _roles(request.actor), **presenting.totals(summaries), **_mine(request)}
    context["gives_queues"] = permissions.can_define_reviews(request.actor)
    return render(request, "reviews/my_queues.html", context)


@actor_required
@require_GET
def queue(request: PortalRequest, key: str) -> HttpResponse:
    """One queue: what comes next and why in that order; or why nothing does."""
    shown, facts = staffing_queries.queue_and_facts(request.actor, key)
    summaries = queries.my_queues(request.actor)
    summary = next((each for each in summaries if each.queue.key == key), None)
    context = {"queue": shown, "summary": summary, "stopped": presenting.stopped_words(facts), **_mine(request)}
    if summary and summary.open and not facts.stopped:
        seats = queries.next_seats(request.actor, shown, limit=WAITING_SHOWN)
        context["waiting"] = presenting.waiting(seats, me=request.actor.id)
    elif summary:
        context["reasons"] = presenting.empty_words(staffing_queries.empty_reasons(request.actor, shown))
        context["next_queue"] = _elsewhere(request.actor, summaries, but=key)
    return render(request, "reviews/queue.html", context)


@actor_required
@require_GET
def next_queue(request: PortalRequest, key: str) -> HttpResponse:
    """On to another queue that has work for me, or to all of mine."""
    found = _elsewhere(request.actor, queries.my_queues(request.actor), but=key)
    return redirect("queue", found.key) if found else redirect("my_queues")


@actor_required
@require_POST
def next_case(request: PortalRequest, key: str) -> HttpResponse:
    """Claim the next seat and show its case; an empty queue explains itself."""
    seat = claim_next(actor=request.actor, queue_key=key, viewed=True)
    # where work begins, not at every case: a hint stands beside no case in particular
    hint = tell_hint(actor=request.actor) if seat else None
    if hint:
        messages.info(request, hint)
    return redirect("seat", seat.pk) if seat else redirect("queue", key)


# the page itself says that a lease is over, and that a case was withdrawn, judged in another tab or taken away
_TOLD_BY_THE_PAGE = ("lease_expired", "seat_not_")


@actor_required
@require_GET
def seat(request: PortalRequest, seat_id: UUID) -> HttpResponse:
    """The case page."""
    return _case_page(request, seat_id)


@actor_required
@require_POST
def submit(request: PortalRequest, seat_id: UUID) -> HttpResponse:
    """The last word; the next case follows at once."""
    form = VerdictForm(request.POST)
    if not form.is_valid():
        return _case_page(request, seat_id, form=form, status=400)
    try:
        judgment = submit_judgment(
            actor=request.actor, seat_id=seat_id, lease_token=form.token(), verdict=form.verdict()
        )
    except (Conflict, Invalid) as refusal:
        return _refused(request, seat_id, form=form, refusal=refusal)
    return go_on(request, judgment.seat.queue.key)


@actor_required
@require_POST
def answer(request: PortalRequest, seat_id: UUID) -> HttpResponse:
    """The blind first answer; the page comes back with the advice."""
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _case_page(request, seat_id, form=form, status=400)
    try:
        answer_seat(actor=request.actor, seat_id=seat_id, lease_token=form.token(), label=form.cleaned_data["label"])
    except (Conflict, Invalid) as refusal:
        return _refused(request, seat_id, form=form, refusal=refusal)
    return redirect("seat", seat_id)


@actor_required
@require_POST
def release(request: PortalRequest, seat_id: UUID) -> HttpResponse:
    """Give the case back, and go on with the next one."""
    seat = release_seat(actor=request.actor, seat_id=seat_id)
    if seat.released_by != request.actor.id:  # a manager took it from its holder, and does not judge
        return redirect("queue", seat.queue.key)
    return go_on(request, seat.queue.key)


@actor_required
@require_POST
def hold(request: PortalRequest, seat_id: UUID) -> HttpResponse:
    """Keep the case while asking somebody."""
    hold_seat(actor=request.actor, seat_id=seat_id)
    return redirect("seat", seat_id)


@actor_required
@require_POST
def resume(request: PortalRequest, seat_id: UUID) -> HttpResponse:
    """Go on with a case on hold."""
    resume_seat(actor=request.actor, seat_id=seat_id)
    return redirect("seat", seat_id)


@actor_required
@require_POST
def undo(request: PortalRequest, seat_id: UUID) -> HttpResponse:
    """Take the last word back."""
    undo_judgment(actor=request.actor, seat_id=seat_id)
    return redirect("seat", seat_id)


@actor_required
@require_POST
def heartbeat(request: PortalRequest, seat_id: UUID) -> HttpResponse:
    """The page is still looked at: the lease begins anew."""
    form = LeaseForm(request.POST)
    token = form.token() if form.is_valid() else 0
    ends_at = heartbeat_seat(actor=request.actor, seat_id=seat_id, lease_token=token)
    return JsonResponse({"lease_seconds": max(0, round((ends_at - timezone.now()).total_seconds()))})


@actor_required
@require_POST
def draft(request: PortalRequest, seat_id: UUID) -> HttpResponse:
    """Keep what is written so far."""
    form = DraftForm(request.POST)
    if not form.is_valid():
        told = {name: [str(error) for error in found] for name, found in form.errors.items()}
        raise Invalid("The draft cannot be kept.", fields=told)
    save_draft(actor=request.actor, seat_id=seat_id, body=form.body())
    return HttpResponse(status=204)


@actor_required
@require_GET
def background(request: PortalRequest, seat_id: UUID) -> HttpResponse:
    """What surrounds the case: its subject's history, and decided cases like it."""
    seat = queries.get_seat(request.actor, seat_id)
    found = pages.surroundings(request.actor, seat)
    if found is None:
        raise NotFound
    context = {"seat": seat, "reference": queries.shown_reference(seat), "background": found}
    return render(request, "reviews/background.html", context)


@actor_required
@require_POST
def comment(request: PortalRequest, seat_id: UUID) -> HttpResponse:
    """Say something on the case to those who work on it."""
    form = CommentForm(request.POST)
    if form.is_valid():
        try:
            add_comment(actor=request.actor, seat_id=seat_id, text=form.cleaned_data["text"])
            return redirect(f"{reverse('seat', args=[seat_id])}#comments")
        except Invalid as refusal:
            form.add_error("text", refusal.fields.get("text", [str(refusal)]))
    return _case_page(request, seat_id, comment=form, status=400)


@actor_required
@require_POST
def care(request: PortalRequest) -> HttpResponse:
    """How this person wants content that may distress, on every case."""
    wanted = {name: name in request.POST for name in ("blurs", "greys")}
    set_content_care(actor=request.actor, **wanted)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    form = SeatForm(request.POST)
    return redirect("seat", form.cleaned_data["seat"]) if form.is_valid() else redirect("my_queues")


def go_on(request: PortalRequest, queue_key: str) -> HttpResponse:
    """The next case of a queue: at once where htmx asks, else by the way of a browser."""
    if request.headers.get("HX-Boosted"):
        try:
            seat = claim_next(actor=request.actor, queue_key=queue_key, viewed=True)
        except DomainError:  # what was just said stands, whatever keeps the next case away: the queue tells
            return redirect("queue", queue_key)
        if seat is not None:
            response = _show(request, seat)
            response["HX-Push-Url"] = reverse("seat", args=[seat.pk])
            return response
        return redirect("queue", queue_key)
    # the browser repeats its POST there: claiming is a change, and changes are never a GET
    return redirect("next_case", queue_key, preserve_request=True)


def _case_page(
    request: PortalRequest,
    seat_id: UUID,
    *,
    form: AnswerForm | None = None,
    comment: CommentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    return _show(request, queries.get_seat(request.actor, seat_id), form=form, comment=comment, status=status)


def _show(
    request: PortalRequest,
    seat: Seat,
    *,
    form: AnswerForm | None = None,
    comment: CommentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    page = pages.seat_page(request.actor, seat)
    view = seat_views.seat_view(page, sent=form.sent() if form else None, whole="whole" in request.GET)
    context = {
        "page": view,
        "form": form,
        "comment": comment,
        "undoable": None if view.undo_until else _undoable(request.actor),
    }
    return render(request, "reviews/seat.html", context, status=status)


def _refused(request: PortalRequest, seat_id: UUID, *, form: AnswerForm, refusal: DomainError) -> HttpResponse:
    """The page as it is now, with what was written and what is wrong."""
    if isinstance(refusal, Invalid):
        for name, found in refusal.fields.items():
            field = name.split("[")[0]
            form.add_error(field if field in form.fields else None, found)
        return _case_page(request, seat_id, form=form, status=400)
    if not refusal.code.startswith(_TOLD_BY_THE_PAGE):
        form.add_error(None, str(refusal))
    response = _case_page(request, seat_id, form=form, status=409)
    response["HX-Push-Url"] = reverse("seat", args=[seat_id])
    return response


def _mine(request: PortalRequest) -> dict[str, Any]:
    count, latest = queries.finished_since(request.actor, presenting.start_of_day(), limit=FINISHED_SHOWN)
    finished = [presenting.done(each) for each in latest]
    return {
        "mine": presenting.in_hand(queries.my_seats(request.actor)),
        "finished": finished,
        "finished_count": count,
        "undoable": next((each for each in finished[:1] if each.undo_until), None),
    }


def _elsewhere(actor: Actor, summaries: list[queries.QueueSummary], *, but: str) -> Queue | None:
    """Another queue with work that the person may take now: not where they are paused, at their cap, or away."""
    others = presenting.with_work(summaries, but=but)
    stopped = staffing_queries.stopped_in(actor, [each.queue.pk for each in others]) if others else frozenset()
    return presenting.due_first([each for each in others if each.queue.pk not in stopped])


def _undoable(actor: Actor) -> presenting.Done | None:
    last = queries.undoable(actor)
    return presenting.done(last) if last else None


def _roles(actor: Actor) -> str:
    return ", ".join(sorted(role.replace("_", " ") for role in actor.roles))

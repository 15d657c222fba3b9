"""The portal's doors to one's own work: what I did, how it went, what I may contest or answer, and practice."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.definitions import label_names
from cases.layouts import EVERYTHING, lay_out
from cases.models import Case
from cases.queries import payloads, shown_files
from hitl_platform.doors.authentication import actor_required
from hitl_platform.doors.errors import domain_refusal
from hitl_platform.kernel.errors import Conflict, Invalid, NotFound, require
from hitl_platform.tenants.actor import Actor
from reviews import permissions, quality_queries, queries
from reviews.models import GoldContest, GoldResult, PracticeAnswer, Queue
from reviews.pages import SeenCare, names_files
from reviews.presenting import start_of_day, title_of
from reviews.services.contests import MAX_REASON, contest_gold
from reviews.services.flags import MAX_WORDS, answer_flag
from reviews.services.practice import answer_practice, practice_cases
from reviews.type_versions import type_version
from reviews.views import PortalRequest

DAYS = 14


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=MAX_REASON, error_messages={"required": "Say why."})


class AnswerForm(forms.Form):
    answer = forms.CharField(max_length=MAX_WORDS, error_messages={"required": "Say something."})


class PracticeForm(forms.Form):
    case = forms.UUIDField()
    label = forms.CharField(max_length=200, error_messages={"required": "Choose a label first."})


@actor_required
@require_GET
def my_work(request: PortalRequest) -> HttpResponse:
    """What I did and how it went."""
    return render(request, "reviews/my_work.html", _my_work(request))


@actor_required
@require_http_methods(["GET", "POST"])
def contest(request: PortalRequest, result_id: UUID) -> HttpResponse:
    """A known case that I missed: why it was so, and my word against it."""
    told = quality_queries.told_results(request.actor)
    result = next((each for each in told if each.pk == result_id and not each.is_right), None)
    if result is None:
        raise NotFound
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            contest_gold(actor=request.actor, result_id=result_id, reason=form.cleaned_data["reason"])
        except (Conflict, Invalid) as refusal:
            return domain_refusal(request, refusal)
        messages.success(request, "Your contest waits for a manager who did not write the item.")
        return redirect("my_work")
    known = result.gold_item.known_case
    context = {
        "missed": _missed([result])[0],
        "form": form,
        **_shown_case(request.actor, known, seat_id=result.judgment.seat_id),
    }
    return render(request, "reviews/contest.html", context, status=400 if form.errors else 200)


@actor_required
@require_POST
def answer_to_flag(request: PortalRequest, flag_id: UUID) -> HttpResponse:
    """My answer to a flag about me."""
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return render(request, "reviews/my_work.html", {**_my_work(request), "flag_form": form}, status=400)
    try:
        answer_flag(actor=request.actor, flag_id=flag_id, answer=form.cleaned_data["answer"])
    except (Conflict, Invalid) as refusal:
        return domain_refusal(request, refusal)
    messages.success(request, "Your answer stands beside the flag.")
    return redirect("my_work")


@actor_required
@require_http_methods(["GET", "POST"])
def practice(request: PortalRequest, key: str) -> HttpResponse:
    """A past case whose outcome is known; after an answer, what turned out to be true."""
    queue = queries.get_queue(request.actor, key)
    require(permissions.can_work_queue(request.actor, queries.granted_on(queue)), "This queue is not yours to work in.")
    form = PracticeForm(request.POST) if request.method == "POST" else None
    if form is not None and form.is_valid():
        try:
            answer = answer_practice(
                actor=request.actor,
                queue_key=key,
                case_id=form.cleaned_data["case"],
                label=form.cleaned_data["label"],
            )
        except (Conflict, Invalid) as refusal:
            return domain_refusal(request, refusal)
        return render(request, "reviews/practice.html", _feedback(request, queue, answer))
    case = practice_cases(request.actor, queue=queue).order_by("?").first()
    context = {"queue": queue, "score": quality_queries.practised(request.actor), "form": form}
    if case is not None:
        version = type_version(case.type_version_id)
        asked = {"case": case, "question": version.question, "labels": version.labels}
        context |= {**asked, **_shown_case(request.actor, case)}
    return render(request, "reviews/practice.html", context, status=400 if form is not None else 200)


def _my_work(request: PortalRequest) -> dict[str, Any]:
    actor = request.actor
    since = start_of_day() - timedelta(days=DAYS - 1)
    told = quality_queries.told_results(actor)
    days = quality_queries.days_of(actor, since=since)
    granted = [each for each in queries.visible_queues(actor) if permissions.can_work_queue(actor, each.granted)]
    return {
        "days": days,
        "total": sum(each["count"] for each in days),
        "days_shown": DAYS,
        "scores": quality_queries.gold_scores(told),
        "agreements": quality_queries.agreements(actor),
        "missed": _missed(told)[: quality_queries.MOST_SHOWN],
        "overturned": [_overturned(judgment) for judgment in quality_queries.overturned(actor)],
        "flags": quality_queries.flags_of(actor),
        "pauses": quality_queries.pauses_of(actor),
        "practised": quality_queries.practised(actor),
        "queues": granted,
        "now": timezone.now(),
    }


def _missed(results: list[GoldResult]) -> list[dict[str, Any]]:
    """What was answered otherwise, and what was contested, however that came out."""
    mine = [result.judgment_id for result in results]
    contests = {each.judgment_id: each for each in GoldContest.objects.filter(judgment_id__in=mine)}
    return [
        {
            "result": result,
            "title": title_of(result.judgment),
            "given": _names(result).get(result.label, result.label),
            "expected": _names(result).get(result.expected, result.expected),
            "why": result.gold_item.why,
            "contest": contests.get(result.judgment_id),
        }
        for result in results
        if not result.is_right or result.judgment_id in contests
    ]


def _names(result: GoldResult) -> dict[str, str]:
    return label_names(type_version(result.gold_item.known_case.type_version_id).labels)


def _overturned(judgment: Any) -> dict[str, Any]:
    names = label_names(type_version(judgment.case.type_version_id).labels)
    return {
        "title": title_of(judgment),
        "queue": judgment.panel.queue.name,
        "mine": names.get(judgment.label, judgment.label),
        "decided": names.get(judgment.decided, judgment.decided),
        "adjudicated": judgment.adjudicated,
        "at": judgment.judged_at,
    }


def _shown_case(actor: Actor, case: Case, *, seat_id: UUID | None = None) -> dict[str, Any]:
    """The case whole, with its files and with the person's care for what may distress, as on a page of work."""
    version = type_version(case.type_version_id)
    files = shown_files(case.pk, seat_id=seat_id) if names_files(version.layout) else {}
    payload = payloads([case.pk])[case.pk]
    blocks = lay_out(version.layout, payload=payload, schema=version.payload_schema, files=files, most=EVERYTHING)
    care = SeenCare(bool(version.layout.get("sensitive")), *quality_queries.care_of(actor))
    return {"blocks": blocks, "page": {"care": care}}


def _feedback(request: PortalRequest, queue: Queue, answer: PracticeAnswer) -> dict[str, Any]:
    case = answer.practised_case
    names = label_names(type_version(case.type_version_id).labels)
    return {
        "queue": queue,
        "score": quality_queries.practised(request.actor),
        "answer": answer,
        "given": names.get(answer.label, answer.label),
        "outcome": names.get(answer.outcome, answer.outcome),
        "is_right": answer.label == answer.outcome,
        **_shown_case(request.actor, case),
    }

"""The portal's doors to appeals: the list with its deadlines, one appeal and its answer, and where they are heard."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audits import appeal_permissions, appeal_queries
from audits.appeal_forms import OUTCOMES, AnswerForm, RuleForm
from audits.appeal_measures import LEAST_TOLD, measures_by_case_type, reversals_by_group
from audits.models import Appeal, AppealRule
from audits.permissions import can_audit
from audits.services.access import record_read
from audits.services.appeal_links import make_appeal_link
from audits.services.appeal_rules import set_appeal_rule
from audits.services.appeals import (
    ANSWER_DAYS,
    OPEN_DAYS,
    answer_appeal,
    send_waiting,
    withdraw_appeal,
)
from audits.states import APPEAL, AppealState
from cases.definitions import label_names
from cases.models import CaseType
from cases.queries import get_case_type
from hitl_platform.doors.authentication import actor_required
from hitl_platform.doors.errors import domain_refusal
from hitl_platform.kernel.errors import Conflict, Invalid, require
from hitl_platform.ledger.disclosure import is_judge
from reviews.references import reference_of
from reviews.type_versions import type_version
from reviews.views import PortalRequest

SHOWN = 30
OPEN = APPEAL.sources("withdraw")
STATES = {"open": OPEN, "decided": (AppealState.DECIDED,), "withdrawn": (AppealState.WITHDRAWN,)}


@actor_required
@require_GET
def appeals(request: PortalRequest) -> HttpResponse:
    """Appeals that wait for something first, by their deadline; others by choice."""
    require(appeal_permissions.can_handle_appeals(request.actor))
    show, wanted = request.GET.get("show", "open"), request.GET.get("type", "")
    show = show if show in STATES else "open"
    rows = appeal_queries.visible_appeals(request.actor).filter(state__in=STATES[show])
    rows = rows.filter(case_type__key=wanted) if wanted else rows
    rows = (
        rows.order_by("due_at", "id") if show == "open" else rows.order_by(F("decided_at").desc(nulls_last=True), "-id")
    )
    page = Paginator(rows, SHOWN).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [_row(appeal) for appeal in page.object_list],
        "show": show,
        "wanted": wanted,
        "types": CaseType.objects.order_by("name"),
        "measures": measures_by_case_type(),
        **_groups(request, wanted),
        "choices": [("open", "To be answered"), ("decided", "Answered"), ("withdrawn", "Withdrawn")],
    }
    return render(request, "audits/appeals/list.html", context)


@actor_required
@require_http_methods(["GET", "POST"])
def appeal(request: PortalRequest, appeal_id: UUID) -> HttpResponse:
    """One appeal; posted to, it is answered."""
    require(appeal_permissions.can_handle_appeals(request.actor))
    found = appeal_queries.get_appeal(request.actor, appeal_id)
    outcomes = appeal_queries.possible_outcomes(found)
    form = AnswerForm(request.POST if request.method == "POST" else None, outcomes=outcomes)
    if request.method == "POST" and form.is_valid():
        try:
            answer_appeal(actor=request.actor, appeal_id=appeal_id, **form.cleaned_data)
        except (Conflict, Invalid) as refusal:
            return domain_refusal(request, refusal)
        messages.success(request, "The appeal is answered. Whoever brought it in reads the outcome and your reasons.")
        return redirect("audits:appeal", appeal_id)
    record_read(actor=request.actor, subject=found, what="appeal")
    context = {**_row(found), "form": form, "can_answer": bool(outcomes) and found.state == AppealState.IN_REVIEW}
    context["withheld"] = is_judge(request.actor) and found.case.is_open
    return render(request, "audits/appeals/one.html", context, status=400 if form.errors else 200)


@actor_required
@require_POST
def send_appeal(request: PortalRequest, appeal_id: UUID) -> HttpResponse:
    """Try again to send an appeal to people."""
    require(appeal_permissions.can_handle_appeals(request.actor))
    sent = send_waiting(actor=request.actor, appeal_id=appeal_id)
    if sent.state == AppealState.RECEIVED:
        messages.warning(request, sent.waits_for)
    else:
        messages.success(request, "People are asked now.")
    return redirect("audits:appeal", appeal_id)


@actor_required
@require_POST
def take_back(request: PortalRequest, appeal_id: UUID) -> HttpResponse:
    """The person has taken the appeal back."""
    require(appeal_permissions.can_handle_appeals(request.actor))
    withdraw_appeal(actor=request.actor, appeal_id=appeal_id)
    messages.success(request, "Taken back. The decision that stood stands again.")
    return redirect("audits:appeal", appeal_id)


@actor_required
@require_GET
def appeal_rules(request: PortalRequest) -> HttpResponse:
    """Where the appeals of each case type are heard."""
    require(appeal_permissions.can_handle_appeals(request.actor))
    rules = {rule.case_type_id: rule for rule in AppealRule.objects.select_related("queue")}
    types = [(case_type, rules.get(case_type.pk)) for case_type in CaseType.objects.order_by("name")]
    return render(request, "audits/appeals/rules.html", {"types": types})


@actor_required
@require_http_methods(["GET", "POST"])
def appeal_rule(request: PortalRequest, key: str) -> HttpResponse:
    """Say where the appeals of one case type are heard."""
    require(appeal_permissions.can_handle_appeals(request.actor))
    case_type = get_case_type(request.actor, key)
    form = RuleForm(request.POST if request.method == "POST" else None, initial=_initial(case_type))
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        try:
            set_appeal_rule(
                actor=request.actor, case_type_key=key, queue_key=chosen["queue"], template_key=chosen["template"],
                answer_within=chosen["answer_within"], calendar_key=chosen["calendar"], open_days=chosen["open_days"],
            )  # fmt: skip
        except Invalid as refusal:
            for name, reasons in refusal.fields.items():
                form.add_error(name if name in form.fields else None, list(reasons))
        else:
            messages.success(request, f"Appeals of {case_type.name} are heard so from now on.")
            return redirect("audits:appeal_rules")
    context = {"case_type": case_type, "form": form}
    return render(request, "audits/appeals/rule.html", context, status=400 if form.errors else 200)


@actor_required
@require_POST
def new_link(request: PortalRequest, case_id: UUID) -> HttpResponse:
    """A link for the person whom a case concerns, shown once."""
    require(appeal_permissions.can_handle_appeals(request.actor))
    url, expires_at = make_appeal_link(actor=request.actor, case_id=case_id)
    context = {"url": url, "expires_at": expires_at, "reference": reference_of(case_id), "case_id": case_id}
    return render(request, "audits/appeals/new_link.html", context)


def _groups(request: PortalRequest, wanted: str) -> dict[str, Any]:
    """Reversals by one protected attribute of a case type, for those who audit."""
    case_type = CaseType.objects.filter(key=wanted).first() if wanted else None
    if case_type is None or not can_audit(request.actor) or case_type.current_version_id is None:
        return {}
    attributes = type_version(case_type.current_version_id).attributes_schema
    titles = [(key, each.get("title") or key) for key, each in attributes.items()]
    by = request.GET.get("by", "")
    found: dict[str, Any] = {"attributes": titles, "by": by, "least_told": LEAST_TOLD}
    if by in attributes:
        found["groups"] = reversals_by_group(request.actor, case_type_id=case_type.pk, attribute=by)
        found["by_title"] = dict(titles)[by]
    return found


def _initial(case_type: CaseType) -> dict[str, object]:
    rule = appeal_queries.rule_of(case_type.pk)
    if rule is None:
        return {"answer_within": f"{ANSWER_DAYS}d", "open_days": OPEN_DAYS}
    return {
        "queue": rule.queue.key, "template": rule.template_key, "answer_within": rule.answer_within,
        "calendar": rule.calendar_key, "open_days": rule.open_days,
    }  # fmt: skip


def _row(found: Appeal) -> dict[str, Any]:
    names = label_names(type_version(found.case.type_version_id).labels)
    return {
        "appeal": found,
        "reference": reference_of(found.case_id),
        "is_open": found.state in OPEN,
        "label": names.get(found.decision.label, found.decision.label),
        "result": names.get(found.result.label, found.result.label) if found.result else "",
        "outcome": dict(OUTCOMES).get(found.outcome, ""),  # type: ignore[call-overload]  # before the answer there is no outcome
    }

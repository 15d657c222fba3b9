"""The portal's doors to what follows an audit: findings, the audit before, audits that come round, watched ratios."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audits import bias_queries, permissions
from audits.bias_forms import AssignForm, CloseForm, ScheduleForm, TypeForm, WatchForm, WordsForm
from audits.bias_reports import people_names, with_names
from audits.models import Finding
from audits.report_comparison import compared_findings, compared_tables
from audits.report_words import group_words
from audits.services.bias import read_bias_audit
from audits.services.bias_findings import act_on_finding, assign_finding, close_finding, reopen_finding
from audits.services.bias_watch import end_bias_schedule, end_watch, schedule_bias_audits, watch_ratio
from audits.states import FINDING
from cases.models import CaseTypeVersion
from cases.queries import get_current_version
from hitl_platform.doors.authentication import actor_required
from hitl_platform.doors.errors import domain_refusal
from hitl_platform.kernel.errors import Conflict, Invalid, NotFound, require
from reviews.views import PortalRequest

ONLY = "Bias audits are for compliance officers and owners."


@actor_required
@require_GET
def compare(request: PortalRequest, audit_id: UUID) -> HttpResponse:
    """A report beside that of the audit before it."""
    audit = bias_queries.get_report(request.actor, audit_id)
    if audit.previous_id is None:
        raise NotFound
    previous = bias_queries.get_report(request.actor, audit.previous_id)
    read_bias_audit(actor=request.actor, audit_id=audit.pk, what="comparison")
    before, now = orjson.loads(previous.report), orjson.loads(audit.report)
    found = compared_findings(before, now)
    context = {
        "audit": audit,
        "previous": previous,
        "tables": [(group_words(name), table) for name, table in compared_tables(before, now)],
        "findings": [
            (title, with_names(found[kind]))
            for kind, title in (("new", "New"), ("still", "Still there"), ("gone", "Gone"))
        ],
    }
    return render(request, "audits/bias/compare.html", context)


@actor_required
@require_GET
def finding(request: PortalRequest, finding_id: UUID) -> HttpResponse:
    """One finding and what became of it."""
    return render(request, "audits/bias/finding.html", _finding(request, finding_id))


def _act(
    verb: str, form_of: Callable[..., forms.Form] | None, run: Callable[..., Any]
) -> Callable[..., HttpResponseBase]:
    @actor_required
    @require_POST
    def act(request: PortalRequest, finding_id: UUID) -> HttpResponse:
        form = form_of(request.POST) if form_of else None
        if form is None or form.is_valid():
            try:
                run(actor=request.actor, finding_id=finding_id, **(form.cleaned_data if form else {}))
            except Invalid as refusal:
                _tell(form, refusal)
            except Conflict as refusal:
                return domain_refusal(request, refusal)
            else:
                messages.success(request, "Noted, and recorded.")
                return redirect("audits:finding", finding_id)
        return render(request, "audits/bias/finding.html", _finding(request, finding_id, **{verb: form}), status=400)

    return act


assign = _act("assign", AssignForm, assign_finding)
act_on = _act("act", WordsForm, act_on_finding)
close = _act("close", CloseForm, close_finding)
reopen = _act("reopen", None, reopen_finding)


@actor_required
@require_http_methods(["GET", "POST"])
def new_schedule(request: PortalRequest) -> HttpResponse:
    """Let an audit come round."""
    return _for_type(request, ScheduleForm, "audits/bias/new_schedule.html", lambda form, key: schedule_bias_audits(
        actor=request.actor, asked=form.asked(key)
    ))  # fmt: skip


@actor_required
@require_http_methods(["GET", "POST"])
def new_watch(request: PortalRequest) -> HttpResponse:
    """Watch a ratio."""
    return _for_type(request, WatchForm, "audits/bias/new_watch.html", lambda form, key: watch_ratio(
        actor=request.actor, case_type_key=key, **form.watched()
    ))  # fmt: skip


@actor_required
@require_POST
def end_schedule(request: PortalRequest, schedule_id: UUID) -> HttpResponse:
    """No further audit comes of it."""
    return _ended(request, lambda: end_bias_schedule(actor=request.actor, schedule_id=schedule_id))


@actor_required
@require_POST
def end_watching(request: PortalRequest, monitor_id: UUID) -> HttpResponse:
    """The ratio is no longer watched."""
    return _ended(request, lambda: end_watch(actor=request.actor, monitor_id=monitor_id))


def _ended(request: PortalRequest, run: Callable[[], Any]) -> HttpResponse:
    require(permissions.can_audit(request.actor), ONLY)
    try:
        run()
    except Conflict as refusal:
        return domain_refusal(request, refusal)
    messages.success(request, "Ended. What there is stays.")
    return redirect("audits:bias_audits")


def _for_type(
    request: PortalRequest, form_of: Callable[..., Any], template: str, run: Callable[[Any, str], Any]
) -> HttpResponse:
    """A form that is about one case type, which is chosen first."""
    require(permissions.can_audit(request.actor), ONLY)
    chosen = TypeForm(request.GET if "type" in request.GET else None)
    if not chosen.is_bound or not chosen.is_valid():
        return render(request, "audits/bias/choose.html", {"form": chosen}, status=400 if chosen.is_bound else 200)
    version: CaseTypeVersion = get_current_version(request.actor, chosen.cleaned_data["type"].key)
    form = form_of(request.POST if request.method == "POST" else None, version=version)
    if request.method == "POST" and form.is_valid():
        try:
            run(form, version.case_type.key)
        except Invalid as refusal:
            _tell(form, refusal)
        else:
            messages.success(request, "Noted, and recorded.")
            return redirect("audits:bias_audits")
    context = {"form": form, "type": version.case_type, "has_attributes": bool(version.attributes_schema)}
    return render(request, template, context, status=400 if form.errors else 200)


def _tell(form: forms.Form | None, refusal: Invalid) -> None:
    if form is None:
        raise refusal
    for name, reasons in refusal.fields.items():
        form.add_error(name if name in form.fields else None, " ".join(reasons))


def _finding(request: PortalRequest, finding_id: UUID, **bound: Any) -> dict[str, Any]:
    found: Finding = bias_queries.get_finding(request.actor, finding_id)
    people = people_names({str(each) for each in (found.owner_id, found.closed_by) if each})
    forms_of = {"assign": AssignForm, "act": WordsForm, "close": CloseForm}
    return {
        "finding": found,
        "text": with_names([found.text])[0],
        "owner": people.get(str(found.owner_id), ""),
        "closed_by": people.get(str(found.closed_by), ""),
        "forms": {verb: bound.get(verb) or form() for verb, form in forms_of.items()},
        "allowed": {verb: FINDING.allows(verb, found.state) for verb in FINDING.arrows},
    }

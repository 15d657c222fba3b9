"""The portal's doors to bias audits: the list, a new one, its progress and report, its verbs, the cases behind."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.cache import cache
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audits import bias_queries, permissions
from audits.bias_forms import AuditForm, StatementForm, TypeForm
from audits.bias_reports import ids_in, narrowing_words, people_names, present
from audits.bias_steps import progress_key
from audits.models import BiasAudit
from audits.report_words import named_people
from audits.services.bias import (
    cancel_bias_audit,
    read_bias_audit,
    request_bias_audit,
    resume_bias_audit,
    sign_bias_audit,
)
from audits.services.bias_runs import is_live
from cases.queries import get_current_version
from hitl_platform.doors.authentication import actor_required
from hitl_platform.doors.errors import domain_refusal
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, require
from reviews.views import PortalRequest

PAGE = 25


@actor_required
@require_GET
def bias_audits(request: PortalRequest) -> HttpResponse:
    """Every audit, newest first, and the findings that wait for somebody."""
    require(permissions.can_audit(request.actor), "Bias audits are for compliance officers and owners.")
    page = Paginator(bias_queries.listed_audits(request.actor), PAGE).get_page(request.GET.get("page"))
    findings = list(bias_queries.open_findings(request.actor)[:PAGE])
    owners = people_names({str(each.owner_id) for each in findings if each.owner_id})
    context = {
        "page": page,
        "rows": [{"audit": audit, "narrowed": narrowing_words(audit)} for audit in page],
        "findings": [{"finding": each, "owner": owners.get(str(each.owner_id), "")} for each in findings],
        "schedules": bias_queries.live_schedules(request.actor),
        "monitors": bias_queries.live_monitors(request.actor),
    }
    return render(request, "audits/bias/list.html", context)


@actor_required
@require_http_methods(["GET", "POST"])
def new_bias_audit(request: PortalRequest) -> HttpResponse:
    """Ask for an audit: of which case type, then of what."""
    require(permissions.can_audit(request.actor), "Bias audits are for compliance officers and owners.")
    chosen = TypeForm(request.GET if "type" in request.GET else None)
    if not chosen.is_bound or not chosen.is_valid():
        status = 400 if chosen.is_bound else 200
        return render(request, "audits/bias/choose.html", {"form": chosen}, status=status)
    version = get_current_version(request.actor, chosen.cleaned_data["type"].key)
    form = AuditForm(request.POST if request.method == "POST" else None, version=version)
    if request.method == "POST" and form.is_valid():
        try:
            audit = request_bias_audit(actor=request.actor, asked=form.asked(version.case_type.key))
        except Invalid as refusal:
            for name, reasons in refusal.fields.items():
                form.add_error(name if name in form.fields else None, " ".join(reasons))
        else:
            messages.success(request, "A worker freezes the population and computes; you are told when it is done.")
            return redirect("audits:bias_audit", audit.pk)
    context = {"form": form, "type": version.case_type, "has_attributes": bool(version.attributes_schema)}
    return render(request, "audits/bias/new.html", context, status=400 if form.errors else 200)


@actor_required
@require_GET
def bias_audit(request: PortalRequest, audit_id: UUID) -> HttpResponse:
    """How far an audit is; once it is finished, its report."""
    audit = bias_queries.get_audit(request.actor, audit_id)
    if audit.state not in bias_queries.READABLE:
        return render(request, "audits/bias/progress.html", _progress(request, audit))
    return render(request, "audits/bias/report.html", _report(request, audit_id, StatementForm()))


@actor_required
@require_POST
def sign(request: PortalRequest, audit_id: UUID) -> HttpResponse:
    """Answer for having read the report."""
    form = StatementForm(request.POST)
    if not form.is_valid():
        return render(request, "audits/bias/report.html", _report(request, audit_id, form), status=400)
    try:
        sign_bias_audit(actor=request.actor, audit_id=audit_id, statement=form.cleaned_data["statement"])
    except (Conflict, Forbidden) as refusal:
        return domain_refusal(request, refusal)
    messages.success(request, "Your signature stands under the report.")
    return redirect("audits:bias_audit", audit_id)


def _verb(service: Callable[..., BiasAudit], said: str) -> Callable[..., HttpResponseBase]:
    @actor_required
    @require_POST
    def act(request: PortalRequest, audit_id: UUID) -> HttpResponse:
        try:
            service(actor=request.actor, audit_id=audit_id)
        except (Conflict, Forbidden) as refusal:
            return domain_refusal(request, refusal)
        messages.success(request, said)
        return redirect("audits:bias_audit", audit_id)

    return act


cancel = _verb(cancel_bias_audit, "Cancelled. What is frozen stays, and it can be resumed.")
resume = _verb(resume_bias_audit, "It goes on from what it has frozen.")


def _progress(request: PortalRequest, audit: BiasAudit) -> dict[str, Any]:
    return {
        "audit": audit,
        "narrowed": narrowing_words(audit),
        "is_live": is_live(audit),
        "computing": cache.get(progress_key(audit)) if audit.state == "running" else None,
        "may_act": permissions.can_audit(request.actor),
    }


def _report(request: PortalRequest, audit_id: UUID, form: StatementForm) -> dict[str, Any]:
    audit = read_bias_audit(actor=request.actor, audit_id=audit_id)
    findings = list(bias_queries.findings_of(request.actor, audit))
    people = [audit.requested_by, audit.signed_by, *(each.owner_id for each in findings)]
    names = people_names({str(person) for person in people if person} | ids_in([each.text for each in findings]))
    return {
        "audit": audit,
        "report": present(audit),
        "findings": [
            {"finding": each, "owner": names.get(str(each.owner_id), ""), "text": named_people(each.text, people=names)}
            for each in findings
        ],
        "asked_by": names.get(str(audit.requested_by), "a schedule"),
        "signed_by": names.get(str(audit.signed_by), ""),
        "may_drill": permissions.can_audit(request.actor),
        "may_sign": permissions.can_sign_audits(request.actor) and request.actor.id not in audit.run_by,
        "form": form,
    }

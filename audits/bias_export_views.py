"""Doors to what is carried away of a bias audit, PDF, CSV, JSON, and to the cases behind a number; each is recorded."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from audits import bias_queries, permissions
from audits.audited_cases import Behind, behind_number
from audits.bias_reports import label_names_of, people_names, present, with_names
from audits.models import BiasAudit
from audits.report_csv import report_csv
from audits.services.bias import export_bias_audit, read_bias_audit
from audits.typeset import report_pdf
from hitl_platform.doors.authentication import actor_required
from hitl_platform.kernel.errors import require
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Tenant
from reviews.references import reference_of
from reviews.views import PortalRequest

MEDIA = {"pdf": "application/pdf", "csv": "text/csv; charset=utf-8", "json": "application/json"}
PAGE = 50


@actor_required
@require_GET
def export(request: PortalRequest, audit_id: UUID, form: str) -> HttpResponse:
    """The report as a file."""
    return exported(request.actor, audit_id, form=form)


def exported(actor: Actor, audit_id: UUID, *, form: str) -> HttpResponse:
    """The report as a file, for every door; that it was carried away is recorded."""
    audit = export_bias_audit(actor=actor, audit_id=audit_id, form=form)
    content = {"pdf": _pdf, "csv": _csv, "json": _json}[form](actor, audit)
    response = HttpResponse(content, content_type=MEDIA[form])
    response["Content-Disposition"] = (
        f'attachment; filename="bias-audit-{audit.known_on:%Y-%m-%d}-{audit.pk.hex[:8]}.{form}"'
    )
    return response


@actor_required
@require_GET
def audited_cases(request: PortalRequest, audit_id: UUID) -> HttpResponse:
    """The cases behind a number of a report; never of a group that the report suppresses."""
    require(permissions.can_audit(request.actor))
    audit = bias_queries.get_report(request.actor, audit_id)
    behind: Behind = behind_number(audit, request.GET.dict())
    read_bias_audit(actor=request.actor, audit_id=audit_id, what="cases")
    rows = bias_queries.frozen_cases(request.actor, audit, narrowed=behind.narrowed)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    labels, names = audit.codebook["labels"], label_names_of(audit)
    said = {code: names.get(label, label) for code, label in enumerate(labels, 1)}
    context = {
        "audit": audit,
        "behind": behind,
        "query": urlencode(behind.query),
        "page": page,
        "rows": [
            {"id": row.case_id, "title": f"Case {reference_of(row.case_id)}", "row": row,
             **{name: said.get(getattr(row, name), "") for name in ("ai", "human", "final", "appealed", "truth")}}
            for row in page
        ],
    }  # fmt: skip
    return render(request, "audits/bias/cases.html", context)


def _json(actor: Actor, audit: BiasAudit) -> bytes:
    """To the byte what the ledger holds the digest of."""
    return audit.report.encode()


def _csv(actor: Actor, audit: BiasAudit) -> bytes:
    return report_csv(present(audit)).encode()


def _pdf(actor: Actor, audit: BiasAudit) -> bytes:
    report = present(audit)
    findings = list(bias_queries.findings_of(actor, audit))
    people = [audit.requested_by, audit.signed_by, *(each.owner_id for each in findings)]
    names = people_names({str(person) for person in people if person})
    return report_pdf(report, beside=_beside(audit, findings=findings, names=names))


def _beside(audit: BiasAudit, *, findings: list[Any], names: dict[str, str]) -> dict[str, Any]:
    period = audit.definition["period"]
    cover = [
        ("Cases", f"{audit.frozen_rows:,} decided cases of {audit.case_type.name}".replace(",", "\u202f")),
        ("Decided", f"{period['from'][:10]} to {period['to'][:10]}"),
        ("Attributes", ", ".join(audit.definition["attributes"])),
        ("As known on", _moment(audit.known_on)),
        ("Asked for by", names.get(str(audit.requested_by), "a schedule")),
        ("Computed", _moment(audit.finished_at)),
    ]
    return {
        "title": audit.title,
        "organisation": Tenant.objects.get(pk=audit.tenant_id).name,
        "cover": cover,
        "population_sha256": audit.population_sha256,
        "report_sha256": audit.report_sha256,
        "signature": {
            "name": names.get(str(audit.signed_by), "") if audit.signed_by else "",
            "at": _moment(audit.signed_at) if audit.signed_at else "",
            "statement": audit.statement,
        },
        "findings": [
            {"severity": each.severity, "number": each.number, "text": text, "state": _state(each, names)}
            for each, text in zip(findings, with_names([each.text for each in findings]), strict=True)
        ],
    }


def _state(finding: Any, names: dict[str, str]) -> str:
    owner = f", {names.get(str(finding.owner_id), '')}, due {finding.due_on}" if finding.owner_id else ""
    return f"{finding.state.capitalize()}{owner}"


def _moment(at: Any) -> str:
    local = timezone.localtime(at)
    return f"{local.day} {local:%B %Y, %H:%M %Z}"

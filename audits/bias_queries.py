"""Reads of bias audits, always for an actor."""

from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from audits import permissions
from audits.models import BiasAudit, BiasMonitor, BiasSchedule, Finding, FrozenDecision
from audits.states import AuditState, FindingState
from hitl_platform.kernel.errors import NotFound
from hitl_platform.tenants.actor import Actor

# what a list or a page of progress never shows
HEAVY = ("cube", "report", "codebook")
READABLE = (AuditState.FINISHED, AuditState.SIGNED)


def visible_audits(actor: Actor) -> QuerySet[BiasAudit]:
    """The bias audits that the actor may know of, newest first."""
    audits = BiasAudit.objects.order_by("-id")
    return audits if permissions.can_read_audits(actor) else audits.none()


def listed_audits(actor: Actor) -> QuerySet[BiasAudit]:
    """The same without their content, with how many findings of each are not closed."""
    still_open = Count("findings", filter=~Q(findings__state=FindingState.CLOSED))
    return visible_audits(actor).select_related("case_type").defer(*HEAVY).annotate(open_findings=still_open)


def get_audit(actor: Actor, audit_id: UUID, *, lock: bool = False) -> BiasAudit:
    """One visible audit, or NotFound."""
    found = visible_audits(actor).filter(pk=audit_id)
    audit = (found.select_for_update(no_key=True) if lock else found.select_related("case_type")).first()
    if audit is None:
        raise NotFound
    return audit


def get_report(actor: Actor, audit_id: UUID) -> BiasAudit:
    """A visible audit that has a report, or NotFound."""
    audit = get_audit(actor, audit_id)
    if audit.state not in READABLE:
        raise NotFound
    return audit


def previous_of(actor: Actor, *, case_type_id: UUID, attributes: list[str]) -> BiasAudit | None:
    """The last audit with a report of the same case type and attributes."""
    audits = visible_audits(actor).filter(case_type_id=case_type_id, state__in=READABLE)
    return audits.filter(definition__attributes=attributes).defer(*HEAVY).first()


def findings_of(actor: Actor, audit: BiasAudit) -> QuerySet[Finding]:
    """The findings of a visible audit, by their number."""
    return Finding.objects.filter(audit=audit).order_by("number")


def open_findings(actor: Actor) -> QuerySet[Finding]:
    """Findings of visible audits that are not closed: those that are due first."""
    findings = Finding.objects.filter(audit__in=visible_audits(actor).values("pk")).exclude(state=FindingState.CLOSED)
    return findings.select_related("audit__case_type").defer(*(f"audit__{name}" for name in HEAVY)).order_by(
        "due_on", "-audit_id", "number"
    )  # fmt: skip


def get_finding(actor: Actor, finding_id: UUID, *, lock: bool = False) -> Finding:
    """One visible finding, or NotFound."""
    findings = Finding.objects.filter(pk=finding_id)
    found = (findings.select_for_update(no_key=True) if lock else findings.select_related("audit")).first()
    if found is None or not permissions.can_read_audits(actor):
        raise NotFound
    return found


def live_schedules(actor: Actor) -> QuerySet[BiasSchedule]:
    """The schedules that the actor may know of, the next first."""
    schedules = BiasSchedule.objects.filter(ended_at=None).select_related("case_type").order_by("next_run_at", "id")
    return schedules if permissions.can_read_audits(actor) else schedules.none()


def live_monitors(actor: Actor) -> QuerySet[BiasMonitor]:
    """The monitors that the actor may know of."""
    monitors = BiasMonitor.objects.filter(ended_at=None).select_related("case_type").order_by("name", "id")
    return monitors if permissions.can_read_audits(actor) else monitors.none()


def frozen_cases(actor: Actor, audit: BiasAudit, *, narrowed: dict[str, Any]) -> QuerySet[FrozenDecision]:
    """The frozen rows of a visible audit behind a number, in the order of their cases."""
    rows = FrozenDecision.objects.filter(audit=audit, groups__isnull=False, **narrowed)
    return rows.order_by("case_id") if permissions.can_audit(actor) else rows.none()

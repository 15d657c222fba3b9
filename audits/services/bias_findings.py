"""What becomes of a finding: an owner and a date, what was done, a re-test, an end, and back if it was none."""

from datetime import date
from uuid import UUID

from django.utils import timezone

from audits import bias_queries, permissions
from audits.models import BiasAudit, Finding
from audits.states import FINDING
from hitl_platform.kernel.errors import Invalid, NotFound, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.notices.models import Kind
from hitl_platform.notices.services import notify
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership

MAX_WORDS = 2_000


@command
def assign_finding(*, actor: Actor, finding_id: UUID, owner_id: UUID, due_on: date) -> Finding:
    """Give a finding to a member, to be acted on until a day."""
    finding = _locked(actor, finding_id)
    finding.state = FINDING.apply("assign", finding.state)
    fields: dict[str, list[str]] = {}
    if not Membership.objects.filter(user_id=owner_id, is_active=True).exists():
        fields["owner_id"] = ["There is no such active member."]
    if due_on < timezone.localdate():
        fields["due_on"] = ["The day is past."]
    if fields:
        raise Invalid("The finding cannot be given so.", fields=fields)
    finding.owner_id, finding.due_on = owner_id, due_on
    finding.save(update_fields=["state", "owner_id", "due_on"])
    body = {"number": finding.number, "owner": str(owner_id), "due_on": due_on.isoformat()}
    record("finding.assigned", finding, actor=actor, body=body)
    # what it says stands in the report: a notice travels by mail, and the owner need not be one who may read it
    notify(
        tenant_id=actor.tenant_id, recipient_ids=[owner_id], kind=Kind.AUDIT, subject="A finding is given to you",
        text=f"Act on it until {due_on.day} {due_on:%B %Y}. Whoever gave it to you tells you what it is about.",
        path=f"/audits/{finding.audit_id}/", dedupe_key=f"{finding.pk}:{owner_id}:{due_on}",
    )  # fmt: skip
    return finding


@command
def act_on_finding(*, actor: Actor, finding_id: UUID, action: str) -> Finding:
    """Say what was done about it."""
    finding = _locked(actor, finding_id)
    finding.state = FINDING.apply("act", finding.state)
    finding.action, finding.acted_at = _words(action, "action", "Say what was done."), timezone.now()
    finding.save(update_fields=["state", "action", "acted_at"])
    body = {"number": finding.number}
    record("finding.acted", finding, actor=actor, body=body, personal={"action": finding.action})
    return finding


@command
def close_finding(*, actor: Actor, finding_id: UUID, conclusion: str, retest_id: UUID | None = None) -> Finding:
    """End it, with a later audit of the same case type that looked again, or with the reason why none is needed."""
    finding = _locked(actor, finding_id)
    finding.state = FINDING.apply("close", finding.state)
    finding.conclusion = _words(conclusion, "conclusion", "Say why it ends.")
    finding.retest = _retest(actor, finding, retest_id) if retest_id else None
    finding.closed_by, finding.closed_at = actor.id, timezone.now()
    finding.save(update_fields=["state", "conclusion", "retest", "closed_by", "closed_at"])
    body = {"number": finding.number, "retest": str(retest_id) if retest_id else None}
    record("finding.closed", finding, actor=actor, body=body, personal={"conclusion": finding.conclusion})
    return finding


@command
def reopen_finding(*, actor: Actor, finding_id: UUID) -> Finding:
    """It was not over."""
    finding = _locked(actor, finding_id)
    finding.state = FINDING.apply("reopen", finding.state)
    finding.save(update_fields=["state"])
    record("finding.reopened", finding, actor=actor, body={"number": finding.number})
    return finding


def _locked(actor: Actor, finding_id: UUID) -> Finding:
    finding = bias_queries.get_finding(actor, finding_id, lock=True)
    require(permissions.can_audit(actor))
    return finding


def _words(text: str, field: str, reason: str) -> str:
    text = text.strip()
    if not 0 < len(text) <= MAX_WORDS:
        raise Invalid("The finding cannot go on so.", fields={field: [f"{reason} 1 to {MAX_WORDS} characters."]})
    return text


def _retest(actor: Actor, finding: Finding, retest_id: UUID) -> BiasAudit:
    try:
        retest = bias_queries.get_report(actor, retest_id)
    except NotFound:
        reason = "There is no such finished audit."
        raise Invalid("The finding cannot end so.", fields={"retest_id": [reason]}) from None
    audit = BiasAudit.objects.only("case_type_id", "known_on").get(pk=finding.audit_id)
    if retest.case_type_id != audit.case_type_id or retest.known_on <= audit.known_on:
        raise Invalid("The finding cannot end so.", fields={"retest_id": ["It is no later audit of this case type."]})
    return retest

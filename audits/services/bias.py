"""Bias audits: asked for, cancelled, resumed, signed, read; and emptied where a person is erased."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from audits import bias_queries, permissions
from audits.bias_definitions import read_asked
from audits.freezing_statements import FORGET
from audits.models import BiasAudit, BiasSchedule
from audits.states import BIAS_AUDIT
from cases.models import CaseType
from hitl_platform.access import duties
from hitl_platform.kernel.errors import Conflict, Invalid, NotFound, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.pipeline.services import enqueue
from hitl_platform.tenants.actor import Actor

MAX_STATEMENT = 2_000
FREEZE, COMPUTE = "audit_freeze", "audit_compute"


@command
def request_bias_audit(*, actor: Actor, asked: Mapping[str, Any]) -> BiasAudit:
    """Ask for a bias audit; a worker freezes its population and computes. Raises Invalid naming every wrong field."""
    require(permissions.can_audit(actor))
    version, definition, known_on = read_asked(actor, asked)
    previous = _previous(actor, asked, case_type=version.case_type, attributes=definition["attributes"])
    return open_audit(
        actor,
        case_type=version.case_type,
        title=asked.get("title") or f"{version.case_type.name}: {', '.join(definition['attributes'])}",
        definition=definition,
        known_on=known_on,
        previous=previous,
    )


def open_audit(
    actor: Actor,
    *,
    case_type: CaseType,
    title: str,
    definition: dict[str, Any],
    known_on: Any,
    previous: BiasAudit | None,
    schedule: BiasSchedule | None = None,
) -> BiasAudit:
    """Write an audit down and the step that begins it; inside a command."""
    by_person = actor.id if actor.kind != "system" else None
    audit = BiasAudit.objects.create(
        tenant_id=actor.tenant_id,
        case_type=case_type,
        title=title,
        definition=definition,
        known_on=known_on,
        previous=previous,
        schedule=schedule,
        requested_by=by_person,
        run_by=[by_person or (schedule.created_by if schedule else actor.id)],
    )
    enqueue_next(audit, kind=FREEZE)
    body = {"case_type": case_type.key, "known_on": known_on.isoformat(), "definition": definition}
    record("bias_audit.requested", audit, actor=actor, body=body)
    return audit


@command
def cancel_bias_audit(*, actor: Actor, audit_id: UUID) -> BiasAudit:
    """Stop an audit that is not finished. What it has frozen stays, and it can be resumed."""
    audit = bias_queries.get_audit(actor, audit_id, lock=True)
    require(permissions.can_audit(actor))
    audit.state = BIAS_AUDIT.apply("cancel", audit.state)
    audit.save(update_fields=["state"])
    record("bias_audit.cancelled", audit, actor=actor, body={"frozen_rows": audit.frozen_rows})
    return audit


@command
def resume_bias_audit(*, actor: Actor, audit_id: UUID) -> BiasAudit:
    """Let a cancelled or failed audit go on from what it has frozen. Whoever resumes it has run it."""
    audit = bias_queries.get_audit(actor, audit_id, lock=True)
    require(permissions.can_audit(actor))
    audit.state = BIAS_AUDIT.apply("resume", audit.state)
    audit.problem = ""
    if actor.id not in audit.run_by:
        audit.run_by = [*audit.run_by, actor.id]
    audit.save(update_fields=["state", "problem", "run_by"])
    enqueue_next(audit, kind=FREEZE)
    record("bias_audit.resumed", audit, actor=actor, body={"frozen_rows": audit.frozen_rows})
    return audit


@command
def sign_bias_audit(*, actor: Actor, audit_id: UUID, statement: str) -> BiasAudit:
    """Answer for having read a finished audit; only somebody who did not run it may."""
    audit = bias_queries.get_audit(actor, audit_id, lock=True)
    require(permissions.can_sign_audits(actor))
    duties.require_second_person(actor, author_ids=audit.run_by, what="a bias audit")
    audit.state = BIAS_AUDIT.apply("sign", audit.state)
    statement = statement.strip()
    if not 0 < len(statement) <= MAX_STATEMENT:
        reason = f"Say what you have read and what you conclude, in 1 to {MAX_STATEMENT} characters."
        raise Invalid("The signature is not valid.", fields={"statement": [reason]})
    audit.signed_by, audit.signed_at, audit.statement = actor.id, timezone.now(), statement
    audit.save(update_fields=["state", "signed_by", "signed_at", "statement"])
    body = {"report_sha256": audit.report_sha256, "population_sha256": audit.population_sha256}
    record("bias_audit.signed", audit, actor=actor, body=body, personal={"statement": statement})
    return audit


@command
def read_bias_audit(*, actor: Actor, audit_id: UUID, what: str = "report") -> BiasAudit:
    """An audit with its report, for the page; that it was read is an event, because it tells of protected groups."""
    audit = bias_queries.get_report(actor, audit_id)
    record("bias_audit.read", audit, actor=actor, body={"what": what})
    return audit


@command
def export_bias_audit(*, actor: Actor, audit_id: UUID, form: str) -> BiasAudit:
    """An audit with its report, to be carried away; that it was is an event."""
    audit = bias_queries.get_report(actor, audit_id)
    record("bias_audit.exported", audit, actor=actor, body={"form": form, "report_sha256": audit.report_sha256})
    return audit


@command
def forget_frozen(*, actor: Actor, case_ids: Sequence[UUID]) -> int:
    """Empty the frozen rows of cases whose person is erased, in every audit; answers how many there were.

    Counts stay, since they hold no person. An audit that is still counting counts without them.
    """
    with connection.cursor() as cursor:
        cursor.execute(FORGET, {"tenant": actor.tenant_id, "cases": list(case_ids)})
        emptied = Counter(audit_id for (audit_id,) in cursor.fetchall())
    for audit in BiasAudit.objects.select_for_update(no_key=True).filter(pk__in=emptied).order_by("pk"):
        audit.forgotten_rows += emptied[audit.pk]
        audit.save(update_fields=["forgotten_rows"])
        record("bias_audit.forgot", audit, actor=actor, body={"rows": emptied[audit.pk]})
    return emptied.total()


def enqueue_next(audit: BiasAudit, *, kind: str) -> None:
    """Write the next step of an audit; each has a number, since what was cancelled may be asked for again."""
    audit.steps += 1
    audit.save(update_fields=["steps"])
    enqueue(kind, tenant_id=audit.tenant_id, subject_id=audit.pk, case_ids=(), dedupe_key=str(audit.steps))


def _previous(
    actor: Actor, asked: Mapping[str, Any], *, case_type: CaseType, attributes: list[str]
) -> BiasAudit | None:
    if "previous" not in asked:
        return bias_queries.previous_of(actor, case_type_id=case_type.pk, attributes=attributes)
    try:
        previous = bias_queries.get_report(actor, UUID(asked["previous"]))
    except (NotFound, Conflict):
        raise Invalid("The audit is not valid.", fields={"previous": ["There is no such finished audit."]}) from None
    if previous.case_type_id != case_type.pk:
        raise Invalid("The audit is not valid.", fields={"previous": ["It is of another case type."]})
    return previous

"""What a worker does to a bias audit, inside the finish of its step: freeze part by part, compute, or fail."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from audits import freezing
from audits.models import BiasAudit, Finding, Severity
from audits.report_words import DEFINED
from audits.services.bias import COMPUTE, FREEZE, enqueue_next
from audits.services.bias_watch import look_at_ratios
from audits.states import BIAS_AUDIT, AuditState
from hitl_platform.kernel.errors import Invalid
from hitl_platform.ledger.commands import record
from hitl_platform.notices.models import Kind
from hitl_platform.notices.services import notify
from hitl_platform.tenants.actor import Actor, system_actor

STEP = "bias audit"
MOST_FINDINGS = 30


def begin_freezing(audit: BiasAudit) -> None:
    """Fix what the codes stand for, unless that was done before an interruption. Raises Invalid."""
    audit.state = BIAS_AUDIT.apply("freeze", audit.state)
    fields = ["state"]
    if not audit.codebook:
        audit.codebook = freezing.read_codebook(audit)
        audit.decided_rows = freezing.decided_rows(audit)
        fields += ["codebook", "decided_rows"]
        if not audit.decided_rows:
            raise Invalid("No case of this type was decided in the period.")
    audit.save(update_fields=fields)
    enqueue_next(audit, kind=FREEZE)
    record("bias_audit.freezing", audit, actor=_worker(audit), body={"decided_rows": audit.decided_rows})


def freeze_next_part(audit: BiasAudit) -> None:
    """Copy one part; after the last, hash all of them and go on to computing. Raises Invalid where none belongs."""
    part = freezing.freeze_part(audit)
    if part.read:
        audit.read_rows += part.read
        audit.frozen_rows += part.frozen
        audit.frozen_upto = part.upto
        audit.save(update_fields=["read_rows", "frozen_rows", "frozen_upto"])
        enqueue_next(audit, kind=FREEZE)
        body = {"read_rows": audit.read_rows, "frozen_rows": audit.frozen_rows}
        record("bias_audit.froze", audit, actor=_worker(audit), body=body)
        return
    if not audit.frozen_rows:
        raise Invalid("None of the cases that were decided in the period is of this queue, policy or model version.")
    audit.state = BIAS_AUDIT.apply("run", audit.state)
    audit.population_sha256, audit.frozen_at = freezing.population_digest(audit), timezone.now()
    audit.save(update_fields=["state", "population_sha256", "frozen_at"])
    enqueue_next(audit, kind=COMPUTE)
    told = {"rows": audit.frozen_rows, "population_sha256": audit.population_sha256}
    record("bias_audit.frozen", audit, actor=_worker(audit), body=told)


def finish_bias_audit(
    audit: BiasAudit, *, cube: dict[str, Any], document: Mapping[str, Any], text: str, sha: str
) -> None:
    """Keep the counts and the report, write its findings down, and tell whoever asked for it."""
    audit.state = BIAS_AUDIT.apply("finish", audit.state)
    audit.cube, audit.report, audit.report_sha256, audit.finished_at = cube, text, sha, timezone.now()
    audit.save(update_fields=["state", "cube", "report", "report_sha256", "finished_at"])
    findings = _findings(audit, document)
    Finding.objects.bulk_create(findings)
    severities = [each.severity for each in findings]
    body = {
        "report_sha256": sha,
        "population_sha256": audit.population_sha256,
        "rows": audit.frozen_rows,
        "findings": {severity: severities.count(severity) for severity in Severity.values},
    }
    record("bias_audit.finished", audit, actor=_worker(audit), body=body)
    look_at_ratios(audit, document=document)
    # what was found stands in the report alone: a notice travels by mail
    _tell(audit, subject="A bias audit is finished", text=f"“{audit.title}” has a report to read and sign.")


def fail_bias_audit(audit: BiasAudit, *, problem: str) -> None:
    """What it was asked cannot be answered, or its worker failed too often: say why."""
    audit.state = BIAS_AUDIT.apply("fail", audit.state)
    audit.problem = problem
    audit.save(update_fields=["state", "problem"])
    # the reason may name a group, and stands on the audit alone
    record("bias_audit.failed", audit, actor=_worker(audit), body={"frozen_rows": audit.frozen_rows})
    _tell(audit, subject="A bias audit has failed", text=f"“{audit.title}” could not be finished. Its page says why.")


def _findings(audit: BiasAudit, document: Mapping[str, Any]) -> list[Finding]:
    return [
        Finding(
            tenant_id=audit.tenant_id,
            audit=audit,
            number=number,
            claim=found["id"],
            severity=found["severity"],
            title=title_of(found),
            text=found["text"],
        )
        for number, found in enumerate(document["findings"][:MOST_FINDINGS], 1)
    ]


def title_of(found: Mapping[str, Any]) -> str:
    """A finding in a few words: whom it is about, and where."""
    kind = found["kind"]
    if kind in ("reviewer", "queue"):
        # whom it is about by name is said where names are shown
        where = f"one {kind}"
    elif kind == "stage":
        where = found["decider"]
    else:
        where = f"{DEFINED[kind][0].lower() if kind in DEFINED else kind}, {found['decider']}"
    return f"{found['group']}: {where}"[:200]


def _tell(audit: BiasAudit, *, subject: str, text: str) -> None:
    notify(
        tenant_id=audit.tenant_id,
        recipient_ids=audit.run_by,
        kind=Kind.AUDIT,
        subject=subject,
        text=text,
        path=f"/audits/{audit.pk}/",
        dedupe_key=f"{audit.pk}:{audit.state}:{audit.steps}",
    )


def _worker(audit: BiasAudit) -> Actor:
    return system_actor(audit.tenant_id, STEP)


def is_live(audit: BiasAudit) -> bool:
    """Whether a worker has anything left to do."""
    return audit.state in (AuditState.REQUESTED, AuditState.FREEZING, AuditState.RUNNING)

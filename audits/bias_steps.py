"""What the pipeline does to bias audits: freeze, compute. Each step is one part, so that a cancellation is heard."""

import time
from collections.abc import Sequence

from django.core.cache import cache

from audits.fairness import audit as fairness_audit
from audits.fairness import document_bytes, document_digest
from audits.models import BiasAudit, BiasSchedule
from audits.services.bias_runs import begin_freezing, fail_bias_audit, finish_bias_audit, freeze_next_part, is_live
from audits.services.bias_watch import begin_scheduled_audit
from audits.states import AuditState
from audits.tallying import count_cube, plan_of, population_of
from hitl_platform.kernel.errors import Invalid
from hitl_platform.pipeline.runner import ClaimedStep, Finish
from hitl_platform.tenants.scope import tenant_scope

# seconds between two signs of life of a computation
TELL_EVERY = 1.0


class Cancelled(Exception):
    """Somebody has cancelled the audit that is being computed."""


def freeze_population(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Begin an audit, or copy the next part of its population."""
    try:
        with finish():
            audit = _locked(steps[0])
            if audit.state == AuditState.REQUESTED:
                begin_freezing(audit)
            elif audit.state == AuditState.FREEZING:
                freeze_next_part(audit)
    except Invalid as refusal:
        reasons = [f"{name}: {' '.join(why)}" for name, why in refusal.fields.items()]
        with finish():
            fail_bias_audit(_locked(steps[0]), problem=" ".join([refusal.message, *reasons]))


def compute_audit(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Count the frozen rows, and compute the report from the counts."""
    step = steps[0]
    with tenant_scope(step.tenant_id):
        audit = BiasAudit.objects.get(pk=step.subject_id)
        if audit.state == AuditState.RUNNING:
            audit.cube = cube = count_cube(audit)
    if audit.state != AuditState.RUNNING:
        with finish.closing():
            return

    told = time.monotonic()

    def progress(done: int, of: int, what: str) -> None:
        nonlocal told
        if time.monotonic() - told < TELL_EVERY:
            return
        told = time.monotonic()
        cache.set(progress_key(audit), {"done": done, "of": of, "what": what}, timeout=120)
        finish.heartbeat()
        with tenant_scope(step.tenant_id):
            if not BiasAudit.objects.filter(pk=audit.pk, state=AuditState.RUNNING).exists():
                raise Cancelled

    try:
        document = fairness_audit(population_of(audit), plan=plan_of(audit), progress=progress)
    except Cancelled:
        with finish.closing():
            return
    except ValueError as refusal:
        with finish():
            fail_bias_audit(_locked(step), problem=str(refusal))
        return
    with finish():
        locked = _locked(step)
        if locked.state == AuditState.RUNNING:
            text = document_bytes(document).decode()
            finish_bias_audit(locked, cube=cube, document=document, text=text, sha=document_digest(document))


def begin_scheduled(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """A period is over: its audit begins, and the next is written down."""
    step = steps[0]
    with tenant_scope(step.tenant_id):
        is_live = BiasSchedule.objects.filter(pk=step.subject_id, ended_at=None).exists()
    if not is_live:
        with finish.closing():
            return
    with finish():
        begin_scheduled_audit(BiasSchedule.objects.select_for_update(no_key=True).get(pk=step.subject_id))


def give_up_audit(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """A worker failed too often: the audit says so, and can be resumed."""
    with finish():
        audit = _locked(steps[0])
        if is_live(audit):
            fail_bias_audit(audit, problem="A worker failed at it several times. Resume it, or ask whoever runs HITL.")


def progress_key(audit: BiasAudit) -> str:
    """Where a running audit says how far it is; nothing that is lost with it matters."""
    return f"bias-audit:{audit.pk}"


def _locked(step: ClaimedStep) -> BiasAudit:
    return BiasAudit.objects.select_for_update(no_key=True).select_related(None).get(pk=step.subject_id)

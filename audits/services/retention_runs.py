"""Carrying rules of retention out: planned once a day or when somebody asks, done by the pipeline in batches."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from audits import retention_permissions, retention_queries
from audits.models import RetentionRule, RetentionRun
from audits.services.retention_erasure import let_go
from audits.states import RetentionState
from cases.services.erase import Kept, lock_closed
from hitl_platform.kernel.errors import Conflict, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.pipeline.services import NewStep, enqueue, enqueue_many
from hitl_platform.tenants.actor import Actor

BATCH = 200
# when a day's round begins, after midnight UTC
ROUND_AT = timedelta(hours=2)


@command
def run_retention(*, actor: Actor, rule_id: UUID) -> RetentionRun:
    """Carry an active rule out now, on what is due by now. Raises Conflict where it is not in force or none is due."""
    rule = retention_queries.get_rule(actor, rule_id, lock=True)
    require(retention_permissions.can_keep(actor))
    if rule.state != RetentionState.ACTIVE:
        raise Conflict("This rule is not in force.", code="rule_not_active")
    run = begin_run(actor=actor, rule=rule)
    if run is None:
        raise Conflict("Nothing is due under this rule.", code="nothing_due")
    return run


@command
def begin_run(*, actor: Actor, rule: RetentionRule) -> RetentionRun | None:
    """Plan the batches of what is due under a locked rule; None where nothing is."""
    at = timezone.now()
    due = [each.case_id for each in retention_queries.due_cases(rule, at=at) if not each.kept_because]
    if not due:
        return None
    run = RetentionRun.objects.create(
        tenant_id=actor.tenant_id,
        rule=rule,
        as_of=at,
        started_by=actor.id if actor.kind == "user" else None,
        planned=len(due),
    )
    body = {"rule_id": str(rule.pk), "case_type": rule.case_type.key, "version": rule.version, "planned": len(due)}
    record("retention_run.begun", run, actor=actor, body=body)
    chunks = [due[start : start + BATCH] for start in range(0, len(due), BATCH)]
    rows = [NewStep(run.pk, chunk, dedupe_key=str(nth), cause=str(run.pk)) for nth, chunk in enumerate(chunks)]
    enqueue_many("retain", tenant_id=actor.tenant_id, rows=rows)
    return run


def plan_next_day(*, tenant_id: UUID, case_type_id: UUID) -> None:
    """Write down tomorrow's round of a case type's rule, once however often it is asked."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    enqueue(
        "retention",
        tenant_id=tenant_id,
        subject_id=case_type_id,
        case_ids=(),
        dedupe_key=f"{midnight:%Y-%m-%d}",
        run_at=midnight + ROUND_AT,
    )


@command
def carry_out(*, actor: Actor, run_id: UUID, case_ids: Sequence[UUID]) -> None:
    """Let a run's cases go that may still go; whatever holds a case back now, wins over what was planned."""
    rule = RetentionRule.objects.get(runs__pk=run_id)
    run = RetentionRun.objects.get(pk=run_id)
    locked = lock_closed(actor=actor, case_ids=case_ids)
    due = [] if rule.state != RetentionState.ACTIVE else _still_due(rule, run, list(locked))
    erase = [each.case_id for each in due if each.what == "erase"]
    reduce = [each.case_id for each in due if each.what == "reduce"]
    kept = Kept(rule.kept_fields, rule.kept_attributes)
    body = {"because": "rule", "rule_id": str(rule.pk), "run_id": str(run_id)}
    let_go(actor=actor, erase=erase, reduce=reduce, kept=kept, body=body)
    _count(actor, run_id, reduced=len(reduce), erased=len(erase), kept=len(case_ids) - len(due))


@command
def give_up(*, actor: Actor, run_id: UUID, case_ids: Sequence[UUID]) -> None:
    """These cases failed however often they were tried; they are due again at the next run."""
    _count(actor, run_id, failed=len(case_ids))


def _still_due(rule: RetentionRule, run: RetentionRun, case_ids: Sequence[UUID]) -> list[retention_queries.Due]:
    due = retention_queries.due_cases(rule, at=run.as_of, among=case_ids)
    return [each for each in due if not each.kept_because]


def _count(actor: Actor, run_id: UUID, *, reduced: int = 0, erased: int = 0, kept: int = 0, failed: int = 0) -> None:
    """Add to a run's counts and end it with its last case; the row's lock puts batches one after the other."""
    run = RetentionRun.objects.select_for_update(no_key=True).get(pk=run_id)
    done = {"reduced": reduced, "erased": erased, "kept": kept, "failed": failed}
    RetentionRun.objects.filter(pk=run_id).update(**{name: F(name) + number for name, number in done.items()})
    run.refresh_from_db()
    told = {name: getattr(run, name) for name in done}
    if sum(told.values()) < run.planned:
        record("retention_run.went_on", run, actor=actor, body=done)
        return
    run.finished_at = timezone.now()
    run.save(update_fields=["finished_at"])
    record("retention_run.finished", run, actor=actor, body=told | {"planned": run.planned})

"""Audits that come round, and ratios that are watched from audit to audit."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone

from audits import bias_queries, permissions
from audits.bias_definitions import read_scheduled
from audits.models import BiasAudit, BiasMonitor, BiasSchedule, Every
from audits.permissions import AUDITORS
from audits.rhythms import next_run, period_before
from audits.services.bias import open_audit
from audits.tallying import DECIDERS
from cases.queries import get_current_version
from hitl_platform.kernel.errors import Conflict, Invalid, NotFound, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.notices.models import Kind
from hitl_platform.notices.services import notify
from hitl_platform.pipeline.services import enqueue
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.models import Membership

SCHEDULE = "audit_schedule"
WHOLE = 1000


@command
def schedule_bias_audits(*, actor: Actor, asked: Mapping[str, Any]) -> BiasSchedule:
    """Let an audit come round, each over the whole week, month or quarter before it. Raises Invalid naming fields."""
    require(permissions.can_audit(actor))
    version, definition = read_scheduled(actor, asked)
    schedule = BiasSchedule.objects.create(
        tenant_id=actor.tenant_id,
        case_type=version.case_type,
        title=asked.get("title") or f"{version.case_type.name}, {Every(asked['every']).label.lower()}",
        definition=definition,
        every=asked["every"],
        next_run_at=next_run(asked["every"], after=timezone.now()),
        created_by=actor.id,
    )
    _enqueue(schedule)
    body = {"case_type": version.case_type.key, "every": schedule.every, "definition": definition}
    record("bias_schedule.created", schedule, actor=actor, body=body)
    return schedule


@command
def end_bias_schedule(*, actor: Actor, schedule_id: UUID) -> BiasSchedule:
    """No further audit comes of it; those that there are stay."""
    require(permissions.can_audit(actor))
    schedule = BiasSchedule.objects.select_for_update(no_key=True).filter(pk=schedule_id).first()
    if schedule is None:
        raise NotFound
    if schedule.ended_at is not None:
        raise Conflict("This schedule has ended.", code="schedule_ended")
    schedule.ended_at = timezone.now()
    schedule.save(update_fields=["ended_at"])
    record("bias_schedule.ended", schedule, actor=actor)
    return schedule


def begin_scheduled_audit(schedule: BiasSchedule) -> BiasAudit:
    """The audit of the period that is over, and the step of the next; inside a step's finish."""
    actor, now = system_actor(schedule.tenant_id, "bias audit schedule"), timezone.now()
    period = period_before(schedule.every, day=schedule.next_run_at.date())
    audit = open_audit(
        actor,
        case_type=schedule.case_type,
        title=f"{schedule.title}: {period['from'][:10]}",
        definition=schedule.definition | {"period": period},
        known_on=now,
        previous=bias_queries.previous_of(
            actor, case_type_id=schedule.case_type_id, attributes=schedule.definition["attributes"]
        ),
        schedule=schedule,
    )
    schedule.next_run_at = next_run(schedule.every, after=max(now, schedule.next_run_at))
    schedule.save(update_fields=["next_run_at"])
    _enqueue(schedule)
    return audit


@command
def watch_ratio(
    *, actor: Actor, case_type_key: str, name: str, decider: str, attribute: str, at_least: int
) -> BiasMonitor:
    """Watch the lowest impact ratio of a decider by an attribute: an alert where an audit finds it below its band.

    `at_least`: the band's lower end in thousandths; its upper one is equality. Raises Invalid naming fields.
    """
    require(permissions.can_audit(actor))
    version = get_current_version(actor, case_type_key)
    fields: dict[str, list[str]] = {}
    if not 0 < len(name.strip()) <= 200:
        fields["name"] = ["1 to 200 characters."]
    if decider not in DECIDERS:
        fields["decider"] = [f"One of {', '.join(DECIDERS)}."]
    if attribute not in version.attributes_schema:
        fields["attribute"] = [f"The case type has {', '.join(version.attributes_schema) or 'none'}."]
    if not 1 <= at_least <= WHOLE:
        fields["at_least"] = ["From 0.001 to 1."]
    if fields:
        raise Invalid("The ratio cannot be watched so.", fields=fields)
    monitor = BiasMonitor.objects.create(
        tenant_id=actor.tenant_id, case_type=version.case_type, name=name.strip(), decider=decider,
        attribute=attribute, at_least=at_least, created_by=actor.id,
    )  # fmt: skip
    body = {"case_type": case_type_key, "decider": decider, "attribute": attribute, "at_least": at_least}
    record("bias_monitor.created", monitor, actor=actor, body=body)
    return monitor


@command
def end_watch(*, actor: Actor, monitor_id: UUID) -> BiasMonitor:
    """The ratio is no longer watched."""
    require(permissions.can_audit(actor))
    monitor = BiasMonitor.objects.select_for_update(no_key=True).filter(pk=monitor_id).first()
    if monitor is None:
        raise NotFound
    if monitor.ended_at is not None:
        raise Conflict("This ratio is no longer watched.", code="watch_ended")
    monitor.ended_at = timezone.now()
    monitor.save(update_fields=["ended_at"])
    record("bias_monitor.ended", monitor, actor=actor)
    return monitor


def look_at_ratios(audit: BiasAudit, *, document: Mapping[str, Any]) -> list[BiasMonitor]:
    """Hold what a finished audit found against every band of its case type; answers those that left theirs now."""
    left = []
    monitors = BiasMonitor.objects.select_for_update(no_key=True).filter(case_type_id=audit.case_type_id, ended_at=None)
    for monitor in monitors.order_by("pk"):
        found = document["deciders"].get(monitor.decider, {}).get("audits", {}).get(monitor.attribute)
        if found is None:
            continue
        was_outside = monitor.is_outside
        monitor.last_audit, monitor.last_ratio, monitor.is_outside = audit, *_held_against(found, monitor.at_least)
        monitor.save(update_fields=["last_audit", "last_ratio", "is_outside"])
        if monitor.is_outside != was_outside:
            verb = "bias_monitor.left_band" if monitor.is_outside else "bias_monitor.returned"
            record(verb, monitor, actor=system_actor(audit.tenant_id, "bias audit"), body={"audit": str(audit.pk)})
            left += [monitor] if monitor.is_outside else []
    for monitor in left:
        _alert(audit, monitor)
    return left


def _held_against(found: Mapping[str, Any], at_least: int) -> tuple[float | None, bool]:
    """The lowest ratio of a group that is compared, and whether any is below the band: in integers, never rounded."""
    best = found["groups"].get(found["best_group"] or "")
    compared = [each for each in found["groups"].values() if each.get("impact_ratio") is not None]
    if best is None or best.get("suppressed") or not compared:
        return None, False
    outside = any(
        each["favourable_n"] * best["n"] * WHOLE < at_least * best["favourable_n"] * each["n"] for each in compared
    )
    return min(each["impact_ratio"] for each in compared), outside


def _alert(audit: BiasAudit, monitor: BiasMonitor) -> None:
    auditors = Membership.objects.filter(roles__overlap=list(AUDITORS), is_active=True)
    notify(
        tenant_id=audit.tenant_id,
        recipient_ids=auditors.values_list("user_id", flat=True),
        kind=Kind.AUDIT,
        subject="A watched ratio has left its band",
        # which group it is stands in the report alone: a notice travels by mail
        text=f"“{monitor.name}” lies outside its band in “{audit.title}”.",
        path=f"/audits/{audit.pk}/",
        dedupe_key=f"{monitor.pk}:{audit.pk}",
    )


def _enqueue(schedule: BiasSchedule) -> None:
    enqueue(
        SCHEDULE,
        tenant_id=schedule.tenant_id,
        subject_id=schedule.pk,
        case_ids=(),
        dedupe_key=schedule.next_run_at.date().isoformat(),
        run_at=schedule.next_run_at,
    )

"""By when cases are to be decided: levels, the terms they give, and the clocks that run."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from cases.models import CaseTypeVersion
from cases.queries import get_current_version
from hitl_platform.kernel.errors import Conflict, Invalid, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.pipeline.services import NewStep, enqueue_many
from hitl_platform.tenants.actor import Actor
from reviews import case_facts, escalation_queries, permissions, queries
from reviews.case_facts import CaseSeen
from reviews.models import Calendar, Queue, ServiceLevel, SlaClock
from reviews.services.keys import document_digest, key_problems
from reviews.sla import (
    ROUND_THE_CLOCK,
    WorkingCalendar,
    add_working_time,
    read_span,
    span_problem,
    working_time_between,
)

# of a case that has a due date of its own and no level
AT_RISK = 0.75
MOST_RULES = 50
_DEFINITION_KEYS = {"within", "at_risk", "rules"}
_RULE_KEYS = {"name", "when", "within"}


class Termed(NamedTuple):
    """A case that people are to decide, in which queue."""

    seen: CaseSeen
    case_type_id: UUID
    queue: Queue


class Term(NamedTuple):
    """By when one case is to be decided, under which level, and why."""

    started_at: datetime
    at_risk_at: datetime
    due_at: datetime
    fixed_due_at: datetime | None
    level: ServiceLevel | None = None
    calendar: Calendar | None = None
    rule: str = ""
    because: Sequence[str] = ()


@command
def create_service_level(
    *,
    actor: Actor,
    key: str,
    name: str,
    case_type_key: str,
    definition: dict[str, Any],
    calendar_key: str = "",
    queue_key: str = "",
    enabled: bool = True,
) -> ServiceLevel:
    """The first version of a level, or the next one of a key; it counts for panels that open from now on.

    Raises Invalid naming every place that is wrong, Conflict where another level has this type and queue.
    """
    require(permissions.can_define_reviews(actor))
    version = get_current_version(actor, case_type_key)
    _require_valid(key, name, calendar_key, definition, version)
    queue = queries.get_queue(actor, queue_key) if queue_key else None
    known = escalation_queries.newest_levels()
    _require_alone(known.values(), key=key, case_type_id=version.case_type_id, queue=queue)
    level = ServiceLevel(
        tenant_id=actor.tenant_id,
        key=key,
        version=known[key].version + 1 if key in known else 1,
        name=name.strip(),
        case_type=version.case_type,
        queue=queue,
        calendar_key=calendar_key,
        definition=definition,
        enabled=enabled,
    )
    try:
        with transaction.atomic():
            level.save(force_insert=True)
    except IntegrityError:
        raise Conflict("Somebody else has just changed this level.", code="service_level_changed") from None
    record("service_level.created", level, actor=actor, body=_told(level))
    return level


def enabled_levels() -> list[ServiceLevel]:
    """The levels in force."""
    return [level for level in escalation_queries.newest_levels().values() if level.enabled]


def plan_terms(cases: Sequence[Termed], *, levels: Sequence[ServiceLevel]) -> list[Term | None]:
    """The term of each case, beginning now, or None where neither a level nor the case names one.

    The level of the case's type in its queue, else of its type anywhere. The case's own due date wins where it
    is earlier.
    """
    calendars = escalation_queries.newest_calendars() if any(level.calendar_key for level in levels) else {}
    by_place = {(level.case_type_id, level.queue_id): level for level in levels}
    now = timezone.now()
    terms: dict[tuple[str, UUID, datetime | None], tuple[datetime, datetime]] = {}
    planned: list[Term | None] = []
    for each in cases:
        level = by_place.get((each.case_type_id, each.queue.pk)) or by_place.get((each.case_type_id, None))
        own = each.seen.due_at
        if level is None:
            planned.append(_own_term(now, own) if own else None)
            continue
        within, rule, because = _within(level, each.seen, now)
        calendar = calendars.get(level.calendar_key)
        if (within, level.pk, own) not in terms:
            terms[within, level.pk, own] = _moments(now, within, own, level=level, calendar=calendar)
        at_risk_at, due_at = terms[within, level.pk, own]
        planned.append(Term(now, at_risk_at, due_at, own, level, calendar, rule, because))
    return planned


def start_clocks(
    *, actor: Actor, panels: Sequence[tuple[UUID, UUID, Queue]], terms: Sequence[Term | None]
) -> list[SlaClock]:
    """Start the clocks of panels that have just opened, given as (panel, case, queue), each with its term."""
    clocks = [
        SlaClock(
            tenant_id=actor.tenant_id,
            panel_id=panel_id,
            case_id=case_id,
            queue=queue,
            **term._asdict() | {"because": list(term.because)},
        )
        for (panel_id, case_id, queue), term in zip(panels, terms, strict=True)
        if term is not None
    ]
    SlaClock.objects.bulk_create(clocks)
    enqueue_moments(actor.tenant_id, clocks=clocks)
    return clocks


def enqueue_moments(tenant_id: UUID, *, clocks: Sequence[SlaClock]) -> None:
    """Write the steps that tell of risks and breaches: one for all panels of a queue due in the same minute."""
    now = timezone.now()
    spans = {
        # a moment that is over is told in the minute that ends next: the step of an earlier one is done already
        (clock.queue_id, int(max(moment, now).timestamp()) // 60 + 1)
        for clock in clocks
        for moment, told in ((clock.at_risk_at, clock.at_risk_told_at), (clock.due_at, clock.breach_told_at))
        if told is None
    }
    rows = [
        NewStep(queue_id, (), dedupe_key=str(span), run_at=datetime.fromtimestamp(span * 60, UTC))
        for queue_id, span in sorted(spans)
    ]
    enqueue_many("sla", tenant_id=tenant_id, rows=rows)


def calendar_of(calendar: Calendar | None) -> WorkingCalendar:
    """The arithmetic of a calendar; without one, all time is working time."""
    return calendar.working if calendar is not None else ROUND_THE_CLOCK


def _own_term(now: datetime, due_at: datetime) -> Term:
    at_risk_at = now + max(due_at - now, timedelta()) * AT_RISK
    return Term(now, min(at_risk_at, due_at), due_at, due_at)


def _moments(
    now: datetime, within: str, own: datetime | None, *, level: ServiceLevel, calendar: Calendar | None
) -> tuple[datetime, datetime]:
    working = calendar_of(calendar)
    due_at = add_working_time(now, read_span(within, calendar=working), calendar=working)
    due_at = min(due_at, own) if own else due_at
    share = level.definition.get("at_risk", AT_RISK)
    used = working_time_between(now, due_at, calendar=working) * share
    return min(add_working_time(now, used, calendar=working), due_at), due_at


def _within(level: ServiceLevel, seen: CaseSeen, now: datetime) -> tuple[str, str, Sequence[str]]:
    """The term that the first rule which holds gives, its name, and why; the level's own where none does."""
    failed: list[str] = []
    for rule in level.definition.get("rules", ()):
        if seen.probabilities is None and case_facts.asks_model(rule["when"]):
            continue
        verdict = case_facts.judge(rule["when"], seen, now=now)
        if verdict.error:
            failed.append(f"{rule['name']} could not be told: {verdict.error}")
        elif verdict.fired:
            return rule["within"], rule["name"], (*failed, *verdict.because)
    return level.definition["within"], "", failed


def _told(level: ServiceLevel) -> dict[str, Any]:
    """Which level, for what, and the digest of all that it says."""
    return {
        "key": level.key,
        "version": level.version,
        "case_type": level.case_type.key,
        "queue": level.queue.key if level.queue else "",
        "enabled": level.enabled,
        "definition_sha256": document_digest(level.definition),
    }


def _require_valid(key: str, name: str, calendar_key: str, definition: Any, version: CaseTypeVersion) -> None:
    fields = key_problems(key, name=name) | _definition_problems(definition, version)
    if calendar_key and calendar_key not in escalation_queries.newest_calendars():
        fields["calendar_key"] = ["There is no such calendar."]
    if fields:
        raise Invalid("The service level is not valid.", fields=fields)


def _definition_problems(definition: Any, version: CaseTypeVersion) -> dict[str, list[str]]:
    if not isinstance(definition, Mapping):
        return {"definition": ["A service level is an object."]}
    fields = {f"definition.{key}": ["There is no such setting."] for key in definition.keys() - _DEFINITION_KEYS}
    told = span_problem(definition.get("within"))
    if told:
        fields["definition.within"] = [told]
    share = definition.get("at_risk", AT_RISK)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
        fields["definition.at_risk"] = ["A share between 0 and 1, such as 0.75."]
    rules = definition.get("rules", [])
    if not isinstance(rules, list) or len(rules) > MOST_RULES:
        return fields | {"definition.rules": [f"A list of at most {MOST_RULES} rules."]}
    for number, rule in enumerate(rules):
        fields |= _rule_problems(f"definition.rules[{number}]", rule, version)
    return fields


def _rule_problems(place: str, rule: Any, version: CaseTypeVersion) -> dict[str, list[str]]:
    if not isinstance(rule, Mapping):
        return {place: ["A rule is an object."]}
    fields = {f"{place}.{key}": ["There is no such setting."] for key in rule.keys() - _RULE_KEYS}
    if not isinstance(rule.get("name"), str) or not rule["name"].strip() or len(rule["name"]) > 80:
        fields[f"{place}.name"] = ["A name of at most 80 characters."]
    if problems := case_facts.condition_problems(rule.get("when"), version=version):
        fields[f"{place}.when"] = problems
    if told := span_problem(rule.get("within")):
        fields[f"{place}.within"] = [told]
    return fields


def _require_alone(levels: Any, *, key: str, case_type_id: UUID, queue: Queue | None) -> None:
    place = (case_type_id, queue.pk if queue else None)
    for level in levels:
        if level.key != key and level.enabled and (level.case_type_id, level.queue_id) == place:
            raise Conflict(f"The level {level.key!r} is for these cases already.", code="service_level_exists")

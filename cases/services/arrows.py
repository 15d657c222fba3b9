"""Arrows that upper floors draw over sets of cases, inside a command or a step's finish.

Each is one UPDATE that takes the cases still in a source state and leaves the others alone; the answer says
which were taken. The caller records the event whose id the cases keep.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from cases.definitions import label_keys
from cases.models import CaseTypeVersion
from cases.states import CASE
from hitl_platform.kernel.bound_cursor import chunk_cursor
from hitl_platform.kernel.ids import uuid7
from hitl_platform.tenants.actor import Actor

# Rows are locked in the order of their ids, so that two sets that overlap never wait for each other. Each is one
# probe of the key, held by OFFSET 0 and by an array whose length the planner does not see: after a large import and
# before the next ANALYZE it takes a tenant for small, and would read all its cases for each chunk.
_MOVE = """
with locked as materialized (
    select found.id from (select id from unnest((select %(cases)b::uuid[])) as asked (id) order by id) asked
    cross join lateral (
        select known.id from cases_case known
        where known.tenant_id = %(tenant)s and known.id = asked.id and known.state = any(%(sources)b::text[])
        offset 0 for no key update
    ) found
)
update cases_case moved set state = %(target)s, event_ids = event_ids || %(event)s::uuid
from locked where moved.tenant_id = %(tenant)s and moved.id = locked.id
returning moved.id
"""
_DECIDE = """
with given as materialized (
    select * from unnest(%(ids)b::uuid[], %(cases)b::uuid[], %(labels)b::text[], %(made_by)b::text[],
        %(confidences)b::float8[], %(posteriors)b::jsonb[], %(policies)b::uuid[], %(models)b::uuid[],
        %(panels)b::uuid[], %(consensuses)b::uuid[], %(reasons)b::text[], %(events)b::uuid[])
    as given (id, case_id, label, made_by, confidence, posterior, policy_id, model_version_id,
        panel_id, consensus_id, reason_codes, event_id)
), locked as materialized (
    select found.* from (select id from unnest((select %(cases)b::uuid[])) as asked (id) order by id) asked
    cross join lateral (
        select known.id, known.decision_id, known.type_version_id from cases_case known
        where known.tenant_id = %(tenant)s and known.id = asked.id and known.state = any(%(sources)b::text[])
        offset 0 for no key update
    ) found
), moved as (
    update cases_case moved set state = %(target)s, decided_at = %(at)s, decision_id = given.id,
        event_ids = event_ids || given.event_id
    from locked join given on given.case_id = locked.id
    where moved.tenant_id = %(tenant)s and moved.id = locked.id
), added as (
    insert into cases_decision (tenant_id, id, case_id, sequence, label, made_by, confidence, posterior, policy_id,
        model_version_id, panel_id, consensus_id, reason_codes, supersedes_id, decided_at, event_id)
    select %(tenant)s, given.id, given.case_id, coalesce(before.sequence, 0) + 1, given.label, given.made_by,
        given.confidence, given.posterior, given.policy_id, given.model_version_id, given.panel_id,
        given.consensus_id, coalesce(given.reason_codes, '{}')::text[], before.id, %(at)s, given.event_id
    from given join locked on locked.id = given.case_id
    left join cases_decision before on before.tenant_id = %(tenant)s and before.id = locked.decision_id
    returning id, case_id
)
select added.id, locked.type_version_id from added join locked on locked.id = added.case_id
"""


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A decision to be made of a case; `event_id` is the event that tells of it."""

    case_id: UUID
    label: str
    made_by: str
    event_id: UUID
    confidence: float | None = None
    posterior: dict[str, float] | None = None
    policy_id: UUID | None = None
    model_version_id: UUID | None = None
    panel_id: UUID | None = None
    consensus_id: UUID | None = None
    reason_codes: Sequence[str] = ()
    id: UUID = field(default_factory=uuid7)


def score_cases(*, actor: Actor, case_ids: Sequence[UUID], event_id: UUID) -> list[UUID]:
    """received → scored; the ids of the cases taken."""
    return _move("score", actor, case_ids, event_id)


def review_cases(*, actor: Actor, case_ids: Sequence[UUID], event_id: UUID) -> list[UUID]:
    """received or scored → in review; the ids of the cases taken."""
    return _move("review", actor, case_ids, event_id)


def reopen_cases(*, actor: Actor, case_ids: Sequence[UUID], event_id: UUID) -> list[UUID]:
    """decided → in review; the ids of the cases taken. The decision stands until another one supersedes it."""
    return _move("reopen", actor, case_ids, event_id)


def restore_cases(*, actor: Actor, case_ids: Sequence[UUID], event_id: UUID) -> list[UUID]:
    """in review → decided by the decision that stood before the case was reopened; the ids of the cases taken.

    The caller knows that they were reopened: the database refuses a decided case without a decision.
    """
    return _move("restore", actor, case_ids, event_id)


def decide_cases(*, actor: Actor, decisions: Sequence[NewDecision]) -> list[NewDecision]:
    """scored or in review → decided, one decision a case; those of the cases taken, which stand now.

    Raises ValueError for a label that the case's type does not know, or two decisions of one case.
    """
    if not decisions:
        return []
    if len({each.case_id for each in decisions}) < len(decisions):
        raise ValueError("two decisions of one case in one set")
    with chunk_cursor() as cursor:
        cursor.execute(_DECIDE, _decision_columns(actor, decisions, timezone.now()))
        version_of = dict(cursor.fetchall())
    taken = [each for each in decisions if each.id in version_of]
    _require_known_labels(taken, version_of)
    return taken


def _move(verb: str, actor: Actor, case_ids: Sequence[UUID], event_id: UUID) -> list[UUID]:
    if not case_ids:
        return []
    with chunk_cursor() as cursor:
        cursor.execute(
            _MOVE,
            {
                "tenant": actor.tenant_id,
                "cases": list(case_ids),
                "sources": list(CASE.sources(verb)),
                "target": CASE.target(verb),
                "event": event_id,
            },
        )
        return [row[0] for row in cursor.fetchall()]


def _decision_columns(actor: Actor, decisions: Sequence[NewDecision], now: datetime) -> dict[str, Any]:
    return {
        "tenant": actor.tenant_id,
        "at": now,
        "sources": list(CASE.sources("decide")),
        "target": CASE.target("decide"),
        "ids": [each.id for each in decisions],
        "cases": [each.case_id for each in decisions],
        "labels": [each.label for each in decisions],
        "made_by": [each.made_by for each in decisions],
        "confidences": [each.confidence for each in decisions],
        "posteriors": _given([None if each.posterior is None else json.dumps(each.posterior) for each in decisions]),
        "policies": _given([each.policy_id for each in decisions]),
        "models": _given([each.model_version_id for each in decisions]),
        "panels": _given([each.panel_id for each in decisions]),
        "consensuses": _given([each.consensus_id for each in decisions]),
        # arrays of arrays must be rectangular, so each inner one travels as its text; keys need no quotes
        "reasons": _given(
            ["{" + ",".join(each.reason_codes) + "}" if each.reason_codes else None for each in decisions]
        ),
        "events": [each.event_id for each in decisions],
    }


def _given(column: list[Any]) -> list[Any]:
    """The column, or nothing where it holds nothing: unnest fills up with nulls, and a null costs as much to send."""
    return column if any(value is not None for value in column) else []


def _require_known_labels(decisions: Sequence[NewDecision], version_of: dict[UUID, UUID]) -> None:
    versions = CaseTypeVersion.objects.filter(pk__in=set(version_of.values())).values_list("pk", "labels")
    known = {version_id: set(label_keys(labels)) for version_id, labels in versions}
    for each in decisions:
        if each.label not in known[version_of[each.id]]:
            raise ValueError(f"case {each.case_id} cannot be decided {each.label!r}: its type has no such label")

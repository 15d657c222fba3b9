"""Routing a chunk of cases: read what the rules see, let the policies say, write where each case goes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import orjson

from cases.definitions import label_keys
from cases.models import CaseTypeVersion
from cases.services import NewDecision, decide_cases, review_cases
from cases.states import CASE
from hitl_platform.kernel.bound_cursor import bound_cursor, chunk_cursor
from hitl_platform.kernel.errors import Unavailable
from hitl_platform.kernel.ids import uuid7, uuid7s
from hitl_platform.ledger.commands import record_batch
from hitl_platform.tenants.actor import Actor
from models_registry.models import ModelVersion
from reviews import queries, statements
from reviews.case_facts import CaseSeen
from reviews.models import PanelTemplate, Queue, RoutingPolicy
from reviews.routing import CASE_FIELDS, CaseFacts, CompiledPolicy, Route
from reviews.services.escalations import watch_opened
from reviews.services.panels import NewPanel, open_panels
from reviews.services.service_levels import Term, Termed, enabled_levels, plan_terms, start_clocks
from reviews.states import PolicyState
from reviews.type_versions import type_version

# causes of routing, told to the reviewer without the model's answer
_WHY = {
    "rule": "rule",
    "rule_failed": "rule_failed",
    "routing_failed": "rule_failed",
    "no_policy": "no_policy",
    "no_model": "no_model",
}
# of a step that was given up
_FAILED = {"routing_failed", "model_crashed"}


class Routable(NamedTuple):
    """A case that waits for its route, with what the model said of it; plain, because a chunk has a thousand."""

    pk: UUID
    case_type_id: UUID
    type_version_id: UUID
    importance: float
    priority: int
    due_epoch: float | None
    created_epoch: float
    submitter_id: UUID | None
    subject_user_id: UUID | None
    payload: str
    prediction_id: UUID | None
    model_version_id: UUID | None
    probabilities: Sequence[float] | None

    @property
    def due_at(self) -> datetime | None:
        """By when it should be decided. A time is made of it only when asked for: reading one costs 7 µs."""
        return None if self.due_epoch is None else datetime.fromtimestamp(self.due_epoch, UTC)

    @property
    def created_at(self) -> datetime:
        """When it came in."""
        return datetime.fromtimestamp(self.created_epoch, UTC)


@dataclass(frozen=True, slots=True)
class Chunk:
    """What is known of a chunk of cases before routing. `causes` says why a case has no prediction."""

    cases: Sequence[Routable]
    causes: Mapping[UUID, str]
    model_labels: Mapping[UUID, Sequence[str]]
    versions: Mapping[UUID, CaseTypeVersion]
    policies: Mapping[UUID, RoutingPolicy]
    queues: Mapping[str, Queue]
    templates: Mapping[str, PanelTemplate]


@dataclass(slots=True)
class Dispatched:
    """One case with its route, and the policy that says so."""

    case: Routable
    route: Route
    policy: RoutingPolicy | None


@dataclass(slots=True)
class ToPeople(Dispatched):
    """A case that goes to people, and where."""

    queue: Queue
    template: PanelTemplate


def read_chunk(tenant_id: UUID, case_ids: Sequence[UUID], *, causes: Mapping[UUID, str]) -> Chunk:
    """Everything that routing asks, in a fixed number of queries; cases that have moved on are left out."""
    values: dict[str, Any] = {"tenant": tenant_id, "cases": list(case_ids), "states": [*CASE.sources("review")]}
    with chunk_cursor() as cursor:
        cursor.execute(statements.ROUTABLE, values)
        cases = [Routable(*row) for row in cursor.fetchall()]
    # a case whose scoring failed is routed without a model, whatever an earlier one said
    nothing: dict[str, Any] = dict.fromkeys(("prediction_id", "model_version_id", "probabilities"))
    cases = [case._replace(**nothing) if causes.get(case.pk) else case for case in cases]
    models = ModelVersion.objects.filter(pk__in={case.model_version_id for case in cases if case.model_version_id})
    policies = RoutingPolicy.objects.filter(
        case_type_id__in={case.case_type_id for case in cases}, state=PolicyState.ACTIVE
    )
    return Chunk(
        cases=cases,
        causes=causes,
        model_labels=dict(models.values_list("pk", "labels")),
        versions={version_id: type_version(version_id) for version_id in {case.type_version_id for case in cases}},
        policies={policy.case_type_id: policy for policy in policies},
        queues={queue.key: queue for queue in Queue.objects.order_by("created_at", "pk")},
        templates=queries.newest_templates(),
    )


def dispatch(chunk: Chunk) -> list[Dispatched]:
    """Where each case of the chunk goes; raises Unavailable where people must decide and there is no queue."""
    groups: dict[tuple[UUID, UUID], list[Routable]] = {}
    for case in chunk.cases:
        groups.setdefault((case.case_type_id, case.type_version_id), []).append(case)
    found: list[Dispatched] = []
    for (case_type_id, version_id), cases in groups.items():
        policy = chunk.policies.get(case_type_id)
        routes = _route(cases, policy, chunk.versions[version_id], chunk)
        found += [_dispatched(case, route, policy, chunk) for case, route in zip(cases, routes, strict=True)]
    return found


def send_to_people(chunk: Chunk, *, cause: str) -> list[Dispatched]:
    """The whole chunk to people, whatever the rules would say."""
    return [
        _dispatched(case, Route(False, cause), chunk.policies.get(case.case_type_id), chunk) for case in chunk.cases
    ]


def write_dispatched(actor: Actor, dispatched: Sequence[Dispatched]) -> None:
    """Decide, open panels, record; cases that moved on meanwhile are left alone. Runs in a step's finish."""
    _decide(actor, [each for each in dispatched if each.route.auto])
    _review(actor, [each for each in dispatched if isinstance(each, ToPeople)])


def _route(
    cases: Sequence[Routable], policy: RoutingPolicy | None, version: CaseTypeVersion, chunk: Chunk
) -> list[Route]:
    if policy is None:
        return [Route(False, chunk.causes.get(case.pk) or "no_policy") for case in cases]
    compiled = _compiled(policy, version)
    facts = [CaseFacts(_facts(case, compiled.case_fields), cause=chunk.causes.get(case.pk, "")) for case in cases]
    shares = np.full((len(cases), len(compiled.labels)), np.nan)
    for row, case in enumerate(cases):
        if case.probabilities is not None and case.model_version_id is not None:
            labels = chunk.model_labels[case.model_version_id]
            shares[row] = _in_order(case.probabilities, labels, compiled.labels)
    return compiled.route(facts, shares, now=datetime.now(UTC))


def _facts(case: Routable, wanted: Collection[str] | None) -> dict[str, Any]:
    """The case's own fields that the rules name, hidden by those of its payload."""
    names = CASE_FIELDS if wanted is None else [name for name in CASE_FIELDS if name in wanted]
    payload: dict[str, Any] = orjson.loads(case.payload)
    return {name: getattr(case, name) for name in names} | payload


@lru_cache(maxsize=128)
def _compiled(policy: RoutingPolicy, version: CaseTypeVersion) -> CompiledPolicy:
    # both are immutable and compare by their keys
    return CompiledPolicy(policy.definition, payload_schema=version.payload_schema, labels=label_keys(version.labels))


def _in_order(probabilities: Sequence[float], labels: Sequence[str], wanted: Sequence[str]) -> Sequence[float]:
    if tuple(labels) == tuple(wanted):
        return probabilities
    shares = dict(zip(labels, probabilities, strict=True))
    return [shares.get(label, 0.0) for label in wanted]


def _dispatched(case: Routable, route: Route, policy: RoutingPolicy | None, chunk: Chunk) -> Dispatched:
    if route.auto:
        return Dispatched(case, route, policy)
    named = policy.definition["otherwise"] if policy is not None else {}
    queue = chunk.queues.get(route.queue or named.get("queue", "")) or _fallback(case.case_type_id, chunk)
    template = chunk.templates.get(route.template or named.get("template", "")) or chunk.templates.get(
        queue.template_key
    )
    if template is None:
        raise Unavailable(f"Queue {queue.key} names no panel template that exists.", code="no_template")
    return ToPeople(case, route, policy, queue, template)


def _fallback(case_type_id: UUID, chunk: Chunk) -> Queue:
    """The oldest active queue of the case type, or else the oldest active one of no type."""
    active = [queue for queue in chunk.queues.values() if queue.is_active]
    for wanted in (case_type_id, None):
        for queue in active:
            if queue.case_type_id == wanted:
                return queue
    raise Unavailable("People must decide, and there is no queue for this kind of case.", code="no_queue")


def _decide(actor: Actor, dispatched: Sequence[Dispatched]) -> None:
    if not dispatched:
        return
    event_id = uuid7()
    decisions = [
        NewDecision(
            case_id=each.case.pk,
            label=str(each.route.label),
            made_by="model",
            event_id=event_id,
            confidence=each.route.confidence,
            policy_id=each.policy.pk if each.policy else None,
            model_version_id=each.case.model_version_id,
            id=decision_id,
        )
        for each, decision_id in zip(dispatched, uuid7s(len(dispatched)), strict=True)
    ]
    standing = set(map(id, decide_cases(actor=actor, decisions=decisions)))
    pairs = [pair for pair in zip(dispatched, decisions, strict=True) if id(pair[1]) in standing]
    taken = [each for each, _ in pairs]
    if taken:
        items = {
            str(each.case.pk): {"decision_id": str(decision.id), "label": decision.label} | _told(each)
            for each, decision in pairs
        }
        record_batch("case.decided", "case", actor=actor, items=items, body={"made_by": "model"}, event_id=event_id)
        _record_routes(actor, taken, event_id=event_id)


def _review(actor: Actor, dispatched: Sequence[ToPeople]) -> None:
    if not dispatched:
        return
    event_id = uuid7()
    reviewed = set(review_cases(actor=actor, case_ids=[each.case.pk for each in dispatched], event_id=event_id))
    taken = [each for each in dispatched if each.case.pk in reviewed]
    if taken:
        terms = _terms(taken)
        panels = [_new_panel(each, term) for each, term in zip(taken, terms, strict=True)]
        panel_ids = open_panels(actor=actor, panels=panels, event_id=event_id)
        _watch(actor, taken, panel_ids, terms, event_id=event_id)
        items = {
            str(each.case.pk): {"panel_id": str(panel_id), "queue": each.queue.key} | _told(each)
            for each, panel_id in zip(taken, panel_ids, strict=True)
        }
        record_batch("case.sent_to_review", "case", actor=actor, items=items, event_id=event_id)
        _record_routes(actor, taken, event_id=event_id)


def _terms(dispatched: Sequence[ToPeople]) -> list[Term | None]:
    """By when each case is to be decided; most tenants' chunks name no date, which costs one query to know."""
    levels = enabled_levels()
    if not levels and all(each.case.due_epoch is None for each in dispatched):
        return [None] * len(dispatched)
    versions = {each.case.model_version_id for each in dispatched if each.case.model_version_id}
    labels = dict(ModelVersion.objects.filter(pk__in=versions).values_list("pk", "labels"))
    return plan_terms([_termed(each, labels) for each in dispatched], levels=levels)


def _termed(each: ToPeople, labels: Mapping[UUID, Sequence[str]]) -> Termed:
    case = each.case
    said = labels.get(case.model_version_id, ()) if case.model_version_id else ()
    seen = CaseSeen(
        type_version(case.type_version_id), case.importance, case.priority, case.due_at, case.created_at,
        case.payload, said, case.probabilities,
    )  # fmt: skip
    return Termed(seen, case.case_type_id, each.queue)


def _watch(
    actor: Actor,
    dispatched: Sequence[ToPeople],
    panel_ids: Sequence[UUID],
    terms: Sequence[Term | None],
    *,
    event_id: UUID,
) -> None:
    """Start the clocks of what has just opened, and have the rules looked at that concern it."""
    if any(terms):
        panels = [(panel_id, each.case.pk, each.queue) for panel_id, each in zip(panel_ids, dispatched, strict=True)]
        start_clocks(actor=actor, panels=panels, terms=terms)
    watch_opened(
        tenant_id=actor.tenant_id,
        importances={each.case.pk: each.case.importance for each in dispatched},
        failed=[each.case.pk for each in dispatched if each.route.cause in _FAILED],
        event_id=event_id,
    )


def _told(each: Dispatched) -> dict[str, Any]:
    told = {"cause": each.route.cause}
    if each.route.rule:
        told["rule"] = each.route.rule
    if each.policy is not None:
        told["policy_id"] = str(each.policy.pk)
    if each.case.prediction_id is not None:
        told["prediction_id"] = str(each.case.prediction_id)
    return told


def _new_panel(each: ToPeople, term: Term | None) -> NewPanel:
    return NewPanel(
        case_id=each.case.pk,
        case_type_id=each.case.case_type_id,
        queue=each.queue,
        template=each.template,
        policy_id=each.policy.pk if each.policy else None,
        why=_why(each.route),
        prediction_id=each.case.prediction_id,
        priority=each.case.priority,
        due_at=term.due_at if term else None,
        submitter_id=each.case.submitter_id,
        subject_user_id=each.case.subject_user_id,
    )


def _why(route: Route) -> str:
    if route.cause == "below_threshold":
        return "two_labels_close" if route.threshold.get("two_close") else "not_confident"
    return _WHY.get(route.cause, "model_failed")


def _record_routes(actor: Actor, dispatched: Sequence[Dispatched], *, event_id: UUID) -> None:
    routes = [
        {
            "id": record_id,
            "case_id": each.case.pk,
            "policy_id": each.policy.pk if each.policy else None,
            "prediction_id": each.case.prediction_id,
            "route": "auto" if each.route.auto else "review",
            "label": each.route.label,
            "queue_id": each.queue.pk if isinstance(each, ToPeople) else None,
            "cause": each.route.cause,
            "rule": each.route.rule,
            "conditions": each.route.conditions,
            "thresholds": dict(each.route.threshold),
            "sampling_probability": 0.0 if each.route.auto else 1.0,
        }
        for record_id, each in zip(uuid7s(len(dispatched)), dispatched, strict=True)
    ]
    values: dict[str, Any] = {"tenant": actor.tenant_id, "event": event_id, "routes": orjson.dumps(routes).decode()}
    with bound_cursor() as cursor:
        cursor.execute(statements.RECORD_ROUTES, values)

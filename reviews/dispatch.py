"""Routing a chunk of cases: read what the rules see, let the policies say, write where each case goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
import orjson
from django.db import connection

from cases.definitions import label_keys
from cases.models import Case, CaseTypeVersion
from cases.queries import payloads
from cases.services import NewDecision, decide_cases, review_cases
from cases.states import CASE
from hitl_platform.kernel.errors import Unavailable
from hitl_platform.kernel.ids import uuid7, uuid7s
from hitl_platform.ledger.commands import record_batch
from hitl_platform.tenants.actor import Actor
from models_registry.models import Prediction
from models_registry.queries import predictions_for
from reviews import queries, statements
from reviews.models import Advice, PanelTemplate, Queue, RoutingPolicy
from reviews.routing import CaseFacts, CompiledPolicy, Route
from reviews.services.panels import NewPanel, open_panels
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


@dataclass(frozen=True, slots=True)
class Chunk:
    """What is known of a chunk of cases before routing. `causes` says why a case has no prediction."""

    cases: Sequence[Case]
    causes: Mapping[UUID, str]
    payloads: Mapping[UUID, dict[str, Any]]
    predictions: Mapping[UUID, Prediction]
    versions: Mapping[UUID, CaseTypeVersion]
    policies: Mapping[UUID, RoutingPolicy]
    queues: Mapping[str, Queue]
    templates: Mapping[str, PanelTemplate]


@dataclass(frozen=True, slots=True)
class Dispatched:
    """One case with its route, and what that rests on."""

    case: Case
    route: Route
    policy: RoutingPolicy | None
    prediction: Prediction | None


@dataclass(frozen=True, slots=True)
class ToPeople(Dispatched):
    """A case that goes to people, and where."""

    queue: Queue
    template: PanelTemplate


def read_chunk(case_ids: Sequence[UUID], *, causes: Mapping[UUID, str]) -> Chunk:
    """Everything that routing asks, in a fixed number of queries; cases that have moved on are left out."""
    sources = {*CASE.sources("review"), *CASE.sources("decide")} - {"in_review"}
    cases = list(Case.objects.filter(pk__in=case_ids, state__in=sources).order_by("pk"))
    predictions = predictions_for([case.pk for case in cases if not causes.get(case.pk)])
    policies = RoutingPolicy.objects.filter(
        case_type_id__in={case.case_type_id for case in cases}, state=PolicyState.ACTIVE
    )
    return Chunk(
        cases=cases,
        causes=causes,
        payloads=payloads([case.pk for case in cases]),
        predictions=predictions,
        versions={version_id: type_version(version_id) for version_id in {case.type_version_id for case in cases}},
        policies={policy.case_type_id: policy for policy in policies},
        queues={queue.key: queue for queue in Queue.objects.order_by("created_at", "pk")},
        templates=queries.newest_templates(),
    )


def dispatch(chunk: Chunk) -> list[Dispatched]:
    """Where each case of the chunk goes; raises Unavailable where people must decide and there is no queue."""
    groups: dict[tuple[UUID, UUID], list[Case]] = {}
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


def _route(cases: Sequence[Case], policy: RoutingPolicy | None, version: CaseTypeVersion, chunk: Chunk) -> list[Route]:
    if policy is None:
        return [Route(False, chunk.causes.get(case.pk) or "no_policy") for case in cases]
    compiled = _compiled(policy, version)
    facts = [
        CaseFacts(
            {
                "importance": case.importance,
                "priority": case.priority,
                "due_at": case.due_at,
                "created_at": case.created_at,
                **chunk.payloads.get(case.pk, {}),
            },
            cause=chunk.causes.get(case.pk, ""),
        )
        for case in cases
    ]
    shares = np.full((len(cases), len(compiled.labels)), np.nan)
    for row, case in enumerate(cases):
        prediction = chunk.predictions.get(case.pk)
        if prediction is not None:
            shares[row] = _in_order(prediction.probabilities, prediction.model_version.labels, compiled.labels)
    return compiled.route(facts, shares, now=datetime.now(UTC))


@lru_cache(maxsize=128)
def _compiled(policy: RoutingPolicy, version: CaseTypeVersion) -> CompiledPolicy:
    # both are immutable and compare by their keys
    return CompiledPolicy(policy.definition, payload_schema=version.payload_schema, labels=label_keys(version.labels))


def _in_order(probabilities: Sequence[float], labels: Sequence[str], wanted: Sequence[str]) -> Sequence[float]:
    if tuple(labels) == tuple(wanted):
        return probabilities
    shares = dict(zip(labels, probabilities, strict=True))
    return [shares.get(label, 0.0) for label in wanted]


def _dispatched(case: Case, route: Route, policy: RoutingPolicy | None, chunk: Chunk) -> Dispatched:
    prediction = chunk.predictions.get(case.pk)
    if route.auto:
        return Dispatched(case, route, policy, prediction)
    named = policy.definition["otherwise"] if policy is not None else {}
    queue = chunk.queues.get(route.queue or named.get("queue", "")) or _fallback(case.case_type_id, chunk)
    template = chunk.templates.get(route.template or named.get("template", "")) or chunk.templates.get(
        queue.template_key
    )
    if template is None:
        raise Unavailable(f"Queue {queue.key} names no panel template that exists.", code="no_template")
    return ToPeople(case, route, policy, prediction, queue, template)


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
            model_version_id=each.prediction.model_version_id if each.prediction else None,
        )
        for each in dispatched
    ]
    decided = {decision.case_id: decision for decision in decide_cases(actor=actor, decisions=decisions)}
    taken = [each for each in dispatched if each.case.pk in decided]
    if taken:
        items = {
            str(each.case.pk): {"decision_id": str(decided[each.case.pk].pk), "label": each.route.label} | _told(each)
            for each in taken
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
        panel_ids = open_panels(actor=actor, panels=[_new_panel(each) for each in taken], event_id=event_id)
        items = {
            str(each.case.pk): {"panel_id": str(panel_id), "queue": each.queue.key} | _told(each)
            for each, panel_id in zip(taken, panel_ids, strict=True)
        }
        record_batch("case.sent_to_review", "case", actor=actor, items=items, event_id=event_id)
        _record_routes(actor, taken, event_id=event_id)


def _told(each: Dispatched) -> dict[str, Any]:
    told = {"cause": each.route.cause}
    if each.route.rule:
        told["rule"] = each.route.rule
    if each.policy is not None:
        told["policy_id"] = str(each.policy.pk)
    if each.prediction is not None:
        told["prediction_id"] = str(each.prediction.pk)
    return told


def _new_panel(each: ToPeople) -> NewPanel:
    return NewPanel(
        case_id=each.case.pk,
        case_type_id=each.case.case_type_id,
        queue=each.queue,
        template=each.template,
        policy_id=each.policy.pk if each.policy else None,
        why=_why(each.route),
        advice=each.template.advice if each.prediction is not None else Advice.HIDDEN,
        priority=each.case.priority,
        due_at=each.case.due_at,
        submitter_id=each.case.submitter_id,
        subject_user_id=each.case.subject_user_id,
    )


def _why(route: Route) -> str:
    if route.cause == "below_threshold":
        return "two_labels_close" if route.threshold.get("two_close") else "not_confident"
    return _WHY.get(route.cause, "model_failed")


def _record_routes(actor: Actor, dispatched: Sequence[Dispatched], *, event_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            statements.RECORD_ROUTES,
            {
                "tenant": actor.tenant_id,
                "event": event_id,
                "ids": uuid7s(len(dispatched)),
                "cases": [each.case.pk for each in dispatched],
                "policies": [each.policy.pk if each.policy else None for each in dispatched],
                "predictions": [each.prediction.pk if each.prediction else None for each in dispatched],
                "routes": ["auto" if each.route.auto else "review" for each in dispatched],
                "labels": [each.route.label for each in dispatched],
                "queues": [each.queue.pk if isinstance(each, ToPeople) else None for each in dispatched],
                "causes": [each.route.cause for each in dispatched],
                "rules": [each.route.rule for each in dispatched],
                "conditions": [orjson.dumps(each.route.conditions).decode() for each in dispatched],
                "thresholds": [orjson.dumps(each.route.threshold).decode() for each in dispatched],
                "samplings": [0.0 if each.route.auto else 1.0 for each in dispatched],
            },
        )

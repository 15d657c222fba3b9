"""Routing policies: drafted by one person, approved by another, then in force until the next one is."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import Max

from cases.definitions import label_keys
from cases.models import CaseTypeVersion
from cases.queries import get_current_version
from hitl_platform.access import duties
from hitl_platform.kernel.canonical import digest
from hitl_platform.kernel.errors import Invalid, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from reviews import permissions, queries
from reviews.models import Queue, RoutingPolicy
from reviews.routing import CaseFacts, CompiledPolicy, Route, Surroundings, check_definition
from reviews.states import POLICY, PolicyState

MAX_EXAMPLES = 100


@command
def draft_policy(*, actor: Actor, case_type_key: str, definition: dict[str, Any]) -> RoutingPolicy:
    """The next version of a case type's policy, as a draft; raises Invalid naming every place that is wrong."""
    require(permissions.can_define_reviews(actor))
    version = get_current_version(actor, case_type_key)
    _require_valid(definition, version)
    last = RoutingPolicy.objects.filter(case_type=version.case_type).aggregate(last=Max("version"))["last"]
    policy = RoutingPolicy.objects.create(
        tenant_id=actor.tenant_id,
        case_type=version.case_type,
        type_version=version,
        version=(last or 0) + 1,
        definition=definition,
        created_by=actor.id,
    )
    record("routing_policy.drafted", policy, actor=actor, body=_told(policy, case_type_key))
    return policy


@command
def revise_policy(*, actor: Actor, policy_id: UUID, definition: dict[str, Any]) -> RoutingPolicy:
    """Another wording of a draft. Whoever revises it is its author from now on, so that somebody else approves."""
    policy = queries.get_policy(actor, policy_id, lock=True)
    require(permissions.can_define_reviews(actor))
    policy.state = POLICY.apply("revise", policy.state)
    version = get_current_version(actor, policy.case_type.key)
    _require_valid(definition, version)
    policy.definition, policy.type_version, policy.created_by = definition, version, actor.id
    policy.save(update_fields=["definition", "type_version", "created_by"])
    record("routing_policy.revised", policy, actor=actor, body=_told(policy, policy.case_type.key))
    return policy


@command
def approve_policy(*, actor: Actor, policy_id: UUID) -> RoutingPolicy:
    """A second person has read it; from here on it never changes."""
    policy = queries.get_policy(actor, policy_id, lock=True)
    require(permissions.can_define_reviews(actor))
    duties.require_second_person(actor, author_ids=[policy.created_by], what="a routing policy")
    policy.state = POLICY.apply("approve", policy.state)
    policy.approved_by, policy.approved_at = actor.id, datetime.now(UTC)
    policy.save(update_fields=["state", "approved_by", "approved_at"])
    record("routing_policy.approved", policy, actor=actor, body=_told(policy, policy.case_type.key))
    return policy


@command
def activate_policy(*, actor: Actor, policy_id: UUID) -> RoutingPolicy:
    """Let an approved policy route from now on; the one before it retires."""
    policy = queries.get_policy(actor, policy_id, lock=True)
    require(permissions.can_define_reviews(actor))
    _require_valid(policy.definition, policy.type_version)
    policy.state = POLICY.apply("activate", policy.state)
    # the predecessor goes first: two policies are never active at once
    for before in RoutingPolicy.objects.filter(case_type=policy.case_type, state=PolicyState.ACTIVE):
        retire_policy(actor=actor, policy_id=before.pk)
    policy.activated_at = datetime.now(UTC)
    policy.save(update_fields=["state", "activated_at"])
    record("routing_policy.activated", policy, actor=actor, body=_told(policy, policy.case_type.key))
    return policy


@command
def retire_policy(*, actor: Actor, policy_id: UUID) -> RoutingPolicy:
    """Put a policy out of force; without another one, people decide every case of its type."""
    policy = queries.get_policy(actor, policy_id, lock=True)
    require(permissions.can_define_reviews(actor))
    policy.state = POLICY.apply("retire", policy.state)
    policy.retired_at = datetime.now(UTC)
    policy.save(update_fields=["state", "retired_at"])
    record("routing_policy.retired", policy, actor=actor, body=_told(policy, policy.case_type.key))
    return policy


def try_policy(
    *, actor: Actor, case_type_key: str, definition: dict[str, Any], examples: Sequence[dict[str, Any]]
) -> list[Route]:
    """How a definition would route examples: `{"case": {…}, "probabilities": {label: p} or none}`. Writes nothing."""
    require(permissions.can_read_reviews(actor))
    with tenant_scope(actor.tenant_id):
        version = get_current_version(actor, case_type_key)
        _require_valid(definition, version)
    labels = label_keys(version.labels)
    policy = CompiledPolicy(definition, payload_schema=version.payload_schema, labels=labels)
    now = datetime.now(UTC)
    defaults = {"importance": 1.0, "priority": 0, "due_at": None, "created_at": now}
    cases = [CaseFacts({**defaults, **example.get("case", {})}) for example in examples[:MAX_EXAMPLES]]
    shares = [example.get("probabilities") or {} for example in examples[:MAX_EXAMPLES]]
    rows = [[share.get(label, 0.0 if share else np.nan) for label in labels] for share in shares]
    return policy.route(cases, np.array(rows, dtype=np.float64).reshape(len(cases), len(labels)), now=now)


def _require_valid(definition: dict[str, Any], version: CaseTypeVersion) -> None:
    around = Surroundings(
        payload_schema=version.payload_schema,
        labels=label_keys(version.labels),
        queues=set(Queue.objects.filter(is_active=True).values_list("key", flat=True)),
        templates=queries.newest_templates().keys(),
    )
    problems = check_definition(definition, around=around)
    if problems:
        fields: dict[str, list[str]] = {}
        for problem in problems:
            fields.setdefault(problem.place, []).append(problem.message)
        raise Invalid("The routing policy is not valid.", fields=fields)


def _told(policy: RoutingPolicy, case_type_key: str) -> dict[str, Any]:
    """Which policy, and the digest of all that it says."""
    return {
        "case_type": case_type_key,
        "version": policy.version,
        "definition_sha256": digest(_without_fractions(policy.definition)).hex(),
    }


def _without_fractions(value: Any) -> Any:
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return {key: _without_fractions(item) for key, item in value.items()}
    return [_without_fractions(item) for item in value] if isinstance(value, list) else value

"""Rules of escalation: drafted, read by a second person, in force, out of force."""

from typing import Any
from uuid import UUID

from django.db.models import Max
from django.utils import timezone

from cases.definitions import favourable_keys, label_keys
from cases.models import CaseTypeVersion
from cases.queries import get_current_version
from hitl_platform.access import duties
from hitl_platform.kernel.errors import Conflict, Invalid, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership
from reviews import case_facts, escalation_queries, ladders, permissions
from reviews.models import EscalationRule, Queue, Trigger
from reviews.services.keys import document_digest, key_problems
from reviews.states import RULE, RuleState


@command
def draft_rule(
    *, actor: Actor, key: str, name: str, case_type_key: str, trigger: str, definition: dict[str, Any]
) -> EscalationRule:
    """The next version of a rule, as a draft; raises Invalid naming every place that is wrong."""
    require(permissions.can_define_reviews(actor))
    version = get_current_version(actor, case_type_key)
    _require_valid(trigger, definition, version, others=key_problems(key, name=name))
    earlier = EscalationRule.objects.filter(key=key)
    if earlier.exclude(case_type=version.case_type).exists():
        raise Conflict("A rule of this key is for another kind of case.", code="rule_of_another_type")
    rule = EscalationRule.objects.create(
        tenant_id=actor.tenant_id,
        key=key,
        version=(earlier.aggregate(last=Max("version"))["last"] or 0) + 1,
        name=name.strip(),
        case_type=version.case_type,
        type_version=version,
        trigger=trigger,
        definition=definition,
        created_by=actor.id,
    )
    record("escalation_rule.drafted", rule, actor=actor, body=_told(rule))
    return rule


@command
def revise_rule(*, actor: Actor, rule_id: UUID, trigger: str, definition: dict[str, Any]) -> EscalationRule:
    """Another wording of a draft; whoever revises it is its author from now on."""
    rule = escalation_queries.get_rule(actor, rule_id, lock=True)
    require(permissions.can_define_reviews(actor))
    rule.state = RULE.apply("revise", rule.state)
    version = get_current_version(actor, rule.case_type.key)
    _require_valid(trigger, definition, version)
    rule.trigger, rule.definition, rule.type_version, rule.created_by = trigger, definition, version, actor.id
    rule.save(update_fields=["trigger", "definition", "type_version", "created_by"])
    record("escalation_rule.revised", rule, actor=actor, body=_told(rule))
    return rule


@command
def activate_rule(*, actor: Actor, rule_id: UUID) -> EscalationRule:
    """A second person has read it: it fires from now on, and the version before it retires.

    What that one has fired climbs on under it.
    """
    rule = escalation_queries.get_rule(actor, rule_id, lock=True)
    require(permissions.can_define_reviews(actor))
    duties.require_second_person(actor, author_ids=[rule.created_by], what="an escalation rule")
    target = RULE.apply("activate", rule.state)
    _require_valid(rule.trigger, rule.definition, get_current_version(actor, rule.case_type.key))
    for before in EscalationRule.objects.filter(key=rule.key, state__in=(RuleState.ACTIVE, RuleState.DISABLED)):
        retire_rule(actor=actor, rule_id=before.pk)
    rule.state, rule.activated_by, rule.activated_at = target, actor.id, timezone.now()
    rule.save(update_fields=["state", "activated_by", "activated_at"])
    record("escalation_rule.activated", rule, actor=actor, body=_told(rule))
    return rule


@command
def disable_rule(*, actor: Actor, rule_id: UUID) -> EscalationRule:
    """It fires no more, and what it has fired is called off when its next rung comes."""
    return _move(actor, rule_id, verb="disable", event="escalation_rule.disabled")


@command
def enable_rule(*, actor: Actor, rule_id: UUID) -> EscalationRule:
    """It fires again, as it was when it was disabled."""
    return _move(actor, rule_id, verb="enable", event="escalation_rule.enabled")


@command
def retire_rule(*, actor: Actor, rule_id: UUID) -> EscalationRule:
    """Put a rule out of force for good; what it has fired climbs on under it."""
    return _move(actor, rule_id, verb="retire", event="escalation_rule.retired")


def _move(actor: Actor, rule_id: UUID, *, verb: str, event: str) -> EscalationRule:
    rule = escalation_queries.get_rule(actor, rule_id, lock=True)
    require(permissions.can_define_reviews(actor))
    rule.state = RULE.apply(verb, rule.state)
    rule.save(update_fields=["state"])
    record(event, rule, actor=actor, body=_told(rule))
    return rule


def _require_valid(
    trigger: str, definition: Any, version: CaseTypeVersion, *, others: dict[str, list[str]] | None = None
) -> None:
    members = Membership.objects.filter(is_active=True).values_list("user_id", flat=True)
    around = ladders.Surroundings(
        labels=label_keys(version.labels),
        favourable=favourable_keys(version.labels),
        queues=set(Queue.objects.filter(is_active=True).values_list("key", flat=True)),
        calendars=escalation_queries.newest_calendars().keys(),
        people={str(user_id) for user_id in members},
        condition_problems=lambda source: case_facts.condition_problems(source, version=version),
    )
    fields = (others or {}) | ladders.rule_problems(trigger, definition, around=around)
    if trigger not in Trigger.values:
        fields["trigger"] = [f"One of {', '.join(Trigger.values)}."]
    if fields:
        raise Invalid("The escalation rule is not valid.", fields=fields)


def _told(rule: EscalationRule) -> dict[str, Any]:
    """Which rule, and the digest of all that it says."""
    return {
        "key": rule.key,
        "version": rule.version,
        "trigger": str(rule.trigger),
        "definition_sha256": document_digest(rule.definition),
    }

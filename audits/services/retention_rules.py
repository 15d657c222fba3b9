"""Rules of retention: written, set in force by a second person, put out of force."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Max
from django.utils import timezone

from audits import retention_permissions, retention_queries
from audits.models import RetentionRule
from audits.retention import MAX_MONTHS
from audits.states import RETENTION_RULE, RetentionState
from cases.models import CaseTypeVersion
from cases.queries import get_case_type
from hitl_platform.access import duties
from hitl_platform.kernel.errors import Invalid, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.pipeline.services import enqueue
from hitl_platform.tenants.actor import Actor

MAX_BASIS = 500


@command
def draft_retention_rule(
    *,
    actor: Actor,
    case_type_key: str,
    basis: str,
    reduce_after_months: int | None = None,
    kept_fields: Sequence[str] = (),
    kept_attributes: Sequence[str] = (),
    erase_after_months: int | None = None,
) -> RetentionRule:
    """The next version of a case type's rule, as a draft. Raises Invalid naming every field that is wrong."""
    require(retention_permissions.can_keep(actor))
    case_type = get_case_type(actor, case_type_key, lock=True)
    fields = _wrong_terms(basis.strip(), reduce_after_months, erase_after_months)
    if reduce_after_months is None and (kept_fields or kept_attributes):
        fields["kept_fields"] = ["Only reducing keeps a part; this rule does not reduce."]
    fields |= _unknown_parts(case_type.pk, kept_fields, kept_attributes)
    if fields:
        raise Invalid("The rule is not valid.", fields=fields)
    last = RetentionRule.objects.filter(case_type=case_type).aggregate(last=Max("version"))["last"] or 0
    rule = RetentionRule.objects.create(
        tenant_id=actor.tenant_id,
        case_type=case_type,
        version=last + 1,
        basis=basis.strip(),
        reduce_after_months=reduce_after_months,
        kept_fields=sorted(set(kept_fields)),
        kept_attributes=sorted(set(kept_attributes)),
        erase_after_months=erase_after_months,
        created_by=actor.id,
    )
    record("retention_rule.drafted", rule, actor=actor, body=_told(rule))
    return rule


@command
def activate_retention_rule(*, actor: Actor, rule_id: UUID) -> RetentionRule:
    """A second person has seen what would go: the rule is carried out from today on, each day."""
    rule = retention_queries.get_rule(actor, rule_id, lock=True)
    require(retention_permissions.can_keep(actor))
    duties.require_second_person(actor, author_ids=[rule.created_by], what="a rule of retention")
    target = RETENTION_RULE.apply("activate", rule.state)
    for before in RetentionRule.objects.filter(case_type_id=rule.case_type_id, state=RetentionState.ACTIVE):
        retire_retention_rule(actor=actor, rule_id=before.pk)
    rule.state, rule.activated_by, rule.activated_at = target, actor.id, timezone.now()
    rule.save(update_fields=["state", "activated_by", "activated_at"])
    record("retention_rule.activated", rule, actor=actor, body=_told(rule))
    enqueue(
        "retention",
        tenant_id=actor.tenant_id,
        subject_id=rule.case_type_id,
        case_ids=(),
        dedupe_key=f"{rule.pk}:{timezone.now():%Y-%m-%d}",
    )
    return rule


@command
def retire_retention_rule(*, actor: Actor, rule_id: UUID) -> RetentionRule:
    """Put a rule out of force: what it has not let go yet, stays."""
    rule = retention_queries.get_rule(actor, rule_id, lock=True)
    require(retention_permissions.can_keep(actor))
    rule.state, rule.retired_at = RETENTION_RULE.apply("retire", rule.state), timezone.now()
    rule.save(update_fields=["state", "retired_at"])
    record("retention_rule.retired", rule, actor=actor, body=_told(rule))
    return rule


def _wrong_terms(basis: str, reduce_after: int | None, erase_after: int | None) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    if not 3 <= len(basis) <= MAX_BASIS:
        fields["basis"] = [f"The law or policy that it follows, in 3 to {MAX_BASIS} characters."]
    terms = {"reduce_after_months": reduce_after, "erase_after_months": erase_after}
    for name, months in terms.items():
        if months is not None and not 1 <= months <= MAX_MONTHS:
            fields[name] = [f"1 to {MAX_MONTHS} months."]
    if reduce_after is None and erase_after is None:
        fields["erase_after_months"] = ["A rule reduces, erases, or both."]
    elif reduce_after is not None and erase_after is not None and erase_after <= reduce_after:
        fields["erase_after_months"] = ["Erasing comes after reducing."]
    return fields


def _unknown_parts(
    case_type_id: UUID, kept_fields: Sequence[str], kept_attributes: Sequence[str]
) -> dict[str, list[str]]:
    """Names that no version of the case type has, so that a slip of the pen keeps nothing it was meant to keep."""
    known_fields: set[str] = set()
    known_attributes: set[str] = set()
    versions = CaseTypeVersion.objects.filter(case_type_id=case_type_id)
    for schema, attributes in versions.values_list("payload_schema", "attributes_schema"):
        known_fields |= set(schema.get("properties", {}))
        known_attributes |= set(attributes)
    told = {"kept_fields": (kept_fields, known_fields), "kept_attributes": (kept_attributes, known_attributes)}
    return {
        name: [f"No version of this case type has {', '.join(sorted(unknown))}."]
        for name, (wanted, known) in told.items()
        if (unknown := set(wanted) - known)
    }


def _told(rule: RetentionRule) -> dict[str, object]:
    return {
        "case_type": rule.case_type.key,
        "version": rule.version,
        "basis": rule.basis,
        "reduce_after_months": rule.reduce_after_months,
        "kept_fields": rule.kept_fields,
        "kept_attributes": rule.kept_attributes,
        "erase_after_months": rule.erase_after_months,
    }

"""Reads of appeals, always for an actor."""

from uuid import UUID

from django.db.models import QuerySet

from audits import appeal_permissions
from audits.models import Appeal, AppealOutcome, AppealRule
from cases.definitions import favourable_keys
from cases.models import Case
from hitl_platform.kernel.errors import NotFound
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership
from reviews.models import Judgment, Purpose
from reviews.type_versions import type_version


def visible_appeals(actor: Actor) -> QuerySet[Appeal]:
    """The appeals that the actor may know of, newest first, with case, type and decisions loaded."""
    appeals = Appeal.objects.select_related("case__type_version", "case_type", "decision", "result").order_by("-id")
    return appeals if appeal_permissions.can_follow_appeals(actor) else appeals.none()


def get_appeal(actor: Actor, appeal_id: UUID) -> Appeal:
    """One appeal, or NotFound."""
    appeal = visible_appeals(actor).filter(pk=appeal_id).first()
    if appeal is None:
        raise NotFound
    return appeal


def locked_appeal(actor: Actor, appeal_id: UUID) -> Appeal:
    """One appeal with its case, both locked, the case first as everywhere; or NotFound."""
    found = visible_appeals(actor).filter(pk=appeal_id).values_list("case_id", flat=True).first()
    if found is None:
        raise NotFound
    case = Case.objects.select_for_update(no_key=True).get(pk=found)
    appeal = Appeal.objects.select_for_update(no_key=True, of=("self",)).select_related("decision", "result")
    locked = appeal.get(pk=appeal_id)
    locked.case = case
    return locked


def rule_of(case_type_id: UUID) -> AppealRule | None:
    """Where appeals of a case type are heard, if anybody has said so."""
    return AppealRule.objects.select_related("queue").filter(case_type_id=case_type_id).first()


def deciders_of(appeal: Appeal) -> set[UUID]:
    """Whoever judged the case before it was appealed."""
    said = Judgment.objects.filter(case_id=appeal.case_id, superseded_at__isnull=True)
    before = said.exclude(panel_id=appeal.panel_id) if appeal.panel_id else said
    return set(before.exclude(purpose=Purpose.GOLD).values_list("reviewer_id", flat=True))


def officers() -> list[UUID]:
    """The people who answer appeals, of the tenant in force."""
    members = Membership.objects.filter(is_active=True)
    return [
        user_id
        for user_id, roles in members.values_list("user_id", "roles")
        if {"compliance_officer", "owner"} & set(roles)
    ]


def appeals_of(case_id: UUID) -> QuerySet[Appeal]:
    """The appeals of a case, first to last."""
    return Appeal.objects.filter(case_id=case_id).select_related("decision", "result").order_by("id")


def is_of_an_appeal(decision_id: UUID) -> bool:
    """Whether an appeal led to this decision."""
    return Appeal.objects.filter(result_id=decision_id).exists()


def possible_outcomes(appeal: Appeal) -> list[str]:
    """What may be said of an appeal that was heard, the likeliest first: the two decisions bear it out."""
    if appeal.result is None:
        return []
    if appeal.result.label == appeal.decision.label:
        return [AppealOutcome.UPHELD]
    version_id = Case.objects.values_list("type_version_id", flat=True).get(pk=appeal.case_id)
    favourable = favourable_keys(type_version(version_id).labels)
    partly = bool(favourable) and appeal.result.label not in favourable
    found = [AppealOutcome.PARTLY, AppealOutcome.REVERSED] if partly else [AppealOutcome.REVERSED, AppealOutcome.PARTLY]
    return [str(each) for each in found]

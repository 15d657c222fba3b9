"""What reviewers can do and how much a day may bring them: set by managers, by nobody for themselves."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from hitl_platform.kernel.errors import Conflict, Invalid, NotFound, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from reviews import permissions, queries, staffing_queries
from reviews.models import QueueCap, ReviewerProfile, ReviewerSkill

MOST_A_DAY = 100_000


@command
def set_profile(
    *,
    actor: Actor,
    user_id: UUID,
    team: str = "",
    group: str = "",
    max_per_day: int | None = None,
    max_share: float | None = None,
) -> ReviewerProfile:
    """Say where a reviewer belongs and how much one day may bring; it holds from the next claim on."""
    _require_staffs(actor, user_id)
    fields = _out_of_range(max_per_day=max_per_day, max_share=max_share)
    for name, given in (("team", team), ("group", group)):
        if len(given) > 60:
            fields[name] = ["At most 60 characters."]
    if fields:
        raise Invalid("The profile is not valid.", fields=fields)
    profile = ReviewerProfile.objects.select_for_update().filter(user_id=user_id).first()
    if profile is None:
        profile = ReviewerProfile(tenant_id=actor.tenant_id, user_id=user_id)
    profile.team, profile.group = team.strip(), group.strip()
    profile.max_per_day, profile.max_share = max_per_day, max_share
    profile.save()
    share = None if max_share is None else f"{max_share:g}"
    body = {"user_id": str(user_id), "team": profile.team, "group": profile.group}
    record("profile.set", profile, actor=actor, body=body | {"max_per_day": max_per_day, "max_share": share})
    return profile


@command
def set_skill(
    *, actor: Actor, user_id: UUID, skill: str, level: int = 1, expires_at: datetime | None = None
) -> ReviewerSkill:
    """Say that a reviewer has a skill (a language is `lang-de`), how well from 1 to 5, and until when."""
    _require_staffs(actor, user_id)
    fields: dict[str, list[str]] = {}
    if not is_skill(skill):
        fields["skill"] = ["At most 60 letters, digits, hyphens and underscores."]
    if not 1 <= level <= 5:
        fields["level"] = ["From 1 to 5."]
    if expires_at is not None and (timezone.is_naive(expires_at) or expires_at <= timezone.now()):
        fields["expires_at"] = ["A time to come, with its zone."]
    if fields:
        raise Invalid("The skill is not valid.", fields=fields)
    known = ReviewerSkill.objects.select_for_update().filter(user_id=user_id, skill=skill).first()
    row = known or ReviewerSkill(tenant_id=actor.tenant_id, user_id=user_id, skill=skill)
    row.level, row.expires_at, row.set_by, row.set_at = level, expires_at, actor.id, timezone.now()
    row.save()
    until = expires_at.isoformat() if expires_at else None
    body = {"user_id": str(user_id), "skill": skill, "level": level, "expires_at": until}
    record("skill.set", row, actor=actor, body=body)
    return row


@command
def remove_skill(*, actor: Actor, user_id: UUID, skill: str) -> None:
    """Take a skill away; seats in hand stay until they are submitted or given back."""
    _require_staffs(actor, user_id)
    row = ReviewerSkill.objects.select_for_update().filter(user_id=user_id, skill=skill).first()
    if row is None:
        raise Conflict("This person has no such skill.", code="no_such_skill")
    record("skill.removed", row, actor=actor, body={"user_id": str(user_id), "skill": skill})
    row.delete()


@command
def set_cap(
    *, actor: Actor, queue_key: str, user_id: UUID | None = None, per_day: int | None = None, share: float | None = None
) -> QueueCap | None:
    """Bound what a queue hands to one person in a day (to each, without `user_id`); without bounds the cap goes.

    A share binds from the person's tenth case of the day on: of a few cases anybody's share is large.
    """
    queue = queries.get_queue(actor, queue_key)
    require(permissions.can_manage_queue(actor, queries.granted_on(queue)), "You do not manage this queue.")
    if user_id is not None:
        _require_staffs(actor, user_id)
    fields = _out_of_range(per_day=per_day, share=share)
    if fields:
        raise Invalid("The cap is not valid.", fields=fields)
    of_whom = Q(user__isnull=True) if user_id is None else Q(user_id=user_id)
    cap = QueueCap.objects.select_for_update(of=("self",)).filter(of_whom, queue=queue).first()
    told = {"user_id": str(user_id) if user_id else None, "per_day": per_day}
    body = told | {"share": None if share is None else f"{share:g}"}
    if per_day is None and share is None:
        if cap is None:
            raise Conflict("There is no such cap.", code="no_such_cap")
        record("cap.removed", cap, actor=actor, body=body)
        cap.delete()
        return None
    cap = cap or QueueCap(tenant_id=actor.tenant_id, queue=queue, user_id=user_id)
    cap.per_day, cap.share = per_day, share
    cap.save()
    record("cap.set", cap, actor=actor, body=body | {"queue": queue_key})
    return cap


def is_skill(name: str) -> bool:
    """Whether this can be a skill's key."""
    return 1 <= len(name) <= 60 and all(c.isascii() and (c.isalnum() or c in "-_") for c in name)


def _require_staffs(actor: Actor, user_id: UUID) -> None:
    require(permissions.can_staff(actor), "Managers set skills and caps.")
    require(user_id != actor.id, "Nobody sets skills or caps of their own.", code="own_staffing")
    try:
        staffing_queries.reviewer_of(actor, user_id)
    except NotFound:
        raise Invalid("There is no such member.", fields={"user_id": ["There is no such member."]}) from None


def _out_of_range(**bounds: float | None) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, given in bounds.items():
        if given is None:
            continue
        if name.endswith("share") and not 0 < given <= 1:
            fields[name] = ["More than 0, and 1 at most."]
        elif name.endswith("day") and not 0 <= given <= MOST_A_DAY:
            fields[name] = [f"From 0 to {MOST_A_DAY:,}."]
    return fields

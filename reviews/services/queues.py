"""Queues, and who may work or manage them."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.utils import timezone

from cases.queries import get_case_type
from hitl_platform.kernel.errors import Conflict, Invalid, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership
from reviews import permissions, queries
from reviews.models import Queue, QueueUserPermission, RoutingPolicy
from reviews.services.flags import enqueue_look
from reviews.services.staffing import is_skill

SHARES = ("gold_rate", "second_review_rate", "routine_rate", "variety_rate")
CHANGEABLE = (
    "name", "instructions", "lease_seconds", "undo_seconds", "template_key", "is_active", "skills", "gold_first",
    *SHARES,
)  # fmt: skip
MOST_GOLD_FIRST = 100
MOST_SKILLS = 20


@command
def create_queue(
    *,
    actor: Actor,
    key: str,
    name: str,
    template_key: str,
    case_type_key: str | None = None,
    lease_seconds: int = 900,
    undo_seconds: int = 10,
    instructions: str = "",
    **settings: Any,
) -> Queue:
    """A new queue; whoever makes it manages it.

    Cases of its type (or of any, without one) that come without a policy wait here, on panels of `template_key`.
    `settings` are those of `update_queue`.
    """
    require(permissions.can_define_reviews(actor))
    _require_known(settings)
    case_type = get_case_type(actor, case_type_key) if case_type_key else None
    queue = Queue(
        tenant_id=actor.tenant_id, key=key, name=name, template_key=template_key, case_type=case_type,
        lease_seconds=lease_seconds, undo_seconds=undo_seconds, instructions=instructions, **settings,
    )  # fmt: skip
    _require_valid(queue)
    try:
        with transaction.atomic():
            queue.save(force_insert=True)
    except IntegrityError:
        raise Conflict(f"There is a queue {key!r} already.", code="queue_exists") from None
    record("queue.created", queue, actor=actor, body={"key": key} | _settings(queue))
    enqueue_look(tenant_id=actor.tenant_id, queue_id=queue.pk, after=timezone.now())
    if actor.kind == "user":
        _grant(actor, queue, actor.id, permissions.MANAGE)
    return queue


@command
def update_queue(*, actor: Actor, queue_key: str, **changes: Any) -> Queue:
    """Change a queue's settings; leases that run and panels that stand keep what they began with."""
    queue = queries.get_queue(actor, queue_key)
    require(permissions.can_manage_queue(actor, queries.granted_on(queue)), "You do not manage this queue.")
    _require_known(changes)
    before = _settings(queue)
    for name, value in changes.items():
        setattr(queue, name, value)
    _require_valid(queue)
    if not queue.is_active and _is_named_by_a_policy(queue):
        raise Conflict("An active routing policy sends cases here.", code="queue_in_use")
    queue.save(update_fields=list(changes))
    record("queue.updated", queue, actor=actor, body={"before": before, "after": _settings(queue)})
    return queue


@command
def grant_queue(*, actor: Actor, queue_key: str, user_id: UUID, permission: str = permissions.WORK) -> None:
    """Let a member work (or manage) a queue."""
    queue = _managed(actor, queue_key, permission)
    member = Membership.objects.filter(user_id=user_id, is_active=True).first()
    needed = permissions.JUDGES if permission == permissions.WORK else permissions.MANAGERS
    if member is None or not set(member.roles) & set(needed):
        told = f"Not an active member with one of the roles {', '.join(needed)}."
        raise Invalid("This person cannot be let in.", fields={"user_id": [told]})
    _grant(actor, queue, user_id, permission)


@command
def revoke_queue(*, actor: Actor, queue_key: str, user_id: UUID, permission: str = permissions.WORK) -> None:
    """Take a member off a queue; seats in hand stay until they are submitted, given back or their lease ends."""
    queue = _managed(actor, queue_key, permission)
    gone, _ = QueueUserPermission.objects.filter(
        content_object=queue, user_id=user_id, permission__codename=permission
    ).delete()
    if not gone:
        raise Conflict("This person has no such permission here.", code="not_granted")
    record("queue.revoked", queue, actor=actor, body={"user_id": str(user_id), "permission": permission})


def _managed(actor: Actor, queue_key: str, permission: str) -> Queue:
    queue = queries.get_queue(actor, queue_key)
    require(permissions.can_manage_queue(actor, queries.granted_on(queue)), "You do not manage this queue.")
    if permission not in (permissions.WORK, permissions.MANAGE):
        told = f"One of {permissions.WORK}, {permissions.MANAGE}."
        raise Invalid("There is no such permission.", fields={"permission": [told]})
    return queue


def _grant(actor: Actor, queue: Queue, user_id: UUID, permission: str) -> None:
    granted = Permission.objects.get(
        content_type__app_label="reviews", content_type__model="queue", codename=permission
    )
    _, is_new = QueueUserPermission.objects.get_or_create(
        tenant_id=actor.tenant_id, content_object=queue, user_id=user_id, permission=granted
    )
    if is_new:
        record("queue.granted", queue, actor=actor, body={"user_id": str(user_id), "permission": permission})


def _require_known(settings: dict[str, Any]) -> None:
    strange = settings.keys() - set(CHANGEABLE)
    if strange:
        raise Invalid("These settings do not exist.", fields={name: ["There is no such setting."] for name in strange})


def _settings(queue: Queue) -> dict[str, Any]:
    # the ledger holds fractions as decimal strings
    return {
        name: f"{getattr(queue, name):g}" if name in SHARES else getattr(queue, name) for name in CHANGEABLE
    }  # fmt: skip


def _require_valid(queue: Queue) -> None:
    fields: dict[str, list[str]] = {}
    if not 1 <= len(queue.key) <= 60 or not all(c.isascii() and (c.isalnum() or c in "-_") for c in queue.key):
        fields["key"] = ["At most 60 letters, digits, hyphens and underscores."]
    if not queue.name.strip() or len(queue.name) > 200:
        fields["name"] = ["At most 200 characters, not blank."]
    if len(queue.instructions) > 20_000:
        fields["instructions"] = ["At most 20,000 characters."]
    if not 10 <= queue.lease_seconds <= 86_400:
        fields["lease_seconds"] = ["From 10 seconds to a day."]
    if not 0 <= queue.undo_seconds <= 10:
        fields["undo_seconds"] = ["From 0 to 10 seconds."]
    if queue.template_key not in queries.newest_templates():
        fields["template_key"] = ["There is no such panel template."]
    fields |= _out_of_range(queue)
    if fields:
        raise Invalid("The queue is not valid.", fields=fields)


def _out_of_range(queue: Queue) -> dict[str, list[str]]:
    fields = {name: ["From 0 to 1."] for name in SHARES if not 0 <= getattr(queue, name) <= 1}
    if not 0 <= queue.gold_first <= MOST_GOLD_FIRST:
        fields["gold_first"] = [f"From 0 to {MOST_GOLD_FIRST}."]
    if queue.gold_rate + queue.second_review_rate + queue.routine_rate > 1:
        fields["gold_rate"] = ["Known answers and second looks together are at most 1."]
    if not _are_skills(queue.skills):
        told = f"At most {MOST_SKILLS}, each once, with `skill` and a `level` from 1 to 5."
        fields["skills"] = [told]
    return fields


def _are_skills(skills: Any) -> bool:
    if not isinstance(skills, list) or len(skills) > MOST_SKILLS:
        return False
    return len({str(each.get("skill")) for each in skills if isinstance(each, dict)}) == len(skills) and all(
        each.keys() == {"skill", "level"} and is_skill(str(each["skill"])) and each["level"] in range(1, 6)
        for each in skills
    )


def _is_named_by_a_policy(queue: Queue) -> bool:
    for definition in RoutingPolicy.objects.filter(state="active").values_list("definition", flat=True):
        named = {definition["otherwise"]["queue"], *(rule.get("queue") for rule in definition.get("rules", ()))}
        if queue.key in named:
            return True
    return False

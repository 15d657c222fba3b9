"""Pauses: by a queue's rule or a manager's word, always with evidence, lifted by a person with a reason."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cases.models import CaseType
from cases.queries import get_case_type
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, require
from hitl_platform.kernel.numerals import percent
from hitl_platform.ledger.commands import command, record
from hitl_platform.notices.services import notify
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership
from reviews import permissions, quality_queries, queries
from reviews.models import QualityRule, Queue, QueueUserPermission, ReviewerPause
from reviews.quality.competence import fails_quiz, is_below
from reviews.quality.intervals import share_of

MAX_REASON = 2_000
MY_WORK = "/my-work/"


@command
def set_quality_rule(
    *,
    actor: Actor,
    queue_key: str,
    pause_below: float | None = None,
    pause_after: int = 10,
    quiz_at_least: float | None = None,
    reveal_after: int = 20,
) -> QualityRule:
    """What a queue asks of gold answers from now on; pauses that stand stay."""
    queue = queries.get_queue(actor, queue_key)
    require(permissions.can_manage_queue(actor, queries.granted_on(queue)), "You do not manage this queue.")
    values: dict[str, Any] = {
        "pause_below": pause_below, "pause_after": pause_after, "quiz_at_least": quiz_at_least,
        "reveal_after": reveal_after,
    }  # fmt: skip
    _require_rule(values)
    rule, _ = QualityRule.objects.update_or_create(
        tenant_id=actor.tenant_id, queue=queue, defaults={**values, "updated_at": datetime.now(UTC)}
    )
    told = {name: str(value) if isinstance(value, float) else value for name, value in values.items()}
    record("quality_rule.set", rule, actor=actor, body={"queue": queue.key} | told)
    return rule


@command
def pause_reviewer(*, actor: Actor, reviewer_id: UUID, reason: str, case_type_key: str | None = None) -> ReviewerPause:
    """Hand somebody nothing new of a case type (of any, without one) until the pause is lifted."""
    require(permissions.can_define_reviews(actor))
    case_type = get_case_type(actor, case_type_key) if case_type_key else None
    _require_reason(reason)
    if not Membership.objects.filter(user_id=reviewer_id, is_active=True).exists():
        raise Invalid("This person cannot be paused.", fields={"reviewer_id": ["Not an active member."]})
    pause = _pause(actor, reviewer_id, case_type, reason=reason, evidence={}, also=())
    if pause is None:
        raise Conflict("This person is paused already.", code="already_paused")
    return pause


@command
def lift_pause(*, actor: Actor, pause_id: UUID, reason: str) -> ReviewerPause:
    """Let somebody work again; what is measured from now on counts anew."""
    pause = quality_queries.get_pause(actor, pause_id, lock=True)
    require(permissions.can_define_reviews(actor))
    if pause.reviewer_id == actor.id:
        raise Forbidden("Somebody else lifts your pause.", code="own_work")
    if pause.lifted_at is not None:
        raise Conflict("This pause is lifted already.", code="pause_lifted")
    _require_reason(reason)
    lift(actor, pause=pause, reason=reason)
    return pause


def lift(actor: Actor, *, pause: ReviewerPause, reason: str) -> None:
    """End a pause inside a command, and tell its subject."""
    pause.lifted_at, pause.lifted_by, pause.lift_reason = datetime.now(UTC), actor.id, reason
    pause.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
    record("reviewer.pause_lifted", pause, actor=actor, body={"reviewer_id": str(pause.reviewer_id), "reason": reason})
    notify(
        tenant_id=pause.tenant_id, recipient_ids=[pause.reviewer_id], kind="pause_lifted",
        subject="You can work again", text=reason, path=MY_WORK, dedupe_key=f"lifted:{pause.pk}",
    )  # fmt: skip


def pause_by_rule(actor: Actor, *, queue: Queue, case_type_id: UUID, reviewer_id: UUID) -> ReviewerPause | None:
    """Pause somebody whose gold answers in a queue are too often wrong; inside a finish."""
    found = evidence_of(queue, case_type_id=case_type_id, reviewer_id=reviewer_id)
    if found is None:
        return None
    reason, evidence = found
    case_type = CaseType.objects.get(pk=case_type_id)
    managers = QueueUserPermission.objects.filter(content_object=queue, permission__codename=permissions.MANAGE)
    return _pause(
        actor, reviewer_id, case_type, reason=reason, evidence=evidence,
        also=managers.values_list("user_id", flat=True),
    )  # fmt: skip


def evidence_of(queue: Queue, *, case_type_id: UUID, reviewer_id: UUID) -> tuple[str, dict[str, Any]] | None:
    """Why a queue's rule pauses somebody, in words and figures; None where it does not.

    Only what was answered since the last pause was lifted counts; the entry quiz is asked once.
    """
    rule = quality_queries.rule_of(queue.pk)
    if rule is None:
        return None
    lifted = ReviewerPause.objects.filter(reviewer_id=reviewer_id, case_type_id=case_type_id, lifted_at__isnull=False)
    last = lifted.order_by("-lifted_at").values_list("lifted_at", flat=True).first()
    results = quality_queries.standing_results([case_type_id]).filter(reviewer_id=reviewer_id, queue=queue)
    rights = _rights(results.filter(judged_at__gt=last) if last else results)
    quiz = rights[: queue.gold_first] if last is None else []
    share = share_of(sum(rights), len(rights))
    asked, kind = rule.pause_below, "rule"
    if rule.quiz_at_least is not None and fails_quiz(
        sum(quiz), len(quiz), items=queue.gold_first, at_least=rule.quiz_at_least
    ):
        share, asked, kind = share_of(sum(quiz), len(quiz)), rule.quiz_at_least, "entry quiz"
    elif asked is None or not is_below(share.count, share.total, bar=asked, after=rule.pause_after):
        return None
    reason = (
        f"{share.count} of {share.total} known cases in {queue.name} were answered right "
        f"({percent(share.count / share.total)}, 95 % interval {percent(share.low)} to {percent(share.high)}). "
        f"The queue's {kind} asks for {percent(asked)}."
    )
    evidence = {
        "right": share.count, "total": share.total, "low": round(share.low, 4), "high": round(share.high, 4),
        "bar": asked, "by": kind, "queue": queue.key,
    }  # fmt: skip
    return reason, evidence


def _rights(results: Any) -> list[bool]:
    rows: Any = results.order_by("judged_at").values_list("is_right", flat=True)
    return list(rows)


def _pause(
    actor: Actor, reviewer_id: UUID, case_type: CaseType | None, *, reason: str, evidence: dict[str, Any], also: Any
) -> ReviewerPause | None:
    if ReviewerPause.objects.filter(reviewer_id=reviewer_id, case_type=case_type, lifted_at__isnull=True).exists():
        return None
    pause = ReviewerPause.objects.create(
        tenant_id=actor.tenant_id, reviewer_id=reviewer_id, case_type=case_type, reason=reason, evidence=evidence,
        paused_by=actor.id if actor.kind == "user" else None,
    )  # fmt: skip
    what = case_type.name if case_type else "all cases"
    body = {"reviewer_id": str(reviewer_id), "case_type": case_type.key if case_type else None, "reason": reason}
    record("reviewer.paused", pause, actor=actor, body=body)
    for recipients, subject, path in (
        ([reviewer_id], f"You are paused for {what}", MY_WORK),
        (also, f"A reviewer is paused for {what}", f"/console/reviews/reviewerpause/{pause.pk}/change/"),
    ):
        notify(
            tenant_id=actor.tenant_id, recipient_ids=set(recipients) - ({reviewer_id} if recipients is also else set()),
            kind="paused", subject=subject, text=reason, path=path, dedupe_key=f"paused:{pause.pk}",
        )  # fmt: skip
    return pause


def _require_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > MAX_REASON:
        raise Invalid("Say why.", fields={"reason": [f"A reason, of at most {MAX_REASON} characters."]})


def _require_rule(values: dict[str, Any]) -> None:
    fields: dict[str, list[str]] = {}
    for name in ("pause_below", "quiz_at_least"):
        if values[name] is not None and not 0 <= values[name] <= 1:
            fields[name] = ["A share from 0 to 1."]
    for name in ("pause_after", "reveal_after"):
        if not 1 <= values[name] <= 1_000:
            fields[name] = ["From 1 to 1,000."]
    if fields:
        raise Invalid("The quality rule is not valid.", fields=fields)

"""Separation of duties: the one choke point.

Nobody decides own case, votes twice on a panel, adjudicates a panel that they voted on, hears the
appeal of own decision, or approves own policy, model or gold item. Every write path asks here.
"""

from collections.abc import Collection
from uuid import UUID

from hitl_platform.kernel.errors import require
from hitl_platform.tenants.actor import Actor


def is_own_case(actor: Actor, *, submitter_id: UUID | None, subject_user_id: UUID | None) -> bool:
    """Whether the actor brought the case in or is the person it is about."""
    return actor.id in (submitter_id, subject_user_id)


def require_may_judge(
    actor: Actor,
    *,
    submitter_id: UUID | None,
    subject_user_id: UUID | None,
    voters: Collection[UUID],
) -> None:
    """Refuse a judgment on own case, or a second one on the same panel (as reviewer or adjudicator)."""
    require(actor.kind == "user", "Only people judge cases.", code="not_a_person")
    require(
        not is_own_case(actor, submitter_id=submitter_id, subject_user_id=subject_user_id),
        "Nobody judges a case of their own.",
        code="own_case",
    )
    require(actor.id not in voters, "You have already judged on this panel.", code="already_judged")


def require_second_person(actor: Actor, *, author_ids: Collection[UUID | None], what: str) -> None:
    """Refuse approval by one of those who made the thing."""
    require(actor.kind == "user", f"Only a person approves {what}.", code="not_a_person")
    require(actor.id not in author_ids, f"Somebody who did not make it approves {what}.", code="own_work")

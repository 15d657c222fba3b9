"""Separation of duties: the one choke point.

Nobody decides own case or one that they have a conflict of interest with, votes twice on a panel, adjudicates a
panel that they voted on, hears the appeal of own decision, or approves own policy, model or gold item. Every write
path asks here, whatever roles, flags or grants the actor has.
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
    conflicts: Collection[str],
) -> None:
    """Refuse a judgment on own case, a second one on the same case (as reviewer or adjudicator), a conflicted one.

    `voters` are those who sit or have judged beside the actor's own seat: on its panel, and on the case's panels
    before it. `conflicts` name the actor's conflicts of interest with this case, declared or derived.
    """
    require(actor.kind == "user", "Only people judge cases.", code="not_a_person")
    require(
        not is_own_case(actor, submitter_id=submitter_id, subject_user_id=subject_user_id),
        "Nobody judges a case of their own.",
        code="own_case",
    )
    require(actor.id not in voters, "You have already judged this case.", code="already_judged")
    require(not conflicts, "You have a conflict of interest with this case.", code="conflict_of_interest")


def require_second_person(actor: Actor, *, author_ids: Collection[UUID | None], what: str) -> None:
    """Refuse approval by one of those who made the thing."""
    require(actor.kind == "user", f"Only a person approves {what}.", code="not_a_person")
    require(actor.id not in author_ids, f"Somebody who did not make it approves {what}.", code="own_work")


def require_outsider(actor: Actor, *, insiders: Collection[UUID | None], what: str) -> None:
    """Refuse whoever judged, or asked for help, in the thing that others are now to look at."""
    require(actor.id not in insiders, f"{what} goes to somebody who had no part in it.", code="own_work")


def require_may_answer_appeal(
    actor: Actor, *, deciders: Collection[UUID], submitter_id: UUID | None, subject_user_id: UUID | None
) -> None:
    """Refuse to close an appeal whoever decided what is appealed, and whoever the case is about.

    Those who hear one are asked by `require_may_judge`, like all who judge: who judged the case before is a voter.
    """
    require(actor.kind == "user", "Only a person answers an appeal.", code="not_a_person")
    require(
        not is_own_case(actor, submitter_id=submitter_id, subject_user_id=subject_user_id),
        "Nobody answers an appeal of their own.",
        code="own_case",
    )
    require(actor.id not in deciders, "Nobody answers the appeal of their own decision.", code="own_decision")

"""Second looks at decisions: what a manager does with a disagreement. Nothing here changes a decision."""

from datetime import UTC, datetime
from uuid import UUID

from hitl_platform.kernel.errors import Conflict, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from reviews import permissions, quality_queries
from reviews.models import SecondReview


@command
def see_second_review(*, actor: Actor, review_id: UUID) -> SecondReview:
    """Note that a manager has seen a second look that differs; the decision stays as it is."""
    review = quality_queries.get_second_review(actor, review_id, lock=True)
    require(permissions.can_define_reviews(actor))
    if review.agrees or review.seen_at is not None:
        raise Conflict("There is nothing left to see here.", code="already_seen")
    review.seen_at, review.seen_by = datetime.now(UTC), actor.id
    review.save(update_fields=["seen_at", "seen_by"])
    record("second_review.seen", review, actor=actor, body={"decision_id": str(review.decision_id)})
    return review

"""Hints about a confusion that somebody shows again and again: told late, once, and never with an answer."""

from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Sum

from cases.definitions import label_names
from cases.models import CaseTypeVersion
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from reviews import quality_queries
from reviews.models import ReviewerHint, ReviewerLoad
from reviews.quality.confusing import patterns


def note_hints(actor: Actor, *, case_type_id: UUID, reviewer_id: UUID, reveal_after: int) -> None:
    """Keep a hint for each confusion that has become a pattern, to be told many cases later; inside a finish."""
    missed = quality_queries.standing_results([case_type_id]).filter(reviewer_id=reviewer_id, is_right=False)
    found = patterns(missed.values_list("label", "expected"))
    if not found:
        return
    taken = ReviewerLoad.objects.filter(reviewer_id=reviewer_id).aggregate(taken=Sum("taken"))["taken"] or 0
    ReviewerHint.objects.bulk_create(
        [
            ReviewerHint(
                tenant_id=actor.tenant_id, reviewer_id=reviewer_id, case_type_id=case_type_id, chosen=each.chosen,
                right=each.right, times=each.times, tell_after=taken + reveal_after,
            )
            for each in found
        ],
        ignore_conflicts=True,
    )  # fmt: skip


@command
def tell_hint(*, actor: Actor) -> str | None:
    """The hint that is due for this person, in words, told this once; None where there is none."""
    taken = ReviewerLoad.objects.filter(reviewer_id=actor.id).values("reviewer_id").annotate(all=Sum("taken"))
    due = ReviewerHint.objects.filter(reviewer_id=actor.id, told_at__isnull=True, tell_after__lte=taken.values("all"))
    hint = due.order_by("tell_after").first()
    if hint is None:
        return None
    hint.told_at = datetime.now(UTC)
    hint.save(update_fields=["told_at"])
    record("hint.told", hint, actor=actor, body={"chosen": hint.chosen, "right": hint.right, "times": hint.times})
    return words_of(hint)


def words_of(hint: ReviewerHint) -> str:
    """A hint in words: what is confused with what, and nothing of any one case."""
    version = CaseTypeVersion.objects.filter(case_type_id=hint.case_type_id).order_by("-version")[:1].get()
    names = label_names(version.labels)
    chosen, right = (names.get(label, label) for label in (hint.chosen, hint.right))
    return f"You have several times chosen “{chosen}” where “{right}” was right; check what tells the two apart."

"""Reads of gold items, results, competence, pauses and flags, always for an actor."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import TruncDate

from cases.models import Decision
from hitl_platform.kernel.errors import NotFound
from hitl_platform.ledger.disclosure import is_judge
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.owned import TenantOwned
from reviews import permissions
from reviews.models import (
    ContentCare,
    GoldContest,
    GoldItem,
    GoldResult,
    Judgment,
    PracticeAnswer,
    QualityRule,
    ReviewerPause,
    SecondReview,
    StampFlag,
)
from reviews.quality.intervals import Share, share_of

# how far back a person's own page looks
MOST_SHOWN = 50
REVEAL_AFTER = 20

R = TypeVar("R", bound=TenantOwned)


@dataclass(frozen=True, slots=True)
class Score:
    """How often somebody was right, in one queue or case type, by one way to know it.

    `before` is what it was until known answers were corrected or withdrawn, where that made it another.
    """

    name: str
    share: Share
    before: Share | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often a second look came to the same answer, by queue and by who had decided."""

    queue: str
    made_by: str
    share: Share
    unseen: int


def visible_gold(actor: Actor) -> QuerySet[GoldItem]:
    """Every item for those who define reviews or audit them; whoever may be asked sees only their own."""
    items = GoldItem.objects.order_by("-id")
    if not permissions.can_read_reviews(actor):
        return items.none()
    return items.filter(Q(proposed_by=actor.id) | Q(approved_by=actor.id)) if is_judge(actor) else items


def get_gold(actor: Actor, item_id: UUID, *, lock: bool = False) -> GoldItem:
    """One visible item, or NotFound."""
    return _one(visible_gold(actor), item_id, lock=lock)


def visible_contests(actor: Actor) -> QuerySet[GoldContest]:
    """A person's own contests, or everybody's for those who read reviews; newest first."""
    contests = GoldContest.objects.order_by("-id").select_related("gold_item__case_type", "judgment")
    return contests if permissions.can_read_reviews(actor) else contests.filter(reviewer_id=actor.id)


def contests_of(judgment_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The contests of these judgments: their ids by judgment."""
    found = GoldContest.objects.filter(judgment_id__in=judgment_ids)
    return dict(found.values_list("judgment_id", "pk"))


def get_contest(actor: Actor, contest_id: UUID, *, lock: bool = False) -> GoldContest:
    """One contest, for its author and for those who read reviews; or NotFound."""
    contests = GoldContest.objects.all()
    mine = contests if permissions.can_read_reviews(actor) else contests.filter(reviewer_id=actor.id)
    return _one(mine, contest_id, lock=lock)


def get_flag(actor: Actor, flag_id: UUID, *, lock: bool = False) -> StampFlag:
    """One flag, for its subject and for managers; or NotFound."""
    flags = StampFlag.objects.all()
    mine = flags if permissions.can_read_reviews(actor) else flags.filter(reviewer_id=actor.id)
    return _one(mine, flag_id, lock=lock)


def get_pause(actor: Actor, pause_id: UUID, *, lock: bool = False) -> ReviewerPause:
    """One pause, for those who read reviews; or NotFound."""
    pauses = ReviewerPause.objects.all()
    return _one(pauses if permissions.can_read_reviews(actor) else pauses.none(), pause_id, lock=lock)


def get_second_review(actor: Actor, review_id: UUID, *, lock: bool = False) -> SecondReview:
    """One second review, for those who read reviews; or NotFound."""
    reviews = SecondReview.objects.all()
    return _one(reviews if permissions.can_read_reviews(actor) else reviews.none(), review_id, lock=lock)


def rule_of(queue_id: UUID) -> QualityRule | None:
    """What a queue asks of gold answers, if it asks anything."""
    return QualityRule.objects.filter(queue_id=queue_id).first()


def standing_results(case_type_ids: Sequence[UUID]) -> QuerySet[GoldResult]:
    """The results that count, of these case types."""
    return GoldResult.objects.filter(case_type_id__in=case_type_ids, superseded_at__isnull=True, counts=True)


def told_results(actor: Actor) -> list[GoldResult]:
    """This person's results that may be told: each only after so many judgments more, so that it gives no case away.

    Newest first, each with how many judgments followed (`followed`).
    """
    mine = GoldResult.objects.filter(reviewer_id=actor.id, superseded_at__isnull=True)
    beside = ("gold_item", "queue", "judgment", "gold_item__known_case")
    results = list(mine.select_related(*beside).order_by("-judged_at"))
    after = dict(QualityRule.objects.values_list("queue_id", "reveal_after"))
    times = list(
        Judgment.objects.filter(reviewer_id=actor.id, superseded_at__isnull=True)
        .order_by("-judged_at")
        .values_list("judged_at", flat=True)[: max([REVEAL_AFTER, *after.values()]) + 1]
    )
    return [
        result
        for result in results
        if sum(at > result.judged_at for at in times) >= after.get(result.queue_id, REVEAL_AFTER)
    ]


def gold_scores(told: Sequence[GoldResult]) -> list[Score]:
    """The share of right answers by queue, of results that may be told and count, and what it was at first."""
    first = _first_results(told)
    now, before = _shares(told), _shares([first.get(result.judgment_id, result) for result in told])
    return [
        Score(name, now.get(name, share_of(0, 0)), before[name] if before.get(name) != now.get(name) else None)
        for name in sorted(now | before)
    ]


def _shares(results: Sequence[GoldResult]) -> dict[str, Share]:
    found: dict[str, list[bool]] = {}
    for result in results:
        if result.counts:
            found.setdefault(result.queue.name, []).append(result.is_right)
    return {name: share_of(sum(rights), len(rights)) for name, rights in found.items()}


def _first_results(told: Sequence[GoldResult]) -> dict[UUID, GoldResult]:
    """How those of these results that were made anew stood at first, by judgment."""
    anew = [result.judgment_id for result in told if result.because in ("corrected", "forgiven")]
    if not anew:
        return {}
    rows = GoldResult.objects.filter(judgment_id__in=anew, superseded_at__isnull=False)
    # the newest first, so that the first of all stays
    return {row.judgment_id: row for row in rows.select_related("queue").order_by("-id")}


def agreements(actor: Actor) -> list[Score]:
    """By queue, how often this person's vote was what a panel of several came to."""
    rows = (
        settled_votes()
        .filter(reviewer_id=actor.id)
        .values(name=F("panel__queue__name"))
        .annotate(total=Count("pk"), same=Count("pk", filter=Q(label=F("decided"))))
        .order_by("name")
    )
    return [Score(row["name"], share_of(row["same"], row["total"])) for row in rows]


def overturned(actor: Actor, *, limit: int = 20) -> list[Any]:
    """This person's latest votes that came out otherwise, each with the label `decided`.

    `adjudicated` tells whether an adjudicator said so, and not the panel by itself.
    """
    last_word = Judgment.objects.filter(panel_id=OuterRef("panel_id"), kind="adjudicator", superseded_at__isnull=True)
    return list(
        settled_votes()
        .filter(reviewer_id=actor.id)
        .exclude(label=F("decided"))
        .annotate(adjudicated=Exists(last_word))
        .select_related("case", "panel__queue")
        .order_by("-judged_at")[:limit]
    )


def days_of(actor: Actor, *, since: datetime) -> list[dict[str, Any]]:
    """How many judgments this person made, by day and queue; newest day first."""
    rows: Any = (
        Judgment.objects.filter(reviewer_id=actor.id, superseded_at__isnull=True, judged_at__gte=since)
        .annotate(day=TruncDate("judged_at"), queue=F("seat__queue__name"))
        .values("day", "queue")
        .annotate(count=Count("pk"))
        .order_by("-day", "queue")
    )
    return list(rows)


def flags_of(actor: Actor) -> list[StampFlag]:
    """The flags raised about this person, newest first."""
    return list(StampFlag.objects.filter(reviewer_id=actor.id).select_related("queue").order_by("-id")[:MOST_SHOWN])


def pauses_of(actor: Actor) -> list[ReviewerPause]:
    """The pauses of this person, newest first."""
    mine = ReviewerPause.objects.filter(reviewer_id=actor.id).select_related("case_type")
    return list(mine.order_by("-paused_at")[:MOST_SHOWN])


def care_of(actor: Actor) -> tuple[bool, bool]:
    """Whether this person wants what may distress blurred, and grey; both until they say otherwise."""
    kept = ContentCare.objects.filter(reviewer_id=actor.id).values_list("blurs", "greys").first()
    return kept or (True, True)


def practised(actor: Actor) -> Share:
    """How this person's practice answers went; nothing of it counts anywhere else."""
    mine = PracticeAnswer.objects.filter(reviewer_id=actor.id)
    right = mine.aggregate(total=Count("pk"), right=Count("pk", filter=Q(label=F("outcome"))))
    return share_of(right["right"], right["total"])


def second_review_agreement(actor: Actor) -> list[Agreement]:
    """How often a blind second look agreed, by queue and by who had decided, with Wilson intervals."""
    if not permissions.can_read_reviews(actor):
        return []
    rows = (
        SecondReview.objects.values("queue__name", "made_by")
        .annotate(
            total=Count("pk"),
            same=Count("pk", filter=Q(agrees=True)),
            unseen=Count("pk", filter=Q(agrees=False, seen_at__isnull=True)),
        )
        .order_by("queue__name", "made_by")
    )
    return [
        Agreement(row["queue__name"], row["made_by"], share_of(row["same"], row["total"]), row["unseen"])
        for row in rows
    ]


def settled_votes() -> QuerySet[Any]:
    """Votes on live panels that have settled with more than one voice, each with the label `decided`.

    A vote alone would agree with itself.
    """
    others = Judgment.objects.filter(panel_id=OuterRef("panel_id"), superseded_at__isnull=True)
    result = Decision.objects.filter(case_id=OuterRef("case_id"), panel_id=OuterRef("panel_id"))
    # Any: the stubs take an annotation for a second definition of a column
    votes: QuerySet[Any] = Judgment.objects.filter(
        kind="reviewer", purpose="live", superseded_at__isnull=True, panel__state="settled"
    )
    settled: QuerySet[Any] = (
        votes.filter(Exists(others.exclude(reviewer_id=OuterRef("reviewer_id"))))
        .annotate(decided=Subquery(result.values("label")[:1]))
        .filter(decided__isnull=False)
    )
    return settled


def _one(rows: QuerySet[R], row_id: UUID, *, lock: bool) -> R:
    row = (rows.select_for_update(no_key=True) if lock else rows).filter(pk=row_id).first()
    if row is None:
        raise NotFound
    return row

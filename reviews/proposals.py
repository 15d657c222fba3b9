"""What the console's home says in sentences: whether today goes well, and what could be changed, each with its cause.

Called by name. Counts stop at COUNTED; what a queue gets and does is read of its newest panels alone.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils import timezone

from cases.models import Case, CaseType, Decision, MadeBy
from hitl_platform.console.cards import Change, thousands
from hitl_platform.kernel.numerals import percent
from hitl_platform.tenants.actor import Actor
from reviews import permissions, quality_queries
from reviews.escalation_queries import overdue_cases
from reviews.models import Panel, Purpose, Queue, QueueUserPermission, RoutingPolicy, Seat
from reviews.states import PanelState, PolicyState, SeatState

COUNTED = 100_000
DAY = timedelta(days=1)
# a queue that gets so much more than it settles, and at least so many cases, grows
GROWS, FEW = 1.25, 10
# second looks that differ more often than this, of at least so many, ask for a change
DIFFERS, LOOKS = 0.1, 20


def today(actor: Actor) -> str:
    """How the last 24 hours went, in two sentences."""
    since = timezone.now() - DAY
    came = _count(Case.objects.filter(created_at__gte=since))
    decided = Decision.objects.filter(decided_at__gte=since)
    total, alone = _count(decided), _count(decided.filter(made_by=MadeBy.MODEL))
    late = _count(overdue_cases(Case.objects.all()))
    if not came and not total:
        return "No case came in the last 24 hours, and none was decided." + (_late(late) if late else "")
    pace = "as many as came" if total == came else "more than came" if total > came else "fewer than came"
    by_people = f"{thousands(total - alone)} of them with people" if total else ""
    decided_words = f"{thousands(total)} {'was' if total == 1 else 'were'} decided"
    told = f"{_cases(came)} came in the last 24 hours and {decided_words}, {pace}"
    return f"{told}{f'; {by_people}' if by_people else ''}.{_late(late)}"


def changes(actor: Actor) -> list[Change]:
    """What a manager could change now, and why; nothing for others, and nothing where nothing speaks for it."""
    if not permissions.can_define_reviews(actor):
        return []
    return [*_of_staffing(), *_of_second_looks(actor), *_of_checks(), *_of_policies()]


def _of_staffing() -> Iterable[Change]:
    """Queues that nobody works in, and those that grow."""
    since = timezone.now() - DAY
    recent = Panel.objects.filter(opened_at__gte=since, purpose=Purpose.LIVE)
    came = dict(recent.values_list("queue").annotate(count=Count("pk")))
    over = Panel.objects.filter(settled_at__gte=since, purpose=Purpose.LIVE, state=PanelState.SETTLED)
    settled = dict(over.values_list("queue").annotate(count=Count("pk")))
    workers = QueueUserPermission.objects.filter(permission__codename=permissions.WORK)
    people = dict(workers.values_list("content_object").annotate(count=Count("user", distinct=True)))
    for queue in Queue.objects.filter(is_active=True).order_by("name"):
        where = reverse("console:reviews_queue_change", args=[queue.pk])
        arrived, done = came.get(queue.pk, 0), settled.get(queue.pk, 0)
        waits = Seat.objects.filter(queue=queue, state=SeatState.OPEN, purpose=Purpose.LIVE).exists()
        if not people.get(queue.pk) and waits:
            yield Change(f"Let somebody work in {queue.name}", "Cases wait there, and nobody may take them.", where)
        elif arrived >= FEW and arrived > GROWS * done:
            many = people.get(queue.pk, 0)
            because = (
                f"{_cases(arrived)} came in the last 24 hours and {thousands(done)} "
                f"{'was' if done == 1 else 'were'} settled, by a team of {many}."
            )
            yield Change(f"Let more people work in {queue.name}, or send it less", because, where)


def _of_second_looks(actor: Actor) -> Iterable[Change]:
    """Where a blind second look comes to another answer too often."""
    for found in quality_queries.second_review_agreement(actor):
        differ = found.share.total - found.share.count
        if found.share.total >= LOOKS and 1 - found.share.high > DIFFERS:
            low, high = 1 - found.share.high, 1 - found.share.low
            by = "the model alone" if found.made_by == MadeBy.MODEL else "people"
            because = (
                f"{thousands(differ)} of {thousands(found.share.total)} second looks at what {by} decided differ "
                f"({percent(differ / found.share.total)}, 95 % interval {percent(low)} to {percent(high)})."
            )
            asks = "Raise the thresholds" if found.made_by == MadeBy.MODEL else "Sharpen the instructions"
            yield Change(f"{asks} of {found.queue}", because, reverse("console:reviews_secondreview_changelist"))


def _of_checks() -> Iterable[Change]:
    """Queues whose reviewers nothing measures."""
    unchecked = Queue.objects.filter(is_active=True, gold_first=0, gold_rate=0, second_review_rate=0)
    worked = QueueUserPermission.objects.filter(permission__codename=permissions.WORK).values("content_object")
    for queue in unchecked.filter(pk__in=worked).order_by("name"):
        where = reverse("console:reviews_queue_settings", args=[queue.pk])
        yield Change(f"Measure the work in {queue.name}", "No known answers come there, and no second looks.", where)


def _of_policies() -> Iterable[Change]:
    """Case types of which people decide everything because nobody said otherwise."""
    active = RoutingPolicy.objects.filter(state=PolicyState.ACTIVE).values("case_type")
    where = reverse("console:reviews_routingpolicy_changelist")
    for case_type in CaseType.objects.exclude(pk__in=active).order_by("name"):
        because = "No policy is in force: people decide every case, however sure a model is."
        yield Change(f"Write a routing policy for {case_type.name}", because, where)


def _late(late: int) -> str:
    return f" {_cases(late)} {'is' if late == 1 else 'are'} overdue." if late else " None is overdue."


def _cases(count: int) -> str:
    return f"{thousands(count)} case{'s' * (count != 1)}"


def _count(rows: QuerySet[Any]) -> int:
    return rows.order_by()[:COUNTED].count()

"""What stands above the lists of quality in the console: shares with n and interval, and what chance would do."""

from datetime import timedelta

from django.utils import timezone

from cases.models import MadeBy
from hitl_platform.console.cards import Figure, thousands
from hitl_platform.kernel.numerals import percent
from hitl_platform.tenants.actor import Actor
from reviews import quality_queries
from reviews.models import Judgment, Purpose, StampFlag
from reviews.quality.stamps import LEVEL

LOOKED_AT = timedelta(days=31)


def agreement_of_second_looks(actor: Actor) -> list[Figure]:
    """How often a blind second look came to the same answer, by queue and by who had decided."""
    found = quality_queries.second_review_agreement(actor)
    return [Figure(_of(each.queue, each.made_by), _share(each), _detail(each)) for each in found]


def flagged_and_by_chance() -> list[Figure]:
    """How many reviewers of the last month are flagged, and how many honest ones would be."""
    since = timezone.now() - LOOKED_AT
    judged = Judgment.objects.filter(judged_at__gte=since, superseded_at__isnull=True, purpose=Purpose.LIVE)
    people = judged.order_by().values("reviewer").distinct().count()
    flagged = StampFlag.objects.filter(until__gte=since).order_by().values("reviewer").distinct().count()
    by_chance = f"A look at a month flags an honest reviewer with a probability of at most {percent(LEVEL)}."
    return [Figure("Flagged in the last month", f"{flagged} of {people}", by_chance)] if people else []


def _of(queue: str, made_by: str) -> str:
    return f"{queue}: second looks at {'the model' if made_by == MadeBy.MODEL else 'people'}"


def _share(each: quality_queries.Agreement) -> str:
    return f"{percent(each.share.share)} agree" if each.share.share is not None else "none yet"


def _detail(each: quality_queries.Agreement) -> str:
    share = each.share
    unseen = f"; {each.unseen} that differ{'s' * (each.unseen == 1)} nobody has looked at" if each.unseen else ""
    agree = f"{thousands(share.count)} of {thousands(share.total)}"
    return f"{agree}, 95 % interval {percent(share.low)} to {percent(share.high)}{unseen}"

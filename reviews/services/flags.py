"""Flags of judgments that were not looked at: raised with their evidence, seen by their subject, answered, closed."""

from dataclasses import asdict
from datetime import UTC, datetime
from uuid import UUID

from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, require
from hitl_platform.kernel.ids import uuid7
from hitl_platform.kernel.numerals import percent, points
from hitl_platform.ledger.commands import command, record, record_batch
from hitl_platform.pipeline.services import NewStep, enqueue_many
from hitl_platform.tenants.actor import Actor
from reviews import permissions, quality_queries, queries
from reviews.measures import period_of
from reviews.models import Queue, StampFlag
from reviews.quality.stamps import LEVEL, Finding, look

MAX_WORDS = 4_000


def month_after(moment: datetime) -> datetime:
    """The first moment of the next month, in UTC."""
    year, month = divmod(moment.year * 12 + moment.month, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)


def enqueue_look(*, tenant_id: UUID, queue_id: UUID, after: datetime) -> None:
    """Write the step that looks at a queue's month once it is over; it renews itself."""
    begin = month_after(after)
    row = NewStep(queue_id, (), dedupe_key=f"{begin:%Y-%m}", run_at=begin)
    enqueue_many("stamps", tenant_id=tenant_id, rows=[row])


@command
def look_for_rubber_stamps(*, actor: Actor, queue_key: str, since: datetime, until: datetime) -> list[StampFlag]:
    """Look at a period of a queue; returns the flags that are new."""
    queue = queries.get_queue(actor, queue_key)
    require(permissions.can_manage_queue(actor, queries.granted_on(queue)), "You do not manage this queue.")
    if since >= until:
        raise Invalid("The period is empty.", fields={"until": ["Later than its beginning."]})
    return raise_flags(actor, queue=queue, since=since, until=until)


def raise_flags(actor: Actor, *, queue: Queue, since: datetime, until: datetime) -> list[StampFlag]:
    """A flag for each reviewer whom the period speaks against, once; inside a command or a finish."""
    reviewers, judged, seeded = period_of(queue, since=since, until=until)
    findings = look(judged, seeded, n_reviewers=len(reviewers))
    known = set(StampFlag.objects.filter(queue=queue, since=since).values_list("reviewer_id", flat=True))
    flags = [
        StampFlag(
            tenant_id=actor.tenant_id, reviewer_id=reviewers[finding.reviewer], queue=queue, since=since, until=until,
            words=words_of(finding), evidence=asdict(finding), false_flag_rate=LEVEL,
        )
        for finding in findings
        if finding.flags and reviewers[finding.reviewer] not in known
    ]  # fmt: skip
    StampFlag.objects.bulk_create(flags)
    for flag in flags:
        body = {"reviewer_id": str(flag.reviewer_id), "words": flag.words, "false_flag_rate": str(LEVEL)}
        record("stamp_flag.raised", flag, actor=actor, body=body)
    if not flags:
        items = {str(queue.pk): {"since": since.isoformat(), "until": until.isoformat(), "reviewers": len(reviewers)}}
        record_batch("stamps.looked_for", "queue", actor=actor, items=items, event_id=uuid7())
    return flags


@command
def answer_flag(*, actor: Actor, flag_id: UUID, answer: str) -> StampFlag:
    """What its subject says to a flag."""
    flag = quality_queries.get_flag(actor, flag_id, lock=True)
    if flag.reviewer_id != actor.id:
        raise Forbidden("This flag is about somebody else.", code="not_yours")
    if flag.closed_at is not None:
        raise Conflict("This flag is closed.", code="flag_closed")
    _require_words("answer", answer)
    flag.answer, flag.answered_at = answer, datetime.now(UTC)
    flag.save(update_fields=["answer", "answered_at"])
    record("stamp_flag.answered", flag, actor=actor, personal={"answer": answer})
    return flag


@command
def close_flag(*, actor: Actor, flag_id: UUID, conclusion: str) -> StampFlag:
    """What a manager concludes from a flag and its answer; never its own subject."""
    flag = quality_queries.get_flag(actor, flag_id, lock=True)
    require(permissions.can_define_reviews(actor))
    if flag.reviewer_id == actor.id:
        raise Forbidden("Somebody else closes a flag about you.", code="own_work")
    if flag.closed_at is not None:
        raise Conflict("This flag is closed.", code="flag_closed")
    _require_words("conclusion", conclusion)
    flag.conclusion, flag.closed_at, flag.closed_by = conclusion, datetime.now(UTC), actor.id
    flag.save(update_fields=["conclusion", "closed_at", "closed_by"])
    record("stamp_flag.closed", flag, actor=actor, personal={"conclusion": conclusion})
    return flag


def words_of(finding: Finding) -> list[str]:
    """A finding's evidence in sentences: what raised the flag first, then what stands beside it."""
    one, wrong, others = finding.one_answer, finding.kept_wrong, finding.others_kept_wrong
    words = []
    if "too_fast" in finding.flags and finding.times_faster:
        words.append(
            f"Half of the {one.total} judgments came about {finding.times_faster:.0f} times as fast as the others "
            f"judge cases of the same length, or faster. {one.count} of the {one.total} gave one and the same answer, "
            "or all repeated the model's."
        )
    if "keeps_wrong_advice" in finding.flags:
        words.append(
            f"On {wrong.total} known cases the advice shown was wrong, and it was kept {wrong.count} times; the others "
            f"kept it in {others.count} of {others.total}."
        )
    words += [
        f"Where the model was {percent(band.low)} to {percent(band.high)} sure, its advice was overridden in "
        f"{band.mine.count} of {band.mine.total}; by the others in {band.others.count} of {band.others.total}."
        for band in finding.bands
        if band.others.total
    ]
    if finding.effect is not None:
        effect = finding.effect
        words.append(
            "With the model's answer in view, agreement with it differs by "
            f"{points(effect.value)} percentage points from the cases judged without it "
            f"(95 % interval {points(effect.low)} to {points(effect.high)})."
        )
    return words


def _require_words(name: str, words: str) -> None:
    if not words.strip() or len(words) > MAX_WORDS:
        raise Invalid("Say something.", fields={name: [f"At most {MAX_WORDS} characters."]})

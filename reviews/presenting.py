"""What the portal says of queues and seats: names, sentences and counts ready for templates, decided elsewhere."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from reviews import queries
from reviews.models import Judgment, Purpose, Queue, Seat
from reviews.queries import FinishedSeat, QueueSummary
from reviews.staffing_queries import EmptyReasons, ReviewerFacts

# what each count of EmptyReasons means to the person who finds the queue empty
EMPTY_WORDS = {
    "leased_by_others": "with other reviewers now; they come back if a lease ends",
    "held_by_others": "on hold with other reviewers",
    "already_judged": "on cases that you have already judged",
    "own_cases": "of your own, which nobody judges",
    "conflicts": "that you have a conflict of interest with",
    "skipped": "that you skipped{when}",
    "reserved_for_others": "handed to somebody else by name",
    "of_your_team": "on panels where somebody of your team or group sits already",
    "outside_skills": "asking for skills that you do not have: {missing}",
    "over_cap": "that would be yours without your daily cap",
    "for_adjudicators": "in dispute, waiting for an adjudicator",
    "for_reviewers": "waiting for a reviewer, not for an adjudicator",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """A count and what it means."""

    count: int
    text: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """One waiting seat and why it stands where it stands."""

    title: str
    kind: str
    reason: str
    due_at: datetime | None
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class InHand:
    """One seat in the person's hands."""

    id: UUID
    title: str
    queue_name: str
    kind: str
    state: str
    lease_ends_at: datetime | None
    held_at: datetime | None
    is_over: bool


@dataclass(frozen=True, slots=True)
class Done:
    """One judgment of today."""

    id: UUID
    title: str
    queue_name: str
    label: str
    at: datetime
    undo_until: datetime | None


def title_of(row: Seat | Judgment) -> str:
    """The case of a seat or a judgment by its short reference."""
    return f"Case {queries.shown_reference(row)}"


def in_hand(seats: list[Seat]) -> list[InHand]:
    """The person's seats: those with a running lease first, then those on hold."""
    shown = [
        InHand(
            seat.pk, title_of(seat), seat.queue.name, seat.kind, seat.state, seat.lease_ends_at, seat.held_at,
            is_over=seat.lease_ends_at is not None and seat.lease_ends_at <= timezone.now(),
        )
        for seat in seats
    ]  # fmt: skip
    return sorted(shown, key=lambda seat: seat.state == "held")


def done(finished: FinishedSeat) -> Done:
    """A judgment of today, by its case's reference and its label's name."""
    return Done(
        finished.seat_id, f"Case {finished.reference}", finished.queue_name, finished.label_name, finished.judged_at,
        finished.undo_until,
    )  # fmt: skip


def waiting(seats: list[Seat], *, me: UUID) -> list[Waiting]:
    """The waiting seats in the order in which they are handed out, each with what put it there."""
    return [Waiting(title_of(seat), seat.kind, _place(seat, me), seat.due_at, seat.opened_at) for seat in seats]


def _place(seat: Seat, me: UUID) -> str:
    # a known case is reserved for its reader too, and must not tell
    if seat.purpose == Purpose.LIVE and seat.reserved_for == me:
        return "Handed to you"
    if seat.kind == "adjudicator":
        return "Disputes first"
    if seat.priority_cause:
        return seat.priority_cause
    if seat.priority:
        return f"Priority {seat.priority}"
    return "Due date" if seat.due_at else "Longest wait"


def empty_words(reasons: EmptyReasons) -> list[Reason]:
    """The counts that are not zero, in words."""
    told = [Reason(getattr(reasons, name), words) for name, words in EMPTY_WORDS.items() if getattr(reasons, name)]
    return [Reason(each.count, _completed(each.text, reasons)) for each in told]


def _completed(text: str, reasons: EmptyReasons) -> str:
    missing, until = ", ".join(reasons.missing_skills), reasons.skipped_until
    when = f"; the first comes again at {_clock(until)}" if until else ""
    return text.format(missing=missing, when=when)


def stopped_words(facts: EmptyReasons | ReviewerFacts) -> str:
    """Why nothing new goes to the person in this queue at all, or nothing."""
    if facts.absent_until:
        return f"You are absent until {_clock(facts.absent_until)}."
    return f"You are paused here: {facts.paused}" if facts.paused else facts.capped


def _clock(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{local:%H:%M} on {local.day} {local:%B}"


def totals(queues: list[QueueSummary]) -> dict[str, Any]:
    """What waits for the person over all queues."""
    ages = [queue.oldest for queue in queues if queue.open and queue.oldest]
    return {"waiting": sum(queue.open for queue in queues), "oldest": min(ages, default=None)}


def with_work(queues: list[QueueSummary], *, but: str) -> list[QueueSummary]:
    """The other queues in which something waits for the person."""
    return [queue for queue in queues if queue.open and queue.queue.key != but]


def due_first(others: list[QueueSummary]) -> Queue | None:
    """The queue among these whose next case is due first."""
    far = timezone.now() + timedelta(days=36_500)
    return min(others, key=lambda queue: queue.next_due or far).queue if others else None


def start_of_day() -> datetime:
    """Midnight of today, where the person is."""
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)

"""Scenes about people: rubber stamps, a contest, practice, a pause, an absence, a cry for help, a case handed over."""

import time
from datetime import timedelta

from django.utils import timezone

from audits.demo.delivery import short_key, submit_one
from audits.demo.scenes.playing import HASTY_LOOK, LOOK, Play
from cases.models import Case
from hitl_platform.ledger.commands import open_command
from reviews import quality_queries, queries
from reviews.models import (
    Absence,
    CaseComment,
    Escalation,
    GoldContest,
    GoldResult,
    PracticeAnswer,
    ReviewerPause,
    Seat,
    StampFlag,
)
from reviews.services import declare_absence, hand_over_seat, hold_seat
from reviews.services.comments import add_comment
from reviews.services.contests import contest_gold
from reviews.services.escalations import ask_for_help
from reviews.services.flags import look_for_rubber_stamps
from reviews.services.practice import answer_practice, practice_cases

HONEST = ("simulated1", "simulated2", "simulated3")
HASTY = "simulated-hasty"
# as many as the look for rubber stamps asks of each, and one more
ROUNDS = 21
PRACTISED = 6
AWAY = timedelta(days=14)
LATE_BY = timedelta(hours=2)
HELP = "Simulated: the savings and the property do not fit together. May I see the paper file?"
COMMENT = "Simulated: @nora you know this branch better than I do. Is the instalment bearable?"
REASON = "Simulated: on what stood in the file then, the answer that I gave was the right one."


def steady_and_hasty(play: Play) -> None:
    """Round after round in Loans: three people look at their cases, and one approves each almost unseen.

    The time passes for real; the look for rubber stamps afterwards measures it and is told nothing.
    """
    while play.judged(HASTY, queue="loans") < ROUNDS:
        before = [play.judged(local, queue="loans") for local in (*HONEST, HASTY)]
        _round(play)
        if [play.judged(local, queue="loans") for local in (*HONEST, HASTY)] == before:
            return  # nothing is left for anybody


def _round(play: Play) -> None:
    taken = {local: play.take(local, queue="loans") for local in HONEST}
    began = time.monotonic()
    hasty = play.take(HASTY, queue="loans")
    if hasty is not None:
        looked = play.look(HASTY, median=HASTY_LOOK)
        play.judge(HASTY, hasty, label="approve", looked=looked, tells_why=False)
    looks = sorted((play.time_for(local, median=LOOK), local) for local in HONEST)
    for seconds, local in looks:
        seat = taken[local]
        if seat is None:
            continue
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        play.judge(local, seat, label=_label(play, local, seat), looked=time.monotonic() - began)


def _label(play: Play, local: str, seat: Seat) -> str:
    """An honest opinion; but the first of them misses the first known case, so that there is something to contest."""
    if local == HONEST[0] and not play.judged(local, queue="loans"):
        return play.other_than(play.truth_of(seat))
    return play.opinion(local, seat)


def flag(play: Play) -> None:
    """The manager has the queue looked at, as the pipeline does each month."""
    until = timezone.now()
    look_for_rubber_stamps(actor=play.manager, queue_key="loans", since=until - timedelta(days=1), until=until)


def contest(play: Play) -> None:
    """A known case that was missed is told some judgments later, and contested."""
    actor = play.actor(HONEST[0])

    def told() -> list[GoldResult]:
        return [each for each in quality_queries.told_results(actor) if not each.is_right and each.counts]

    play.wait_for(lambda: bool(told()), what="a known case that was missed and is told")
    with play.reading():
        missed = told()[-1]
    contest_gold(actor=actor, result_id=missed.pk, reason=REASON)


def practise(play: Play) -> None:
    """Past loans whose end is known; nothing of it counts."""
    actor = play.actor(HONEST[0])
    with play.reading():
        queue = queries.get_queue(actor, "loans")
        chosen = list(practice_cases(actor, queue=queue).order_by("pk").values_list("pk", "external_id")[:PRACTISED])
    for number, (case_id, external_id) in enumerate(chosen):
        truth = play.examples[external_id].truth
        answer_practice(
            actor=actor, queue_key="loans", case_id=case_id, label=truth if number % 3 else play.other_than(truth)
        )


def fail_known_samples(play: Play) -> None:
    """The first four samples are known, and none is answered right: the queue's rule pauses the reviewer."""
    while play.judged("simulated-paused", queue="cytology") < 4:
        seat = play.take("simulated-paused", queue="cytology")
        if seat is None:
            return
        play.judge("simulated-paused", seat, label=play.other_than(play.truth_of(seat)))


def hand_over(play: Play) -> None:
    """A large loan goes to a named colleague, with a comment that names her."""
    actor = play.actor("simulated3")
    seat = play.take("simulated3", queue="large-loans")
    if seat is None:
        return
    colleague = play.actor("reviewer").id
    with open_command("hand over", tenant_id=actor.tenant_id):
        add_comment(actor=actor, seat_id=seat.pk, text=COMMENT)
        hand_over_seat(actor=actor, seat_id=seat.pk, to_user_id=colleague, hours=72, note="Simulated: please look.")


def ask(play: Play) -> None:
    """Somebody asks for help and keeps the case on hold meanwhile: its clock stands still."""
    actor = play.actor("simulated5")
    seat = play.take("simulated5", queue="car-loans")
    if seat is None:
        return
    with open_command("ask for help", tenant_id=actor.tenant_id):
        ask_for_help(actor=actor, seat_id=seat.pk, why=HELP)
        hold_seat(actor=actor, seat_id=seat.pk)


def arrive_late(play: Play) -> None:
    """A large loan comes in when its promised time is over: the clock says so, and the rule for it fires."""
    example = next(each for each in play.organisation.known if each.payload["amount"] >= 10_000)
    submission = {
        "case_type": play.organisation.case_type,
        "external_id": example.external_id,
        "payload": example.payload,
        "attributes": example.attributes,
        "importance": 5,
        "due_at": (timezone.now() - LATE_BY).isoformat(timespec="seconds"),
    }
    with short_key(play.staff) as key:
        submit_one(submission, files={}, address=play.address, key=key)


def go_away(play: Play) -> None:
    """Somebody leaves with a case in hand; it goes back to the queue."""
    play.take("simulated-absent", queue="small-loans")
    now = timezone.now()
    declare_absence(
        actor=play.manager, user_id=play.actor("simulated-absent").id, starts_at=now, ends_at=now + AWAY,
        note="Simulated: parental leave.",
    )  # fmt: skip


def is_flagged(play: Play) -> bool:
    """Whether rubber stamps were looked for and found."""
    with play.reading():
        return StampFlag.objects.exists()


def is_contested(play: Play) -> bool:
    """Whether a known case was contested."""
    with play.reading():
        return GoldContest.objects.exists()


def has_practised(play: Play) -> bool:
    """Whether somebody practised."""
    with play.reading():
        return PracticeAnswer.objects.exists()


def is_handed_over(play: Play) -> bool:
    """Whether somebody was named in a comment."""
    with play.reading():
        return CaseComment.objects.exists()


def is_asked(play: Play) -> bool:
    """Whether somebody asked for help."""
    with play.reading():
        return Escalation.objects.filter(trigger="reviewer_asks").exists()


def has_arrived_late(play: Play) -> bool:
    """Whether the late case is there."""
    known = [each.external_id for each in play.organisation.known if each.payload["amount"] >= 10_000]
    with play.reading():
        return Case.objects.filter(external_id__in=known).exists()


def is_away(play: Play) -> bool:
    """Whether an absence is declared."""
    with play.reading():
        return Absence.objects.exists()


def is_paused(play: Play) -> bool:
    """Whether a reviewer was paused by a rule; inside `reading`."""
    return ReviewerPause.objects.filter(paused_by__isnull=True).exists()


def is_escalated(play: Play) -> bool:
    """Whether the overdue case has climbed its first rung; inside `reading`."""
    return Escalation.objects.filter(trigger="sla_breached", rung__gte=1).exists()

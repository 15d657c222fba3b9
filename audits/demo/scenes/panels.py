"""Scenes that leave panels of every kind behind: settled, waiting for more people, in dispute."""

from collections.abc import Callable

from audits.demo.scenes.playing import Play
from reviews.models import Judgment, Panel, Seat, SeatKind
from reviews.states import PanelState

# four of them are known
READ = 10


def play_judgments(play: Play, *, local: str, queue: str, count: int) -> None:
    """Let somebody judge so many cases of a queue in all, or as many as it has."""
    while play.judged(local, queue=queue) < count:
        seat = play.take(local, queue=queue)
        if seat is None:
            return
        play.judge(local, seat, label=play.opinion(local, seat))


def first_answers(play: Play) -> None:
    """Small loans: whoever is first decides; the other seat is asked no longer."""
    play_judgments(play, local="simulated4", queue="small-loans", count=3)


def first_readers(play: Play) -> None:
    """New cars: one is asked of each."""
    play_judgments(play, local="simulated1", queue="car-loans", count=4)


def second_readers(play: Play) -> None:
    """… then one more, where that was not sure enough."""
    play_judgments(play, local="simulated2", queue="car-loans", count=3)


def until_sure(play: Play) -> None:
    """… until it is. Where two were sure enough, nobody else is asked; some panels wait for their next reader."""
    for local in ("simulated3", "simulated4"):
        play.wait_for(lambda: play.has_settled("car-loans") or _asks_more("car-loans"), what="a panel that grows")
        if is_sure(play):
            return
        done = play.judged(local, queue="car-loans")
        play_judgments(play, local=local, queue="car-loans", count=done + 2)


def makers(play: Play) -> None:
    """Business loans: the first stage of three of them."""
    play_judgments(play, local="simulated1", queue="business-loans", count=3)


def checker(play: Play) -> None:
    """The second stage of one, which agrees; the others wait for a checker."""
    if play.judged("simulated2", queue="business-loans"):
        return
    play.wait_for(lambda: _open_stage("business-loans", 1), what="the second stage of a chain")
    seat = play.take("simulated2", queue="business-loans")
    while seat is not None and not play.said_on(seat.panel_id):
        # the queue has new panels before this one: their first stage is a maker's like any other
        play.judge("simulated2", seat, label=play.opinion("simulated2", seat))
        seat = play.take("simulated2", queue="business-loans")
    if seat is not None:
        play.judge("simulated2", seat, label=play.said_on(seat.panel_id)[-1])


def disputes(play: Play) -> None:
    """Large loans: two people differ on two cases and agree on one; an adjudicator has settled one of the two."""
    for number in range(3):
        if play.judged("simulated4", queue="large-loans") <= number:
            first = play.take("simulated4", queue="large-loans")
            if first is None:
                return
            play.judge("simulated4", first, label=play.opinion("simulated4", first))
    for number in range(3):
        if play.judged("simulated5", queue="large-loans") <= number:
            second = play.take("simulated5", queue="large-loans")
            if second is None:
                return
            said = play.said_on(second.panel_id)
            agreed = said[-1] if said else play.truth_of(second)
            differs = said and number < 2
            play.judge("simulated5", second, label=play.other_than(agreed) if differs else agreed)


def adjudicate_one(play: Play) -> None:
    """One dispute of two is settled; the other waits for an adjudicator."""
    play.wait_for(lambda: _disputed("large-loans") >= 2, what="two disputes")
    seat = play.take("simulated-adjudicator", queue="large-loans")
    if seat is not None:
        play.judge("simulated-adjudicator", seat, label=play.truth_of(seat))


def confirmations(play: Play) -> None:
    """Second reading: who agrees with the model ends the panel; one disagrees, and one more person is asked."""
    while (done := play.judged("simulated1", queue="second-reading")) < 4:
        seat = play.take("simulated1", queue="second-reading")
        if seat is None:
            return
        said = play.model_says(seat)
        play.judge("simulated1", seat, label=play.other_than(said) if done == 3 else said)


def two_readers(play: Play) -> None:
    """Cytology: both of two, after the known ones with which each of them begins."""
    for local in ("simulated2", "simulated3"):
        play_judgments(play, local=local, queue="cytology", count=READ)


def have_judged(local: str, *, queue: str, count: int) -> Callable[[Play], bool]:
    """Whether somebody has judged so often in a queue."""
    return lambda play: play.judged(local, queue=queue) >= count


def have_disputed(play: Play) -> bool:
    """Whether both have said their word on large loans."""
    return play.judged("simulated5", queue="large-loans") >= 3


def is_sure(play: Play) -> bool:
    """Whether a panel that grows has come to its end."""
    with play.reading():
        return play.has_settled("car-loans")


def have_adjudicated(play: Play) -> bool:
    """Whether an adjudicator has settled a dispute."""
    with play.reading():
        return Judgment.objects.filter(kind=SeatKind.ADJUDICATOR, seat__queue__key="large-loans").exists()


def _open_stage(queue: str, stage: int) -> bool:
    return Seat.objects.filter(queue__key=queue, stage=stage, state="open").exists()


def _asks_more(queue: str) -> bool:
    judged = Judgment.objects.filter(panel__queue__key=queue, superseded_at__isnull=True).values("panel_id")
    return Seat.objects.filter(queue__key=queue, state="open", panel_id__in=judged).exists()


def _disputed(queue: str) -> int:
    return Panel.objects.filter(queue__key=queue, state=PanelState.DISPUTED).count()

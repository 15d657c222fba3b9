"""What a panel does after a judgment: it settles, is disputed, asks for one more seat, or waits.

One function of what was said and of who could still say something, so that every combination of settings can be
tried without a database. It never waits for a seat that nobody can take.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from reviews.panels.rules import Mode, PanelRules, Stop, Veto

# two labels as probable as this are tied: sums taken in another order differ by less
TIE = 1e-9
# Before so many judgments a posterior tells more of what is assumed of newcomers than of these people: the first
# vote of all would make itself certain. Until then nobody is sure enough to stop early.
LEAST_HISTORY = 30


@dataclass(frozen=True, slots=True)
class Vote:
    """What one reviewer said, on which stage of a chain."""

    label: str
    stage: int = 0


@dataclass(frozen=True, slots=True)
class Advised:
    """What the model said when the panel opened: its most probable label."""

    label: str


@dataclass(frozen=True, slots=True)
class Confidences:
    """The probability of each label: `chosen` by the method in force, `weighted` given the reviewers' known errors,
    as `history` judgments show them."""

    chosen: Mapping[str, float] = field(default_factory=dict)
    weighted: Mapping[str, float] = field(default_factory=dict)
    history: int = LEAST_HISTORY


@dataclass(frozen=True, slots=True)
class Room:
    """Who may still speak: seats without a judgment that are in somebody's hands or that somebody could take,
    seats that nobody can take, and whether one seat more would find somebody."""

    waiting: int = 0
    unfillable: int = 0
    could_sit: bool = True


@dataclass(frozen=True, slots=True)
class Settle:
    """The panel is of one mind: `label`, `because` of what. `short_of_people`: fewer judged than it asked for."""

    label: str
    because: str
    short_of_people: bool = False


@dataclass(frozen=True, slots=True)
class Dispute:
    """An adjudicator is asked."""

    because: str
    short_of_people: bool = False


@dataclass(frozen=True, slots=True)
class AddSeat:
    """One more reviewer is asked."""

    because: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody may still speak."""


Move = Settle | Dispute | AddSeat | Wait


def next_move(
    rules: PanelRules,
    votes: Sequence[Vote],
    *,
    advice: Advised | None,
    confidences: Confidences,
    room: Room,
) -> Move:
    """What the panel does next. `votes` in the order of time; without one it waits to be taken up."""
    if not votes or (room.waiting and rules.mode != Mode.FIRST_RESPONSE):
        return Wait()
    if rules.mode == Mode.FIRST_RESPONSE:
        return _first_response(rules, votes, confidences=confidences, room=room)
    if rules.confirms_model and advice is not None:
        return _confirmed(rules, votes, advice=advice, room=room)
    if rules.mode == Mode.CHAIN:
        return _chained(rules, votes, confidences=confidences, room=room)
    return _by_votes(rules, votes, confidences=confidences, room=room)


def _by_votes(rules: PanelRules, votes: Sequence[Vote], *, confidences: Confidences, room: Room) -> Move:
    if _too_few(rules, votes):
        return Dispute("too_few_people", short_of_people=True)
    if rules.stop == Stop.CONFIDENT:
        return _by_confidence(rules, votes, confidences=confidences, room=room)
    return replace(_decided(rules, votes, confidences), short_of_people=len(votes) < rules.seats)


def _too_few(rules: PanelRules, votes: Sequence[Vote]) -> bool:
    """Whether fewer people judged than may settle in place of all who were asked: all, where all must agree."""
    asked = rules.seats
    return len(votes) < asked if rules.mode == Mode.UNANIMOUS else 2 * len(votes) <= asked and asked > 1


def _first_response(rules: PanelRules, votes: Sequence[Vote], *, confidences: Confidences, room: Room) -> Move:
    if rules.stop == Stop.FIXED:
        return Settle(votes[0].label, "first_response")
    # whoever first brings a label to the confidence has decided; nobody else is waited for then
    label = _most_probable(confidences.weighted, votes)
    if label is not None and _is_sure(rules, label, confidences):
        return Settle(label, "confident")
    if room.waiting:
        return Wait()
    if len(votes) < rules.seats_max and room.could_sit:
        return AddSeat("not_confident")
    return Dispute("not_confident", short_of_people=len(votes) < rules.seats_max)


def _confirmed(rules: PanelRules, votes: Sequence[Vote], *, advice: Advised, room: Room) -> Move:
    """Two voices that agree end it, and the model's is one."""
    voices = [advice.label, *(vote.label for vote in votes)]
    agreed = [label for label in dict.fromkeys(voices) if voices.count(label) >= 2]
    if agreed:
        most = max(agreed, key=voices.count)
        if [voices.count(label) for label in agreed].count(voices.count(most)) > 1:
            return Dispute("tie")
        return Settle(most, "confirmed" if most == advice.label else "overruled")
    if len(votes) < rules.seats_max and room.could_sit:
        return AddSeat("disagrees_with_model")
    return Dispute("not_confirmed", short_of_people=len(votes) < rules.seats_max)


def _chained(rules: PanelRules, votes: Sequence[Vote], *, confidences: Confidences, room: Room) -> Move:
    said = {vote.stage: vote.label for vote in votes}
    stage = max(said)
    before = said.get(stage - 1)
    veto = rules.stages[stage].veto
    if before is not None and said[stage] != before and veto == Veto.DISPUTE:
        return Dispute("vetoed")
    if before is not None and said[stage] != before and veto == Veto.SETTLE:
        return Settle(said[stage], "vetoed")
    if stage + 1 == len(rules.stages):
        return Settle(said[stage], "last_stage")
    # who may object is always asked, however sure those before them are
    may_stop = rules.stop == Stop.CONFIDENT and not any(later.veto for later in rules.stages[stage + 1 :])
    if may_stop and _is_sure(rules, said[stage], confidences):
        return Settle(said[stage], "confident")
    if room.unfillable or not room.could_sit:
        return Dispute("too_few_people", short_of_people=True)
    return AddSeat("next_stage")


def _by_confidence(rules: PanelRules, votes: Sequence[Vote], *, confidences: Confidences, room: Room) -> Move:
    label = _leading(rules, votes, confidences)
    if label is not None and _is_sure(rules, label, confidences):
        return Settle(label, "confident", short_of_people=len(votes) < rules.seats)
    if rules.mode == Mode.UNANIMOUS and len({vote.label for vote in votes}) > 1:
        return Dispute("not_unanimous")
    is_short = len(votes) < rules.seats_max
    if is_short and room.could_sit and not room.unfillable:
        return AddSeat("not_confident")
    return replace(_decided(rules, votes, confidences), short_of_people=is_short)


def _decided(rules: PanelRules, votes: Sequence[Vote], confidences: Confidences) -> Settle | Dispute:
    """What the mode says once nobody else is asked."""
    labels = [vote.label for vote in votes]
    if rules.mode == Mode.UNANIMOUS:
        return Settle(labels[0], "unanimous") if len(set(labels)) == 1 else Dispute("not_unanimous")
    if len(labels) == 1:
        # a single vote is the panel's word: what is known of its author's errors only qualifies it
        return Settle(labels[0], "one_seat")
    shares = confidences.weighted if rules.mode == Mode.WEIGHTED else confidences.chosen
    if rules.mode == Mode.MAJORITY and _most_voted(labels) is None:
        return Dispute("tie")
    label = _most_probable(shares, votes)
    if label is None:
        return Dispute("tie" if _tied(shares) else "nobody_chose_it")
    if shares[label] < rules.dispute_below:
        return Dispute("low_confidence")
    return Settle(label, str(rules.mode))


def _leading(rules: PanelRules, votes: Sequence[Vote], confidences: Confidences) -> str | None:
    """The label that the mode would settle on if it ended here, if there is one."""
    decided = _decided(replace(rules, dispute_below=0.0), votes, confidences)
    return decided.label if isinstance(decided, Settle) else None


def _is_sure(rules: PanelRules, label: str, confidences: Confidences) -> bool:
    # shares of votes are no probabilities: one vote alone would be certain
    least = rules.confidence_at_least if rules.confidence_at_least is not None else 1.0
    return confidences.history >= LEAST_HISTORY and confidences.weighted.get(label, 0.0) >= least - TIE


def _most_voted(labels: Sequence[str]) -> str | None:
    counts = {label: labels.count(label) for label in labels}
    most = max(counts.values())
    leaders = [label for label, count in counts.items() if count == most]
    return leaders[0] if len(leaders) == 1 else None


def _most_probable(shares: Mapping[str, float], votes: Sequence[Vote]) -> str | None:
    """The one label of the largest share, if somebody said it."""
    if not shares or _tied(shares):
        return None
    label = max(shares, key=lambda key: shares[key])
    return label if any(vote.label == label for vote in votes) else None


def _tied(shares: Mapping[str, float]) -> bool:
    largest = max(shares.values(), default=0.0)
    return sum(share >= largest - TIE for share in shares.values()) > 1

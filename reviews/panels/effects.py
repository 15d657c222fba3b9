"""What a panel's settings cost and give: readers a case, disputes, and how often the answer is right.

Every course that votes on two labels can take is followed to its end by `next_move` itself and weighted by its
probability: exact for readers who err independently and alike, at most 2^9 courses.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hitl_platform.kernel.numerals import percent
from reviews.panels.moves import AddSeat, Advised, Confidences, Dispute, Room, Settle, Vote, next_move
from reviews.panels.rules import Mode, PanelRules

RIGHT, WRONG = "right", "wrong"


@dataclass(frozen=True, slots=True)
class Effect:
    """Per case: readers (mean number of reviewers, without adjudicators); disputed: share that an adjudicator
    gets; right: share of the others that end with the right label (1 where there are none)."""

    readers: float
    disputed: float
    right: float


@dataclass(slots=True)
class _Sums:
    readers: float = 0.0
    disputed: float = 0.0
    right: float = 0.0


def effect_of(rules: PanelRules, *, model_right: float | None = 0.9, reader_right: float = 0.95) -> Effect:
    """The effect of `rules` where the model is right with one probability (None: it has no answer) and each reader
    with another, both between 0 and 1 and independent. Raises ValueError for a probability out of range."""
    for share in (model_right, reader_right):
        if share is not None and not 0 < share < 1:
            raise ValueError(f"a probability between 0 and 1, not {share}")
    sums = _Sums()
    confirms = rules.confirms_model and model_right is not None
    opening = 1 if confirms or rules.mode == Mode.CHAIN else rules.seats
    for said, probability in ((RIGHT, model_right or 1.0), (WRONG, 1.0 - (model_right or 1.0))):
        if probability:
            advice = Advised(said) if model_right is not None else None
            _follow(rules, [], opening, probability, advice=advice, reader_right=reader_right, sums=sums)
    settled = 1.0 - sums.disputed
    return Effect(sums.readers, sums.disputed, sums.right / settled if settled > 0 else 1.0)


def _follow(
    rules: PanelRules,
    votes: Sequence[Vote],
    waiting: int,
    probability: float,
    *,
    advice: Advised | None,
    reader_right: float,
    sums: _Sums,
) -> None:
    """Add what becomes of a panel with these votes and `waiting` seats, all of which find their people."""
    shares = _confidences(votes, reader_right=reader_right)
    move = next_move(rules, votes, advice=advice, confidences=shares, room=Room(waiting=waiting))
    if isinstance(move, Settle | Dispute):
        sums.readers += probability * len(votes)
        sums.disputed += probability * isinstance(move, Dispute)
        sums.right += probability * (isinstance(move, Settle) and move.label == RIGHT)
        return
    left = waiting + isinstance(move, AddSeat) - 1
    stage = len(votes) if rules.mode == Mode.CHAIN else 0
    for label, share in ((RIGHT, reader_right), (WRONG, 1.0 - reader_right)):
        more = [*votes, Vote(label, stage)]
        _follow(rules, more, left, probability * share, advice=advice, reader_right=reader_right, sums=sums)


def _confidences(votes: Sequence[Vote], *, reader_right: float) -> Confidences:
    if not votes:
        return Confidences()
    odds = {RIGHT: 1.0, WRONG: 1.0}
    for vote in votes:
        for label in odds:
            odds[label] *= reader_right if vote.label == label else 1.0 - reader_right
    total = sum(odds.values())
    labels = [vote.label for vote in votes]
    chosen = {label: labels.count(label) / len(labels) for label in dict.fromkeys(labels)}
    return Confidences(chosen, {label: share / total for label, share in odds.items()})


def effect_in_words(rules: PanelRules, *, model_right: float = 0.9, reader_right: float = 0.95) -> str:
    """The effect in one sentence, for whoever chooses the settings."""
    effect = effect_of(rules, model_right=model_right if rules.confirms_model else None, reader_right=reader_right)
    given = f"a reader is right {percent(reader_right)} of the time"
    if rules.confirms_model:
        given = f"the model is right {percent(model_right)} of the time and {given}"
    readers = f"{effect.readers:.1f}".removesuffix(".0")
    noun = "reader" if readers == "1" else "readers"
    return (
        f"About {readers} {noun} a case where {given}; "
        f"{percent(effect.disputed, places=1)} go to an adjudicator, "
        f"{percent(effect.right, places=1)} of the others end right."
    )

"""The next move of a panel: every combination of settings comes to its end, and each mode to its own."""

import random
from collections.abc import Iterator
from itertools import product
from uuid import UUID

import pytest

from reviews.panels import (
    AddSeat,
    Advised,
    Confidences,
    Dispute,
    Mode,
    Move,
    PanelRules,
    Room,
    Seating,
    Settle,
    Stage,
    Stop,
    Veto,
    Vote,
    Wait,
    contradictions,
    next_move,
    opening_seats,
    seat_plan,
)

LABELS = ("approve", "decline", "refer")
ADVICE = ("hidden", "shown", "after_answer")
CHAIN = (Stage("maker"), Stage("checker", "audit:2", Veto.DISPUTE), Stage("chief"))
TEMPLATE, CASE = UUID(int=1), UUID(int=2)


def confidences(votes: list[Vote], reader_right: float = 0.9) -> Confidences:
    """Shares of votes, and the posterior of readers who err alike."""
    told = [vote.label for vote in votes]
    odds = dict.fromkeys(LABELS, 1.0)
    for said, label in product(told, LABELS):
        odds[label] *= reader_right if said == label else (1 - reader_right) / (len(LABELS) - 1)
    total = sum(odds.values())
    return Confidences(
        {label: told.count(label) / len(told) for label in LABELS if label in told},
        {label: each / total for label, each in odds.items()},
    )


def settings() -> Iterator[Seating]:
    """Every combination of mode, stop rule, confirmation, advice, control arm, share of cases and skills."""
    for mode, stop, confirms, advice, control, share, one_with in product(
        Mode, Stop, (False, True), ADVICE, (0.0, 0.3), (1.0, 0.4), ("", "audit:2")
    ):
        for seats, seats_max, veto in product((1, 2, 3), (1, 3, 5), Veto):
            is_chain = mode == Mode.CHAIN
            rules = PanelRules(
                seats=3 if is_chain else seats,
                seats_max=3 if is_chain else seats_max,
                mode=mode,
                stop=stop,
                confidence_at_least=0.95 if stop == Stop.CONFIDENT else None,
                confirms_model=confirms,
                stages=(CHAIN[0], Stage("checker", "audit:2", veto), CHAIN[2]) if is_chain else (),
                dispute_below=0.6 if veto else 0.0,
            )
            if contradictions(rules, advice=advice, control_share=control, panel_share=share):
                continue
            yield Seating(
                template_id=TEMPLATE, rules=rules, advice=advice, control_share=control, panel_share=share,
                queue_skills=("lang-de:1",), needs_one_with=one_with,
            )  # fmt: skip


def play(
    seating: Seating, *, team: int, chance: random.Random, has_prediction: bool, is_full: bool
) -> tuple[Move, int]:
    """One panel from its opening to its end: `team` people, of whom anybody takes any seat. The move, the votes."""
    case = UUID(int=chance.getrandbits(128))
    rules = seating.rules if is_full else seating.rules.alone()
    waiting = len(opening_seats(seating, case_id=case, is_full=is_full, has_prediction=has_prediction))
    opened, votes = waiting, list[Vote]()
    advice = Advised(chance.choice(LABELS)) if has_prediction else None
    while True:
        fillable = min(waiting, team - len(votes))
        room = Room(waiting=fillable, unfillable=waiting - fillable, could_sit=team - len(votes) > 0)
        shares = confidences(votes) if votes else Confidences()
        move = next_move(rules, votes, advice=advice, confidences=shares, room=room)
        if isinstance(move, Settle | Dispute) or (isinstance(move, Wait) and not fillable):
            return move, len(votes)
        if isinstance(move, AddSeat):
            plan = seat_plan(seating, opened, case_id=case, is_full=is_full, has_prediction=has_prediction)
            assert "lang-de:1" in plan.skills
            opened, waiting = opened + 1, waiting + 1
        votes.append(Vote(chance.choice(LABELS), len(votes) if rules.mode == Mode.CHAIN else 0))
        waiting -= 1


def test_every_combination_of_settings_ends() -> None:
    chance, tried = random.Random(20260701), 0
    for seating in settings():
        for has_prediction, is_full, team in product((True, False), (True, False), (1, 2, 9)):
            if not is_full and seating.panel_share == 1:
                continue
            move, votes = play(seating, team=team, chance=chance, has_prediction=has_prediction, is_full=is_full)
            told = f"{seating} with {team} people came to {move} after {votes} votes"
            assert isinstance(move, Settle | Dispute), told
            assert 1 <= votes <= min(team, seating.rules.seats_max), told
            tried += 1
    assert tried > 5_000


def test_what_contradicts_itself_names_the_field_to_change() -> None:
    def fields(advice: str = "after_answer", control: float = 0.0, share: float = 1.0, **rules: object) -> set[str]:
        made = PanelRules(**{"seats": 3, "seats_max": 3, **rules})  # type: ignore[arg-type]  # settings by name
        return set(contradictions(made, advice=advice, control_share=control, panel_share=share))

    assert fields() == set()
    assert fields(mode=Mode.CHAIN) == {"stages"}
    assert fields(mode=Mode.CHAIN, stages=CHAIN[:2]) == {"seats"}
    assert fields(mode=Mode.CHAIN, stages=(Stage("maker", veto=Veto.SETTLE), *CHAIN[1:])) == {"stages"}
    assert fields(mode=Mode.CHAIN, stages=(CHAIN[0], CHAIN[0], CHAIN[0])) == {"stages"}
    assert fields(stages=CHAIN) == {"stages"}
    assert fields(seats_max=2) == {"seats_max"}
    assert fields(stop=Stop.CONFIDENT, seats_max=5) == {"confidence_at_least"}
    assert fields(stop=Stop.CONFIDENT, confidence_at_least=0.9) == {"seats_max"}
    assert fields(confidence_at_least=0.9) == {"confidence_at_least"}
    assert fields(confirms_model=True) == set()
    assert fields(confirms_model=True, advice="shown") == {"advice"}
    assert fields(confirms_model=True, mode=Mode.FIRST_RESPONSE) == {"confirms_model"}
    assert fields(confirms_model=True, seats=1, seats_max=1) == {"seats_max"}
    assert fields(advice="hidden", control=0.2) == {"control_share"}
    assert fields(seats=1, seats_max=1, share=0.5) == {"panel_share"}


def moves(
    rules: PanelRules, *said: str, model: str | None = None, room: Room | None = None, right: float = 0.9
) -> Move:
    """The next move after these words, one a stage in a chain; everybody who was asked has spoken."""
    votes = [Vote(label, number if rules.mode == Mode.CHAIN else 0) for number, label in enumerate(said)]
    shares = confidences(votes, right) if votes else Confidences()
    advice = Advised(model) if model else None
    return next_move(rules, votes, advice=advice, confidences=shares, room=room or Room())


A, B, C = LABELS


class TestModes:
    def test_without_a_word_nothing_moves(self) -> None:
        assert moves(PanelRules()) == Wait()

    def test_the_first_response_waits_for_nobody(self) -> None:
        rules = PanelRules(seats=3, seats_max=3, mode=Mode.FIRST_RESPONSE)
        assert moves(rules, B, room=Room(waiting=2)) == Settle(B, "first_response")

    def test_a_majority_waits_for_everybody(self) -> None:
        rules = PanelRules(seats=3, seats_max=3)
        assert moves(rules, A, A, room=Room(waiting=1)) == Wait()
        assert moves(rules, A, B, A) == Settle(A, "majority")
        assert moves(rules, A, B, C) == Dispute("tie")

    def test_all_agree_or_an_adjudicator_is_asked(self) -> None:
        rules = PanelRules(seats=2, seats_max=2, mode=Mode.UNANIMOUS)
        assert moves(rules, A, A) == Settle(A, "unanimous")
        assert moves(rules, A, B) == Dispute("not_unanimous")

    def test_weights_may_outvote_heads(self) -> None:
        rules = PanelRules(seats=3, seats_max=3, mode=Mode.WEIGHTED)
        votes = [Vote(A), Vote(B), Vote(B)]
        known = Confidences({A: 1 / 3, B: 2 / 3}, {A: 0.9, B: 0.08, C: 0.02})
        assert next_move(rules, votes, advice=None, confidences=known, room=Room()) == Settle(A, "weighted")
        nobodys = Confidences({A: 1 / 3, B: 2 / 3}, {A: 0.1, B: 0.1, C: 0.8})
        assert next_move(rules, votes, advice=None, confidences=nobodys, room=Room()) == Dispute("nobody_chose_it")

    def test_too_little_confidence_is_disputed_where_the_policy_says_so(self) -> None:
        assert moves(PanelRules(seats=3, seats_max=3, dispute_below=0.7), A, A, B) == Dispute("low_confidence")


class TestChain:
    @pytest.mark.parametrize(
        ("veto", "expected"),
        [
            (Veto.NONE, AddSeat("next_stage")),
            (Veto.DISPUTE, Dispute("vetoed")),
            (Veto.SETTLE, Settle(B, "vetoed")),
        ],
    )
    def test_an_objection_does_what_its_stage_declares(self, veto: Veto, expected: Move) -> None:
        stages = (CHAIN[0], Stage("checker", veto=veto), CHAIN[2])
        rules = PanelRules(seats=3, seats_max=3, mode=Mode.CHAIN, stages=stages)
        assert moves(rules, A) == AddSeat("next_stage")
        assert moves(rules, A, B) == expected
        assert moves(rules, A, A) == AddSeat("next_stage")

    def test_the_last_stage_decides(self) -> None:
        rules = PanelRules(seats=3, seats_max=3, mode=Mode.CHAIN, stages=CHAIN)
        assert moves(rules, A, A, B) == Settle(B, "last_stage")

    def test_confidence_ends_it_early_but_never_before_somebody_who_may_object(self) -> None:
        rules = PanelRules(
            seats=3, seats_max=3, mode=Mode.CHAIN, stages=CHAIN, stop=Stop.CONFIDENT, confidence_at_least=0.85
        )
        assert moves(rules, A) == AddSeat("next_stage")
        assert moves(rules, A, A) == Settle(A, "confident")

    def test_a_stage_that_nobody_can_take_is_disputed(self) -> None:
        rules = PanelRules(seats=3, seats_max=3, mode=Mode.CHAIN, stages=CHAIN)
        assert moves(rules, A, room=Room(could_sit=False)) == Dispute("too_few_people", short_of_people=True)


class TestConfidence:
    rules = PanelRules(seats=1, seats_max=3, stop=Stop.CONFIDENT, confidence_at_least=0.95)

    def test_one_more_at_a_time_until_it_is_reached(self) -> None:
        assert moves(self.rules, A) == AddSeat("not_confident")
        assert moves(self.rules, A, A) == Settle(A, "confident")
        assert moves(self.rules, A, B) == AddSeat("not_confident")

    def test_nobody_is_sure_of_people_who_are_not_known(self) -> None:
        known = confidences([Vote(A), Vote(A)])
        unknown = Confidences(known.chosen, known.weighted, history=2)
        votes = [Vote(A), Vote(A)]
        assert next_move(self.rules, votes, advice=None, confidences=unknown, room=Room()) == AddSeat("not_confident")

    def test_then_the_mode_decides(self) -> None:
        assert moves(self.rules, A, B, B, right=0.6) == Settle(B, "majority")
        assert moves(self.rules, A, B, C) == Dispute("tie")

    def test_whoever_sees_two_words_differ_asks_nobody_else_where_all_must_agree(self) -> None:
        rules = PanelRules(
            seats=1, seats_max=3, stop=Stop.CONFIDENT, confidence_at_least=0.95, mode=Mode.UNANIMOUS
        )  # fmt: skip
        assert moves(rules, A, B) == Dispute("not_unanimous")

    def test_the_first_label_to_reach_it_decides_a_first_response(self) -> None:
        rules = PanelRules(
            seats=2, seats_max=3, stop=Stop.CONFIDENT, confidence_at_least=0.95, mode=Mode.FIRST_RESPONSE
        )  # fmt: skip
        assert moves(rules, A, room=Room(waiting=1)) == Wait()
        assert moves(rules, A, B) == AddSeat("not_confident")
        assert moves(rules, A, B, C) == Dispute("not_confident")


class TestConfirmation:
    rules = PanelRules(seats=3, seats_max=3, confirms_model=True)

    def test_agreement_with_the_model_ends_it(self) -> None:
        assert moves(self.rules, A, model=A) == Settle(A, "confirmed")

    def test_disagreement_asks_until_two_voices_agree(self) -> None:
        assert moves(self.rules, B, model=A) == AddSeat("disagrees_with_model")
        assert moves(self.rules, B, B, model=A) == Settle(B, "overruled")
        assert moves(self.rules, B, A, model=A) == Settle(A, "confirmed")
        assert moves(PanelRules(seats=2, seats_max=2, confirms_model=True), B, C, model=A) == Dispute("not_confirmed")

    def test_where_the_model_has_not_answered_the_mode_decides(self) -> None:
        assert moves(self.rules, A, B, B) == Settle(B, "majority")

    def test_nobody_left_to_ask(self) -> None:
        expected = Dispute("not_confirmed", short_of_people=True)
        assert moves(self.rules, B, model=A, room=Room(could_sit=False)) == expected


class TestTooFewPeople:
    gone = Room(unfillable=1, could_sit=False)

    def test_more_than_half_settle_in_place_of_all(self) -> None:
        rules = PanelRules(seats=3, seats_max=3)
        assert moves(rules, A, A, room=self.gone) == Settle(A, "majority", short_of_people=True)
        assert moves(rules, A, B, room=self.gone) == Dispute("tie", short_of_people=True)
        assert moves(rules, A, room=self.gone) == Dispute("too_few_people", short_of_people=True)

    def test_nothing_less_than_all_where_all_must_agree(self) -> None:
        rules = PanelRules(seats=3, seats_max=3, mode=Mode.UNANIMOUS)
        assert moves(rules, A, A, room=self.gone) == Dispute("too_few_people", short_of_people=True)

    def test_a_panel_that_cannot_grow_lets_its_mode_decide(self) -> None:
        rules = PanelRules(seats=1, seats_max=5, stop=Stop.CONFIDENT, confidence_at_least=0.95)
        assert moves(rules, A, room=Room(could_sit=False)) == Settle(A, "one_seat", short_of_people=True)

"""What settings cost and give, against a population of cases that some people find hard."""

import numpy as np
import pytest

from reviews.panels import (
    AddSeat,
    Advised,
    Confidences,
    Mode,
    PanelRules,
    Room,
    Settle,
    Stage,
    Stop,
    Vote,
    effect_in_words,
    effect_of,
    next_move,
)  # fmt: skip

TREE = PanelRules(seats=3, seats_max=3, confirms_model=True)
MAJORITY = PanelRules(seats=3, seats_max=3)


class TestExpected:
    def test_a_fixed_panel_costs_its_seats(self) -> None:
        effect = effect_of(MAJORITY, reader_right=0.9)
        assert effect.readers == pytest.approx(3)
        # two or three of three, in closed form
        assert effect.right == pytest.approx(3 * 0.9**2 * 0.1 + 0.9**3)
        assert effect.disputed == 0

    def test_a_confirmation_asks_a_second_reader_only_where_the_first_disagrees(self) -> None:
        effect = effect_of(TREE, model_right=0.9, reader_right=0.95)
        assert effect.readers == pytest.approx(1 + 0.9 * 0.05 + 0.1 * 0.95)

    def test_all_must_agree(self) -> None:
        effect = effect_of(PanelRules(seats=2, seats_max=2, mode=Mode.UNANIMOUS), reader_right=0.9)
        assert effect.disputed == pytest.approx(2 * 0.9 * 0.1)
        assert effect.right == pytest.approx(0.81 / 0.82)

    def test_one_more_at_a_time_is_cheaper_than_all_at_once(self) -> None:
        grows = PanelRules(seats=1, seats_max=5, stop=Stop.CONFIDENT, confidence_at_least=0.98)
        fixed = effect_of(PanelRules(seats=5, seats_max=5), reader_right=0.9)
        effect = effect_of(grows, reader_right=0.9)
        assert effect.readers < 3
        assert effect.right > fixed.right - 0.01

    def test_a_chain_ends_with_its_last_stage(self) -> None:
        rules = PanelRules(seats=2, seats_max=2, mode=Mode.CHAIN, stages=(Stage("a"), Stage("b")))
        assert effect_of(rules, reader_right=0.8).right == pytest.approx(0.8)

    def test_in_words(self) -> None:
        assert effect_in_words(TREE).startswith("About 1.1 readers a case where the model is right 90 % of the time")
        assert effect_in_words(PanelRules()).startswith("About 1 reader a case")

    def test_refuses_what_is_no_probability(self) -> None:
        with pytest.raises(ValueError, match="probability"):
            effect_of(MAJORITY, reader_right=1.0)


def test_confirming_costs_a_third_of_three_readers_and_is_right_more_often() -> None:
    """20,000 seeded cases of three labels: nine in ten easy (readers right 99 times in 100), one in ten hard (70);
    the model is right 90 times in 100 whatever people find hard, and errors fall on either other label alike."""
    chance, cases = np.random.default_rng(20260701), 20_000
    right = np.where(chance.random(cases) < 0.1, 0.70, 0.99)
    readers = np.where(chance.random((3, cases)) < right, 0, chance.integers(1, 3, (3, cases)))
    model = np.where(chance.random(cases) < 0.9, 0, chance.integers(1, 3, cases))
    asked, settled_right, disputed = 0, 0, 0
    for case in range(cases):
        votes: list[Vote] = []
        while True:
            votes.append(Vote(str(readers[len(votes), case])))
            move = next_move(
                TREE, votes, advice=Advised(str(model[case])), confidences=Confidences(), room=Room()
            )  # fmt: skip
            if not isinstance(move, AddSeat):
                break
        asked += len(votes)
        settled_right += isinstance(move, Settle) and move.label == "0"
        disputed += not isinstance(move, Settle)
    of_three = float(np.mean((readers == 0).sum(axis=0) >= 2))
    print(f"readers a case {asked / cases:.3f}; right {settled_right / cases:.4f}, majority of three {of_three:.4f}; "
          f"disputed {disputed / cases:.4f}")  # fmt: skip
    assert asked / cases < 1.15
    assert settled_right / cases >= of_three
    assert disputed / cases < 0.005

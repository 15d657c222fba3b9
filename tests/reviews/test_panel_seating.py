"""The seats of a panel: who is asked, what they see, and the draws that nobody can repeat until they win."""

from uuid import UUID, uuid4

from reviews.panels import Mode, PanelRules, Seating, Stage, Veto, draw, draw_form, opening_seats, seat_plan

TEMPLATE = UUID(int=7)


def seating(**settings: object) -> Seating:
    made = {"template_id": TEMPLATE, "rules": PanelRules(seats=3, seats_max=3), "advice": "after_answer"}
    return Seating(**{**made, **settings})  # type: ignore[arg-type]  # settings by name


def opening(
    each: Seating, *, has_prediction: bool = True, is_full: bool = True, case: UUID | None = None
) -> list[object]:
    return list(opening_seats(each, case_id=case or uuid4(), is_full=is_full, has_prediction=has_prediction))


class TestDraws:
    def test_the_same_case_draws_the_same(self) -> None:
        case = uuid4()
        assert draw("a", case, TEMPLATE) == draw("a", case, TEMPLATE) != draw("b", case, TEMPLATE)
        assert draw("a", case, TEMPLATE) != draw("a", TEMPLATE, case)

    def test_as_many_get_the_full_panel_as_declared_and_each_knows_how_probable_that_was(self) -> None:
        drawn = [draw_form(seating(panel_share=0.3), UUID(int=number)) for number in range(20_000)]
        share = sum(is_full for is_full, _ in drawn) / len(drawn)
        assert abs(share - 0.3) < 0.01
        assert set(drawn) == {(True, 0.3), (False, 0.7)}
        # cases in the sample stand for all of them again
        assert abs(sum(1 / probability for is_full, probability in drawn if is_full) / len(drawn) - 1) < 0.04

    def test_the_whole_population_is_no_draw(self) -> None:
        assert draw_form(seating(), uuid4()) == (True, 1.0)


class TestAdvice:
    def test_a_share_of_the_seats_never_sees_it(self) -> None:
        plans = [opening(seating(control_share=0.2), case=UUID(int=n)) for n in range(5_000)]
        seats = [plan for each in plans for plan in each]
        control = [plan for plan in seats if plan.control]  # type: ignore[attr-defined]  # plans of seats
        assert abs(len(control) / len(seats) - 0.2) < 0.01
        assert {plan.advice for plan in control} == {"hidden"}  # type: ignore[attr-defined]  # plans of seats
        # seats of one panel are drawn apart from each other
        assert {sum(plan.control for plan in each) for each in plans} == {0, 1, 2, 3}  # type: ignore[attr-defined]  # plans of seats

    def test_without_a_prediction_there_is_none(self) -> None:
        (first, *_) = opening_seats(
            seating(advice="shown", control_share=0.9), case_id=uuid4(), is_full=True, has_prediction=False
        )
        assert (first.advice, first.control) == ("hidden", False)

    def test_whoever_confirms_the_model_answers_blind_and_whoever_follows_does_not(self) -> None:
        each = seating(rules=PanelRules(seats=3, seats_max=3, confirms_model=True))
        plans = opening_seats(each, case_id=uuid4(), is_full=True, has_prediction=True)
        assert [plan.advice for plan in plans] == ["hidden"]
        second = seat_plan(each, 1, case_id=uuid4(), is_full=True, has_prediction=True)
        assert second.advice == "after_answer"

    def test_with_nothing_to_confirm_the_panel_opens_in_full(self) -> None:
        each = seating(rules=PanelRules(seats=3, seats_max=3, confirms_model=True))
        assert len(opening(each, has_prediction=False)) == 3


class TestSeats:
    def test_a_case_that_was_not_drawn_gets_one(self) -> None:
        assert len(opening(seating(panel_share=0.1), is_full=False)) == 1

    def test_a_chain_opens_stage_by_stage(self) -> None:
        stages = (Stage("maker", "fraud"), Stage("checker", "audit:3", Veto.SETTLE))
        each = seating(rules=PanelRules(seats=2, seats_max=2, mode=Mode.CHAIN, stages=stages), queue_skills=("de:1",))
        (first,) = opening_seats(each, case_id=uuid4(), is_full=True, has_prediction=True)
        second = seat_plan(each, 1, case_id=uuid4(), is_full=True, has_prediction=True)
        assert (first.stage, first.veto, first.skills) == (0, False, ("de:1", "fraud:1"))
        assert (second.stage, second.veto, second.skills) == (1, True, ("de:1", "audit:3"))

    def test_one_of_them_asks_the_skill_that_the_panel_needs(self) -> None:
        plans = opening_seats(
            seating(needs_one_with="fraud", queue_skills=("de:2",)), case_id=uuid4(), is_full=True, has_prediction=True
        )
        assert [plan.skills for plan in plans] == [("de:2", "fraud:1"), ("de:2",), ("de:2",)]

    def test_all_of_them_ask_it_where_any_one_may_decide(self) -> None:
        rules = PanelRules(seats=2, seats_max=2, mode=Mode.FIRST_RESPONSE)
        plans = opening_seats(
            seating(rules=rules, needs_one_with="fraud"), case_id=uuid4(), is_full=True, has_prediction=True
        )
        assert [plan.skills for plan in plans] == [("fraud:1",), ("fraud:1",)]

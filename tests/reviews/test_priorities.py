"""Where a seat stands: importance times uncertainty times pressure of time; and moving a panel forward."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.tenants.actor import Actor, system_actor
from reviews.priorities import DAY, HOUR, LEAST, MOST, pressure_of, priority_of, uncertainty_of
from reviews.services import raise_priority
from tests.reviews.conftest import Office


def test_an_ordinary_case_stands_at_nought_without_a_word() -> None:
    assert priority_of() == (0, "")


def test_each_factor_moves_it_and_says_so() -> None:
    assert priority_of(importance=4) == (8, "Importance 4")
    assert priority_of(probabilities=[0.5, 0.5], seconds_left=2.5 * HOUR) == (
        round(4 * math.log2(1 + DAY / (2.5 * HOUR))), "Two answers are close, due in 2 hours",
    )  # fmt: skip
    assert priority_of(seconds_left=-1).cause == "Overdue"
    assert priority_of(seconds_left=1.5 * DAY).cause == "Due in 1 day"
    assert priority_of(seconds_left=60).cause == "Due within the hour"
    assert priority_of(base=5).priority == 5


def test_what_a_model_is_sure_of_comes_later_and_is_never_told() -> None:
    assert priority_of(probabilities=[0.99, 0.01]) == (-16, "")
    assert uncertainty_of([0.7, 0.2, 0.1]) == pytest.approx(0.5)
    assert uncertainty_of([math.nan, 0.5]) == uncertainty_of([]) == 1.0


@given(
    importance=st.floats(0, 1_000_000),
    shares=st.none() | st.lists(st.floats(0, 1), min_size=1, max_size=5),
    left=st.none() | st.floats(-1e9, 1e9),
    base=st.integers(-40_000, 40_000),
)
def test_it_always_fits_and_never_falls_with_importance(
    importance: float, shares: list[float] | None, left: float | None, base: int
) -> None:
    ranked = [
        priority_of(importance=each, probabilities=shares, seconds_left=left, base=base).priority
        for each in (importance / 2, importance)
    ]
    assert LEAST <= ranked[0] <= ranked[1] <= MOST


def test_pressure_grows_as_time_runs_out() -> None:
    pressures = [pressure_of(left) for left in (30 * DAY, DAY, HOUR, 1, -DAY)]
    assert all(before <= after for before, after in pairwise(pressures))
    assert (pressure_of(DAY), pressure_of(HOUR), pressure_of(None)) == (2.0, 25.0, 1.0)


class TestRaise:
    def test_moves_every_seat_of_the_panel_forward(self, office: Office, mona: Actor, alice: Actor) -> None:
        _, late = office.bring(1, 2)
        panel = office.panel(late)
        before = office.seats(late)[0].priority
        raise_priority(actor=mona, panel_id=panel.pk, by=8, why="the customer called")
        (seat,) = office.seats(late)
        assert seat.priority == before + 8
        assert seat.priority_cause.endswith("the customer called")
        assert office.claim(alice).case_id == late.pk
        (event,) = office.events("panel.priority_raised")
        assert (event.body["by"], event.case_id) == (8, late.pk)

    def test_an_escalation_may_and_it_never_overflows(self, office: Office) -> None:
        (case,) = office.bring()
        panel = office.panel(case)
        for _ in range(40):
            raise_priority(
                actor=system_actor(office.tenant.id, "escalation"), panel_id=panel.pk, by=1_000, why="breached"
            )
        assert office.seats(case)[0].priority == MOST

    def test_refuses_others_and_what_is_over(
        self, office: Office, alice: Actor, mona: Actor, other_manager: Actor, gil: Actor
    ) -> None:
        (case,) = office.bring()
        panel = office.panel(case)
        with pytest.raises(Forbidden):
            raise_priority(actor=alice, panel_id=panel.pk, by=1, why="mine")
        for stranger in (other_manager, gil):
            with pytest.raises(NotFound):
                raise_priority(actor=stranger, panel_id=panel.pk, by=1, why="mine")
        with pytest.raises(Invalid):
            raise_priority(actor=mona, panel_id=panel.pk, by=0, why="")
        office.judge(alice)
        office.drain("consensus")
        with pytest.raises(Conflict):
            raise_priority(actor=mona, panel_id=panel.pk, by=1, why="late")

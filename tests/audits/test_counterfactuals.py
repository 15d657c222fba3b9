"""The search for single changes, and principal reasons: pure."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.counterfactuals import (
    MOST_CATEGORIES,
    MOST_NUMBERS,
    Changeable,
    candidates,
    changed_payload,
    nearest_changes,
)
from audits.oversight import band_name, band_of, median_of, override_lines
from audits.reasons import codes_of, factors_of, principal_reasons

AMOUNT = Changeable("amount", ("amount",), True)
PURPOSE = Changeable("purpose", ("purpose",), False)
INCOME = Changeable("income", ("person", "income"), True)


def test_only_values_that_were_seen_are_tried_the_nearest_first() -> None:
    observed = [{"amount": value} for value in (100, 200, 900, 900, 1_000)]
    tried = candidates({"amount": 900}, [AMOUNT], observed=observed)
    assert [each.after for each in tried] == [1_000, 200, 100]
    assert all(type(each.after) is int for each in tried)


def test_many_values_are_thinned_and_categories_go_by_how_common_they_are() -> None:
    observed = [{"amount": value, "purpose": f"p{value % 60}"} for value in range(500)]
    tried = candidates({"amount": 7, "purpose": "p1"}, [AMOUNT, PURPOSE], observed=observed)
    names = [each.feature for each in tried]
    assert names.count("amount") <= MOST_NUMBERS
    assert names.count("purpose") == MOST_CATEGORIES
    assert "p1" not in [each.after for each in tried]


@pytest.mark.parametrize("observed", [[], [{"amount": None}], [{"amount": "12"}], [{"amount": float("nan")}], [{}]])
def test_where_nothing_was_seen_nothing_is_tried(observed: list[dict[str, object]]) -> None:
    assert candidates({"amount": 900}, [AMOUNT], observed=observed) == []


def test_a_changed_payload_is_another_one() -> None:
    payload = {"amount": 1, "person": {"income": 2, "name": "x"}}
    (candidate,) = candidates(payload, [INCOME], observed=[{"person": {"income": 5}}])
    assert changed_payload(payload, candidate) == {"amount": 1, "person": {"income": 5, "name": "x"}}
    assert payload["person"] == {"income": 2, "name": "x"}


def test_the_nearest_value_that_turns_the_answer_is_found() -> None:
    observed = [{"amount": value} for value in range(0, 2_000, 100)]
    tried = candidates({"amount": 1_500}, [AMOUNT], observed=observed)
    # declines from 1,000 on
    rows = np.array([[0.2, 0.8] if each.after >= 1_000 else [0.7, 0.3] for each in tried])
    (found,) = nearest_changes(tried, rows, labels=["approve", "decline"], decided="decline")
    assert (found.candidate.after, found.label, found.probability) == (900, "approve", 0.7)


def test_only_a_wanted_label_counts_and_an_absent_answer_never() -> None:
    tried = candidates({"amount": 5}, [AMOUNT], observed=[{"amount": 1}, {"amount": 9}])
    rows = np.array([[0.1, 0.2, 0.7], [np.nan] * 3])
    labels = ["approve", "decline", "refer"]
    assert nearest_changes(tried, rows, labels=labels, decided="decline", wanted=["approve"]) == []
    assert len(nearest_changes(tried, rows, labels=labels, decided="decline")) == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30, unique=True), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_what_is_found_turns_the_answer_and_nothing_nearer_that_was_tried_does(
    seen: list[float], own: float, edge: float
) -> None:
    tried = candidates({"amount": own}, [AMOUNT], observed=[{"amount": value} for value in seen])
    rows = np.array([[0.9, 0.1] if each.after < edge else [0.1, 0.9] for each in tried]).reshape(len(tried), 2)
    decided = "approve" if own < edge else "decline"
    found = nearest_changes(tried, rows, labels=["approve", "decline"], decided=decided)
    turning = [each for each in tried if (each.after < edge) != (own < edge)]
    assert len(found) == bool(turning)
    if found:
        assert found[0].candidate.distance == min(each.distance for each in turning)


def test_reasons_are_what_moved_the_decision_at_most_four() -> None:
    model = factors_of({"a": 2.0, "b": -3.0, "c": 0.4, "d": 0.1, "e": 0.001, "f": 0.4})
    assert [reason.key for reason in model] == ["a", "c", "f", "d"]
    assert [reason.strength for reason in model] == ["strongly", "clearly", "clearly", "slightly"]
    people = codes_of([["income", "history"], ["income"], ["income", "income"]])
    assert [(reason.key, reason.weight) for reason in people] == [("income", 3), ("history", 1)]
    assert [reason.key for reason in principal_reasons(people=people, model=model)] == ["income", "history", "a", "c"]
    assert factors_of(None) == codes_of([]) == []


def test_bands_hold_every_confidence() -> None:
    assert [band_of(each) for each in (0.0, 0.499, 0.5, 0.95, 1.0)] == [0, 0, 1, 6, 6]
    assert band_name(6) == "95 to 100 % sure"
    lines = override_lines([(0.55, True), (0.55, False), (0.97, False)])
    assert [(line.of, line.share.count, line.share.total) for line in lines if line.share] == [
        ("all judgments that saw the model's answer", 1, 3),
        ("50 to 60 % sure", 1, 2),
        ("95 to 100 % sure", 0, 1),
    ]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 500), min_size=1, max_size=60))
def test_the_median_is_that_of_the_values_and_lies_in_its_interval(values: list[int]) -> None:
    counts: dict[int, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    found = median_of(counts)
    assert found.value == float(np.median(values))
    assert found.total == len(values)
    assert min(values) <= found.low <= found.value <= found.high <= max(values)  # type: ignore[operator]  # there are values, so none is None


def test_a_median_of_nothing_is_not_defined() -> None:
    assert median_of({}).value is None

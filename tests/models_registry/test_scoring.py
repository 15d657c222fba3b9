"""A batch is scored around what fails in it."""

import time

import numpy as np
import pytest

from models_registry import scoring
from models_registry.artifacts import fingerprint
from models_registry.faults import ModelCrashed, ModelTimeout
from models_registry.features import parse_features
from models_registry.outputs import Reply
from models_registry.sandbox import Limits, ModelRef, Sandbox
from models_registry.scoring import score_payloads
from tests.models_registry import crafted


@pytest.fixture(scope="module")
def sandbox():
    box = Sandbox(limits=Limits(predict_base=0.5))
    yield box
    box.close()


def scored_by(sandbox, model, schema, payloads, **options):
    content, features = crafted.artifact(model), parse_features(schema)
    ref = ModelRef(fingerprint(content), tuple(crafted.LABELS), len(features))

    def ask(columns):
        return sandbox.predict(ref, columns, fetch=lambda: content)

    return score_payloads(features, payloads, n_labels=2, ask=ask, **options)


def test_a_misfit_goes_to_people_and_the_rest_is_scored(sandbox):
    payloads, _ = crafted.loan_rows(50)
    payloads[11] = {"loan": {"amount": "much"}, "months": 3}
    scores = scored_by(sandbox, crafted.loan_model(), crafted.LOAN_FEATURES, payloads)
    assert scores.scored == [row for row in range(50) if row != 11]
    assert scores.reply.probabilities.shape == (49, 2)
    assert scores.reply.contributions.shape == (49, 3)
    failure = scores.failures[11]
    assert failure.cause == "model_invalid_input"
    assert failure.fields == {"amount": "is not a number", "purpose": "is missing"}


def test_a_batch_of_misfits_asks_nothing():
    scores = score_payloads(
        parse_features(crafted.NUMBER_FEATURES), [{}, {}], n_labels=2, ask=lambda columns: pytest.fail("asked")
    )
    assert (scores.scored, set(scores.failures)) == ([], {0, 1})


def test_a_lie_goes_to_people_and_the_rest_is_scored(sandbox):
    xs = [1.0, crafted.LIES_ON, 9.0]
    scores = scored_by(sandbox, crafted.lying_model(), crafted.NUMBER_FEATURES, [{"x": x} for x in xs])
    assert scores.scored == [0, 2]
    assert scores.failures[1].cause == "model_invalid_output"


def test_what_raises_goes_to_people_and_the_rest_is_scored(sandbox):
    payloads, _ = crafted.loan_rows(200)
    poisoned = {3, 77, 199}
    for row in poisoned:
        payloads[row]["purpose"] = "yacht"
    schema = {"features": [*crafted.LOAN_FEATURES["features"][:2], {"name": "purpose", "type": "category"}]}
    scores = scored_by(sandbox, crafted.picky_model(), schema, payloads)
    assert set(scores.failures) == poisoned
    assert {failure.cause for failure in scores.failures.values()} == {"model_crashed"}
    assert scores.scored == [row for row in range(200) if row not in poisoned]
    expected = crafted.picky_model().predict_proba(crafted.loan_matrix([payloads[row] for row in scores.scored]))
    np.testing.assert_array_equal(scores.reply.probabilities, expected)


@pytest.mark.slow
def test_what_hangs_goes_to_people_and_the_rest_is_scored(sandbox):
    texts = ["aa", "b"] * 6 + [crafted.HANGS_ON] + ["aaa"] * 3
    payloads = [{"text": text} for text in texts]
    scores = scored_by(sandbox, crafted.hanging_model(), crafted.TEXT_FEATURES, payloads, seconds=120)
    assert {row: failure.cause for row, failure in scores.failures.items()} == {12: "model_timeout"}
    assert len(scores.scored) == 15


def test_the_search_ends_when_its_time_is_over():
    def slow(columns):
        if 0.0 not in columns.values[0]:
            return Reply(np.full((columns.n_rows, 2), 0.5), None, None)
        # time that passes is what the search is given too little of
        time.sleep(0.2)
        raise ModelTimeout("late", child_lost=True)

    payloads = [{"x": x} for x in range(1000)]
    began = time.monotonic()
    scores = score_payloads(parse_features(crafted.NUMBER_FEATURES), payloads, n_labels=2, ask=slow, seconds=0.5)
    assert time.monotonic() - began < 2
    assert len(scores.scored) >= 500
    assert {failure.cause for failure in scores.failures.values()} == {"model_timeout"}
    assert sorted([*scores.scored, *scores.failures]) == list(range(1000))


def counting(behaviour):
    calls = []

    def ask(columns):
        calls.append(columns.n_rows)
        return behaviour(columns)

    return ask, calls


def test_a_model_that_fails_whole_and_in_both_halves_is_given_up():
    def crash(columns):
        raise ModelCrashed("down", child_lost=True)

    ask, calls = counting(crash)
    payloads = [{"x": x} for x in range(1000)]
    scores = score_payloads(parse_features(crafted.NUMBER_FEATURES), payloads, n_labels=2, ask=ask)
    assert calls == [1000, 500, 500]
    assert len(scores.failures) == 1000
    assert {failure.cause for failure in scores.failures.values()} == {"model_crashed"}


def test_the_search_for_what_fails_ends(monkeypatch):
    """Many cases that bring the model down: the children lost are bounded, and every row has an answer."""

    def fragile(columns):
        if (columns.values[0] % 7 == 3).any():
            raise ModelTimeout("late", child_lost=True)
        half = np.full((columns.n_rows, 2), 0.5)
        return Reply(half, None, None)

    ask, calls = counting(fragile)
    payloads = [{"x": 1}] * 500 + [{"x": x} for x in range(500)]
    scores = score_payloads(parse_features(crafted.NUMBER_FEATURES), payloads, n_labels=2, ask=ask)
    assert len(calls) < 3 * scoring.MAX_CHILDREN_LOST
    assert len(scores.scored) >= 500
    assert sorted([*scores.scored, *scores.failures]) == list(range(1000))
    assert scores.reply.probabilities.shape == (len(scores.scored), 2)

"""Features come out of payloads by column, and what does not fit is named."""

import numpy as np
import pytest

from hitl_platform.kernel.errors import Invalid
from models_registry.features import extract, parse_features
from tests.models_registry.crafted import LOAN_FEATURES

GOOD = {"loan": {"amount": 1200}, "months": 12, "purpose": "car"}


def problems_of(**changes):
    extraction = extract(parse_features(LOAN_FEATURES), [GOOD, {**GOOD, **changes}, GOOD])
    assert extraction.columns.n_rows == len(extraction.fitting) == 3 - len(extraction.problems)
    return extraction.problems.get(1)


def test_a_batch_that_fits_becomes_columns():
    extraction = extract(parse_features(LOAN_FEATURES), [GOOD, {**GOOD, "months": 24, "purpose": "house"}])
    amounts, months, purposes = extraction.columns.values
    np.testing.assert_array_equal(amounts, [1200.0, 1200.0])
    np.testing.assert_array_equal(months, [12.0, 24.0])
    assert purposes == ["car", "house"]
    assert extraction.columns.kinds == ["number", "number", "text"]
    assert (extraction.fitting, extraction.problems) == ([0, 1], {})


@pytest.mark.parametrize(
    ("changes", "feature", "reason"),
    [
        ({"loan": {}}, "amount", "is missing"),
        ({"loan": 5}, "amount", "is missing"),
        ({"loan": {"amount": "1200"}}, "amount", "is not a number"),
        ({"loan": {"amount": True}}, "amount", "is not a number"),
        ({"loan": {"amount": [1]}}, "amount", "is not a number"),
        ({"loan": {"amount": 10**400}}, "amount", "is too large"),
        ({"loan": {"amount": float("nan")}}, "amount", "is not finite"),
        ({"loan": {"amount": float("inf")}}, "amount", "is not finite"),
        ({"months": "12"}, "months", "is not a number"),
        ({"purpose": None}, "purpose", "is missing"),
        ({"purpose": 7}, "purpose", "is not text"),
        ({"purpose": "yacht"}, "purpose", "is not one of the values that the model knows"),
    ],
)
def test_what_does_not_fit_is_named_and_the_rest_goes_on(changes, feature, reason):
    assert problems_of(**changes) == {feature: reason}


def test_an_absent_value_becomes_what_the_schema_says():
    assert problems_of(months=None) is None
    extraction = extract(parse_features(LOAN_FEATURES), [{**GOOD, "months": None}])
    assert np.isnan(extraction.columns.values[1][0])
    schema = parse_features({"features": [{"name": "purpose", "type": "category", "missing_value": "unknown"}]})
    assert extract(schema, [{}, GOOD]).columns.values == [["unknown", "car"]]
    schema = parse_features({"features": [{"name": "months", "type": "number", "missing_value": 6}]})
    np.testing.assert_array_equal(extract(schema, [{}, GOOD]).columns.values[0], [6.0, 12.0])


def test_overlong_text_does_not_fit():
    schema = parse_features({"features": [{"name": "t", "type": "category"}]})
    assert extract(schema, [{"t": "x" * 1001}]).problems == {0: {"t": "is longer than 1000 characters"}}


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ([], "feature_schema"),
        ({"features": []}, "feature_schema"),
        ({"features": [{"name": "a", "type": "number"}] * 2}, "feature_schema"),
        ({"features": ["a"]}, "feature_schema.features[0]"),
        ({"features": [{"name": "a"}]}, "feature_schema.features[0]"),
        ({"features": [{"name": "", "type": "number"}]}, "feature_schema.features[0]"),
        ({"features": [{"name": "a", "type": "number", "x": 1}]}, "feature_schema.features[0]"),
        ({"features": [{"name": "a", "type": "image"}]}, "feature_schema.features[0].type"),
        ({"features": [{"name": "a", "type": "number", "values": ["x"]}]}, "feature_schema.features[0].values"),
        ({"features": [{"name": "a", "type": "category", "values": [1]}]}, "feature_schema.features[0].values"),
        (
            {"features": [{"name": "a", "type": "category", "missing_value": None}]},
            "feature_schema.features[0].missing_value",
        ),
        (
            {"features": [{"name": "a", "type": "number", "missing_value": True}]},
            "feature_schema.features[0].missing_value",
        ),
    ],
)
def test_a_schema_that_means_nothing_is_refused_with_its_place(schema, place):
    with pytest.raises(Invalid) as refusal:
        parse_features(schema)
    assert list(refusal.value.fields) == [place]

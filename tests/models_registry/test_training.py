"""Training: the same rows are the same artifact, and protected attributes cannot be among them."""

import numpy as np
import orjson
import pytest
from django.utils import timezone
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

from cases.models import CaseAttributes
from cases.queries import get_case_type
from cases.services import post_outcome, submit_case
from models_registry.management.commands import training_data
from models_registry.queries import labelled_payloads
from models_registry.training import measure, train
from tests.models_registry import crafted


def test_the_same_rows_are_the_same_artifact():
    payloads, labels = crafted.loan_rows(120)
    first = train(payloads, labels, feature_schema=crafted.LOAN_FEATURES)
    again = train([dict(p) for p in payloads], list(labels), feature_schema=crafted.LOAN_FEATURES)
    assert first.sha256 == again.sha256
    assert first.artifact == again.artifact
    assert first.metrics == again.metrics
    assert train(payloads[1:], labels[1:], feature_schema=crafted.LOAN_FEATURES).sha256 != first.sha256


@pytest.fixture
def submit_labelled(registry, foreign_registry):
    """The same labelled cases at a tenant, with attributes or without, in a given order of arrival."""

    def submit(registry, order, *, with_attributes):
        payloads, labels = crafted.loan_rows(80)
        for at in order:
            submission = {"external_id": f"{at:03d}", "payload": payloads[at]}
            if with_attributes:
                submission["attributes"] = {"sex": "female" if labels[at] == "decline" else "male"}
            case, _ = submit_case(actor=registry.integrator, case_type_key="loan", submission=submission)
            post_outcome(
                actor=registry.integrator,
                case_id=case.pk,
                label=labels[at],
                observed_at=timezone.now(),
                source="test",
            )

    return submit


def test_attributes_change_nothing(registry, foreign_registry, submit_labelled, mel, gus):
    """One tenant has protected attributes that tell the label outright, the other has none."""
    submit_labelled(registry, range(80), with_attributes=True)
    submit_labelled(foreign_registry, reversed(range(80)), with_attributes=False)
    hashes = []
    for each, engineer, stored in ((registry, mel, 80), (foreign_registry, gus, 0)):
        with each.scope():
            assert CaseAttributes.objects.count() == stored
            rows = labelled_payloads(get_case_type(engineer, "loan").pk)
        hashes.append(train(*rows, feature_schema=crafted.LOAN_FEATURES).sha256)
    assert hashes[0] == hashes[1]


def test_an_operator_writes_the_same_rows_to_a_file(registry, submit_labelled, mel, tmp_path):
    submit_labelled(registry, range(5), with_attributes=True)
    out = tmp_path / "rows.ndjson"
    told = training_data.Command().run(mel, case_type="loan", out=out)
    assert told == f"5 cases in {out}"
    written = [orjson.loads(line) for line in out.read_bytes().splitlines()]
    with registry.scope():
        payloads, labels = labelled_payloads(get_case_type(mel, "loan").pk)
    assert [(row["payload"], row["label"]) for row in written] == list(zip(payloads, labels, strict=True))


def test_a_trained_model_registers_and_is_explained(registry):
    payloads, labels = crafted.loan_rows(120)
    trained = train(payloads, labels, feature_schema=crafted.LOAN_FEATURES)
    version = registry.register(artifact=trained.artifact, metrics=trained.metrics)
    assert version.is_linear
    assert version.sha256 == trained.sha256


def test_words_and_gaps_can_be_learnt_from():
    schema = {
        "features": [
            {"name": "text", "type": "text"},
            {"name": "months", "type": "number", "missing_value": None},
            {"name": "purpose", "type": "category", "missing_value": "none"},
        ]
    }
    payloads = [{"text": "late again" if i % 2 else "paid in time", "months": i if i % 3 else None} for i in range(40)]
    trained = train(payloads, ["decline" if i % 2 else "approve" for i in range(40)], feature_schema=schema)
    assert trained.metrics["accuracy"] > 0.9


def test_rows_that_do_not_fit_are_refused():
    payloads, labels = crafted.loan_rows(20)
    payloads[4]["purpose"] = 4
    with pytest.raises(ValueError, match="row 4: purpose is not text"):
        train(payloads, labels, feature_schema=crafted.LOAN_FEATURES)


def test_measures_are_those_of_scikit_learn():
    rng = np.random.default_rng(5)
    told = rng.dirichlet([1, 1, 1], size=400)
    truth = np.array(["b", "c", "a"])[[rng.choice(3, p=row) for row in told]]
    measured = measure(told, truth, classes=["b", "c", "a"])
    by_name = told[:, [2, 0, 1]]
    assert measured["log_loss"] == pytest.approx(log_loss(truth, by_name), abs=1e-6)
    winners = np.array(["b", "c", "a"])[told.argmax(axis=1)]
    assert measured["accuracy"] == pytest.approx(accuracy_score(truth, winners), abs=1e-6)
    expected = brier_score_loss(truth, by_name, labels=["a", "b", "c"], scale_by_half=False)
    assert measured["brier"] == pytest.approx(expected, abs=1e-6)
    assert sum(each["n"] for each in measured["calibration"]) == 400
    # outcomes were drawn from these very probabilities
    assert measured["calibration_error"] < 0.12


def test_calibration_tells_over_confidence():
    told = np.array([[0.99, 0.01]] * 100)
    truth = np.array(["a"] * 50 + ["b"] * 50)
    measured = measure(told, truth, classes=["a", "b"])
    assert measured["calibration_error"] == pytest.approx(0.49)
    assert measured["calibration"] == [{"from": 0.9, "to": 1.0, "n": 100, "confidence": 0.99, "accuracy": 0.5}]

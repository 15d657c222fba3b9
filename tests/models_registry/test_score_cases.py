"""The scoring step: predictions for those that fit, a cause for those that do not, and nobody waits."""

import numpy as np
import pytest
from django.db import connections
from django.utils import timezone

from cases.models import Case
from cases.services import withdraw_case
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.pipeline.models import Step
from models_registry.models import ModelVersion, Prediction
from models_registry.queries import predictions_for
from models_registry.sandbox import Limits, shared_sandbox
from models_registry.services import retire_version
from tests.models_registry import crafted


@pytest.fixture(autouse=True)
def little_patience():
    shared_sandbox().limits = Limits(predict_base=0.7)
    yield
    shared_sandbox().limits = Limits()


def causes(registry):
    """Why cases went on to routing, by case."""
    with registry.scope():
        steps = Step.objects.filter(kind="route")
        return {case_id: step.cause for step in steps for case_id in step.case_ids}


def test_scores_and_sends_on(registry):
    version = registry.crown()
    payloads, _ = crafted.loan_rows(20)
    cases = registry.submit(payloads)
    assert registry.score() == 20
    assert causes(registry) == {case.pk: "" for case in cases}
    expected = crafted.loan_model().predict_proba(crafted.loan_matrix(payloads))
    with registry.scope():
        assert set(Case.objects.values_list("state", flat=True)) == {"scored"}
        found = predictions_for([case.pk for case in cases])
        for case, row in zip(cases, expected, strict=True):
            prediction = found[case.pk]
            assert prediction.probabilities == row.tolist()
            assert prediction.label == crafted.LABELS[row.argmax()]
            assert prediction.confidence == row.max()
            assert prediction.model_version.pk == version.pk
            told = sum(prediction.contributions.values()) + prediction.baseline
            np.testing.assert_allclose(told, abs(np.log(row[0] / row[1])), atol=1e-9)
            assert set(prediction.contributions) == {"amount", "months", "purpose"}


def test_the_ledger_tells_of_each_case(registry):
    version = registry.crown()
    (case,) = registry.submit([crafted.loan_rows(1)[0][0]])
    registry.score()
    with registry.scope():
        prediction = Prediction.objects.get(case=case)
        event = AuditEvent.objects.get(verb="case.scored")
        assert event.pk == prediction.event_id
        assert event.pk in Case.objects.get(pk=case.pk).event_ids
        told = event.body["items"][str(case.pk)]
        assert [float(p) for p in told["probabilities"]] == prediction.probabilities
        assert event.body["model_version"] == str(version.pk)
        assert event.body["sha256"] == version.sha256


def test_without_a_champion_cases_go_to_people(registry, mona):
    retire_version(actor=mona, version_id=registry.crown().pk)
    cases = registry.submit(crafted.loan_rows(3)[0])
    registry.score()
    assert causes(registry) == {case.pk: "no_model" for case in cases}
    with registry.scope():
        assert not Prediction.objects.exists()
        assert set(Case.objects.values_list("state", flat=True)) == {"received"}


def test_a_misfit_goes_to_people_with_its_fields_and_the_rest_is_scored(registry):
    registry.crown()
    payloads, _ = crafted.loan_rows(5)
    payloads[2]["purpose"] = "yacht"
    cases = registry.submit(payloads)
    registry.score()
    assert causes(registry) == {case.pk: "model_invalid_input" if at == 2 else "" for at, case in enumerate(cases)}
    with registry.scope():
        event = AuditEvent.objects.get(verb="case.not_scored", case_id=cases[2].pk)
        assert event.body["cause"] == "model_invalid_input"
        assert event.body["fields"] == {"purpose": "is not one of the values that the model knows"}
        assert "yacht" not in str(event.body)
        assert Prediction.objects.count() == 4


def test_a_lie_goes_to_people_and_the_next_batch_is_served(registry):
    registry.crown(crafted.lying_model(), schema=crafted.NUMBER_FEATURES)
    cases = registry.submit([{"x": 1.0}, {"x": crafted.LIES_ON}])
    registry.score()
    assert causes(registry) == {cases[0].pk: "", cases[1].pk: "model_invalid_output"}
    (next_case,) = registry.submit([{"x": 2.0}], start=10)
    registry.score()
    assert causes(registry)[next_case.pk] == ""


def test_a_hang_goes_to_people_and_the_next_batch_is_served(registry):
    registry.crown(crafted.hanging_model(), schema=crafted.TEXT_FEATURES)
    cases = registry.submit([{"text": crafted.HANGS_ON}])
    registry.score()
    assert causes(registry) == {cases[0].pk: "model_timeout"}
    with registry.scope():
        event = AuditEvent.objects.get(verb="case.not_scored")
        assert event.body["items"][str(cases[0].pk)]["cause"] == "model_timeout"
    (next_case,) = registry.submit([{"text": "aa"}], start=10)
    registry.score()
    assert causes(registry)[next_case.pk] == ""


def test_a_crash_goes_to_people_and_the_next_batch_is_served(registry):
    schema = {"features": [*crafted.LOAN_FEATURES["features"][:2], {"name": "purpose", "type": "category"}]}
    example = {"loan": {"amount": 1000}, "months": 12, "purpose": "car"}
    registry.crown(crafted.picky_model(), schema=schema, example=example)
    payloads, _ = crafted.loan_rows(4)
    payloads[1]["purpose"] = "yacht"
    cases = registry.submit(payloads)
    registry.score()
    assert causes(registry) == {case.pk: "model_crashed" if at == 1 else "" for at, case in enumerate(cases)}
    with registry.scope():
        assert "yacht" not in str(AuditEvent.objects.get(verb="case.not_scored").body)


def test_a_withdrawn_case_is_left_alone(registry, integrator):
    registry.crown()
    first, second = registry.submit(crafted.loan_rows(2)[0])
    withdraw_case(actor=integrator, case_id=first.pk)
    registry.score()
    assert causes(registry) == {second.pk: ""}
    with registry.scope():
        assert list(Prediction.objects.values_list("case_id", flat=True)) == [second.pk]


def test_two_tenants_are_scored_apart(registry, foreign_registry):
    registry.crown()
    ours = registry.submit(crafted.loan_rows(2)[0])
    theirs = foreign_registry.submit(crafted.loan_rows(2)[0])
    registry.score()
    foreign_registry.score()
    assert causes(registry) == {case.pk: "" for case in ours}
    assert causes(foreign_registry) == {case.pk: "no_model" for case in theirs}
    with foreign_registry.scope():
        assert not Prediction.objects.exists()
        assert predictions_for([case.pk for case in ours]) == {}


def test_a_swapped_artifact_scores_nothing(committed, registry):
    """Whoever can write the table still cannot make another model answer: the hash is checked where it loads."""
    version = registry.crown()
    shared_sandbox().close()
    with connections["migrator"].cursor() as cursor:
        cursor.execute(
            "update models_registry_modelartifact set content = %s where version_id = %s",
            [crafted.artifact(crafted.picky_model()), version.pk],
        )
    cases = registry.submit(crafted.loan_rows(2)[0])
    registry.score()
    assert causes(registry) == {case.pk: "no_model" for case in cases}


def test_a_step_that_fails_again_and_again_gives_its_cases_to_people(committed, registry):
    """The row of the champion is damaged, so that the step itself fails at every attempt."""
    version = registry.crown()
    with connections["migrator"].cursor() as cursor:
        cursor.execute("update models_registry_modelversion set feature_schema = '{}' where id = %s", [version.pk])
    cases = registry.submit(crafted.loan_rows(2)[0])
    for _ in range(20):
        with registry.scope():
            waiting = Step.objects.filter(kind="score").exclude(state__in=["done", "dead"])
            if not waiting.update(run_at=timezone.now()):
                break
        registry.score()
    assert causes(registry) == {case.pk: "model_crashed" for case in cases}
    with registry.scope():
        assert set(Step.objects.filter(kind="score").values_list("state", flat=True)) == {"dead"}
        assert {event.body["items"].popitem()[0] for event in AuditEvent.objects.filter(verb="case.not_scored")} == {
            str(case.pk) for case in cases
        }


def test_versions_of_the_past_keep_what_they_said(registry):
    first = registry.crown()
    (case,) = registry.submit(crafted.loan_rows(1)[0])
    registry.score()
    registry.crown(crafted.picky_model())
    with registry.scope():
        assert predictions_for([case.pk])[case.pk].model_version.pk == first.pk
        assert ModelVersion.objects.get(pk=first.pk).state == "retired"

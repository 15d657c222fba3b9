"""Registering a version: everything is tried before anything is stored."""

import pickle

import pytest

from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.tenants.models import ServiceKey
from models_registry.artifacts import fingerprint
from models_registry.models import ModelArtifact, ModelVersion
from models_registry.services import register_version
from tests.models_registry import crafted


def test_works_and_records_its_event(registry, mel):
    version = registry.register()
    assert (version.version, version.state, version.is_linear) == (1, "registered", True)
    assert version.registered_by == mel.id
    with registry.scope():
        stored = bytes(ModelArtifact.objects.get(version=version).content)
        assert version.sha256 == fingerprint(stored)
        event = AuditEvent.objects.get(verb="model_version.registered")
        assert event.body == {"model": "risk", "version": 1, "sha256": version.sha256, "labels": crafted.LABELS}
    assert registry.register(crafted.picky_model()).version == 2


def test_a_key_registers_for_the_person_who_made_it(registry, integrator):
    version = registry.register(actor=integrator)
    with registry.scope():
        assert version.registered_by == ServiceKey.objects.get(pk=integrator.id).created_by


@pytest.mark.parametrize("name", ["alice", "sam", "mona", "ada", "olga"])
def test_refuses_the_wrong_role(registry, cast, name):
    with pytest.raises(Forbidden):
        registry.register(actor=cast.people[name])


def test_refuses_the_same_artifact_twice(registry):
    registry.register()
    with pytest.raises(Conflict) as refusal:
        registry.register()
    assert refusal.value.code == "artifact_registered"


def test_hides_from_globex(registry, gus):
    with pytest.raises(NotFound):
        registry.register(actor=gus)


def refusal_of(registry, model=None, **more):
    with pytest.raises(Invalid) as refusal:
        registry.register(model, **more)
    with registry.scope():
        assert not ModelVersion.objects.exists()
    return refusal.value


def test_refuses_a_pickle_by_content(registry):
    refusal = refusal_of(registry, artifact=pickle.dumps(crafted.lying_model()))
    assert refusal.code == "artifact_refused"
    assert "pickle" in refusal.fields["artifact"][0]


def test_refuses_features_that_no_payload_has(registry):
    schema = {"features": [{"name": "sex", "type": "category"}]}
    assert refusal_of(registry, schema=schema).fields == {"feature_schema.sex": ["The payload has no property 'sex'."]}


@pytest.mark.parametrize("labels", [None, ["approve"], ["approve", "approve"], ["approve", "refer"], "ab", [1, 2]])
def test_refuses_labels_that_the_type_does_not_have(registry, labels):
    assert "labels" in refusal_of(registry, labels=labels).fields


def test_refuses_labels_that_the_model_does_not_have(registry):
    model = crafted.loan_model(lambda known: [label.upper() for label in known])
    assert "labels" in refusal_of(registry, model).fields["artifact"][0]


def test_refuses_a_model_for_other_features(registry):
    refusal = refusal_of(registry, crafted.lying_model())
    assert refusal.code == "model_crashed"


def test_refuses_a_model_that_fails_its_example(registry):
    refusal = refusal_of(
        registry, crafted.lying_model(), schema=crafted.NUMBER_FEATURES, example={"x": crafted.LIES_ON}
    )
    assert refusal.code == "model_invalid_output"
    refusal = refusal_of(
        registry, crafted.hanging_model(), schema=crafted.TEXT_FEATURES, example={"text": crafted.HANGS_ON}
    )
    assert refusal.code == "model_timeout"


def test_refuses_an_example_that_does_not_fit(registry):
    refusal = refusal_of(registry, example={"loan": {"amount": "much"}, "purpose": "car"})
    assert refusal.fields == {"example": ["amount is not a number"]}
    assert "example" in refusal_of(registry, example=[1]).fields


def test_refuses_metrics_that_are_no_object(registry):
    assert "metrics" in refusal_of(registry, metrics=[1]).fields


def test_is_not_part_of_an_open_transaction(registry, mel):
    """The trial takes seconds, and a transaction must not wait for it: outside of tests there is none."""
    assert not hasattr(register_version, "__wrapped__")

"""Creating a model: a name for what predicts a case type."""

import pytest

from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.ledger.models import AuditEvent
from models_registry.services import create_model


def test_works_and_records_its_event(registry, mel):
    with registry.scope():
        event = AuditEvent.objects.get(verb="model.created")
        assert event.body == {"key": "risk", "case_type": "loan"}
        assert event.actor["id"] == str(mel.id)


@pytest.mark.parametrize("name", ["alice", "sam", "mona", "ada", "olga"])
def test_refuses_the_wrong_role(registry, cast, name):
    with pytest.raises(Forbidden):
        create_model(actor=cast.people[name], case_type_key="loan", key="other", name="Other")


def test_refuses_a_second_of_the_same_key(registry, mel):
    with pytest.raises(Conflict):
        create_model(actor=mel, case_type_key="loan", key="risk", name="Again")


@pytest.mark.parametrize(("changes", "field"), [({"key": "No Good"}, "key"), ({"name": " "}, "name")])
def test_names_what_is_wrong(registry, mel, changes, field):
    with pytest.raises(Invalid) as refusal:
        create_model(**{"actor": mel, "case_type_key": "loan", "key": "other", "name": "Other", **changes})
    assert field in refusal.value.fields


def test_hides_from_globex(registry, gus):
    with pytest.raises(NotFound):
        create_model(actor=gus, case_type_key="loan", key="risk", name="Risk")

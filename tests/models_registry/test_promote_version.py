"""Promotion: a second person lets a version score, and the champion before it retires."""

import pytest
from django.db import IntegrityError, transaction

from hitl_platform.kernel.errors import Conflict, Forbidden, NotFound
from hitl_platform.ledger.models import AuditEvent
from models_registry.models import ModelVersion
from models_registry.services import promote_version, retire_version
from tests.models_registry import crafted


def test_works_and_records_its_event(registry, mona, mel):
    version = promote_version(actor=mona, version_id=registry.register().pk)
    assert (version.state, version.promoted_by) == ("champion", mona.id)
    with registry.scope():
        event = AuditEvent.objects.get(verb="model_version.promoted")
        assert event.body == {"sha256": version.sha256, "registered_by": str(mel.id), "replaces": None}


def test_another_engineer_may_promote(registry, mia):
    assert promote_version(actor=mia, version_id=registry.register().pk).state == "champion"


def test_nobody_promotes_their_own(registry, mel):
    version = registry.register()
    with pytest.raises(Forbidden) as refusal:
        promote_version(actor=mel, version_id=version.pk)
    assert refusal.value.code == "own_work"


def test_nobody_promotes_what_they_trained(registry, mel, mia):
    version = registry.register(trained_by=mia.id)
    with pytest.raises(Forbidden):
        promote_version(actor=mia, version_id=version.pk)


def test_a_key_promotes_nothing(registry, integrator):
    with pytest.raises(Forbidden):
        promote_version(actor=integrator, version_id=registry.register().pk)


@pytest.mark.parametrize("name", ["ada", "olga"])
def test_refuses_the_wrong_role(registry, cast, name):
    with pytest.raises(Forbidden):
        promote_version(actor=cast.people[name], version_id=registry.register().pk)


@pytest.mark.parametrize("name", ["alice", "sam"])
def test_hides_from_those_who_judge(registry, cast, name):
    with pytest.raises(NotFound):
        promote_version(actor=cast.people[name], version_id=registry.register().pk)


def test_hides_from_globex(registry, gil):
    with pytest.raises(NotFound):
        promote_version(actor=gil, version_id=registry.register().pk)


def test_refuses_the_wrong_state(registry, mona):
    version = registry.crown()
    with pytest.raises(Conflict):
        promote_version(actor=mona, version_id=version.pk)
    retire_version(actor=mona, version_id=version.pk)
    with pytest.raises(Conflict):
        promote_version(actor=mona, version_id=version.pk)


def test_the_champion_before_it_retires(registry):
    first = registry.crown()
    registry.create_model("risk2")
    second = registry.crown(crafted.picky_model(), model_key="risk2")
    with registry.scope():
        states = dict(ModelVersion.objects.values_list("pk", "state"))
        assert states == {first.pk: "retired", second.pk: "champion"}
        retired = AuditEvent.objects.get(verb="model_version.retired")
        assert retired.body == {"was": "champion", "replaced_by": str(second.pk)}


def test_the_database_refuses_a_champion_without_a_second_person(registry, mel):
    version = registry.register()
    with registry.scope(), pytest.raises(IntegrityError, match="second_person"), transaction.atomic():
        ModelVersion.objects.filter(pk=version.pk).update(state="champion", promoted_by=mel.id)

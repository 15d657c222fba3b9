"""Retirement: a version that predicts no more."""

import pytest

from hitl_platform.kernel.errors import Conflict, Forbidden, NotFound
from hitl_platform.ledger.models import AuditEvent
from models_registry.services import retire_version


def test_works_and_records_its_event(registry, mel):
    version = registry.crown()
    assert retire_version(actor=mel, version_id=version.pk).state == "retired"
    with registry.scope():
        event = AuditEvent.objects.get(verb="model_version.retired")
        assert event.body == {"was": "champion", "replaced_by": None}


def test_refuses_the_wrong_state(registry, mona):
    version = registry.register()
    retire_version(actor=mona, version_id=version.pk)
    with pytest.raises(Conflict):
        retire_version(actor=mona, version_id=version.pk)


def test_refuses_the_wrong_role(registry, ada, integrator):
    version = registry.register()
    for actor in (ada, integrator):
        with pytest.raises(Forbidden):
            retire_version(actor=actor, version_id=version.pk)


def test_hides_from_globex(registry, gil):
    with pytest.raises(NotFound):
        retire_version(actor=gil, version_id=registry.register().pk)

"""Writing an obligation down."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone

from hitl_platform.pipeline import doorbell
from hitl_platform.pipeline.services import NewStep, enqueue, enqueue_many
from hitl_platform.tenants.scope import tenant_scope
from tests.pipeline.kinds import KIND


def test_one_obligation_is_one_row_however_often_it_is_written(acme, steps):
    subject = uuid4()
    with tenant_scope(acme.id):
        assert enqueue(KIND, tenant_id=acme.id, subject_id=subject) == 1
        assert enqueue(KIND, tenant_id=acme.id, subject_id=subject) == 0
        assert enqueue(KIND, tenant_id=acme.id, subject_id=subject, dedupe_key="second round") == 1
    assert [step.dedupe_key for step in steps()] == ["", "second round"]


def test_a_step_stands_for_its_subject_unless_told_otherwise(acme, steps):
    subject, cases = uuid4(), [uuid4(), uuid4()]
    with tenant_scope(acme.id):
        rows = [NewStep(subject), NewStep(uuid4(), cases, cause="model_timeout"), NewStep(uuid4(), ())]
        enqueue_many(KIND, tenant_id=acme.id, rows=rows)
    single, chunk, chore = steps()
    assert single.case_ids == [subject]
    assert (chunk.case_ids, chunk.case_count, chunk.cause) == (cases, 2, "model_timeout")
    assert (chore.case_ids, chore.case_count) == ([], 0)


def test_an_obligation_of_later_is_not_due(acme, steps):
    later = timezone.now() + timedelta(minutes=5)
    with tenant_scope(acme.id):
        enqueue(KIND, tenant_id=acme.id, subject_id=uuid4(), run_at=later)
    (step,) = steps()
    assert step.run_at == later
    assert step.hinted_at is None


def test_an_unknown_kind_is_refused(acme):
    with tenant_scope(acme.id), pytest.raises(LookupError):
        enqueue("guess", tenant_id=acme.id, subject_id=uuid4())


def test_an_obligation_of_another_tenant_is_refused(acme, globex):
    with tenant_scope(acme.id), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        enqueue(KIND, tenant_id=globex.id, subject_id=uuid4())


def test_a_lease_without_token_cannot_be_stored(acme, write_steps):
    write_steps(1)
    with (
        tenant_scope(acme.id),
        pytest.raises(IntegrityError, match="no_lease_without_token"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("update pipeline_step set state = 'leased'")


def test_the_doorbell_rings_once_a_transaction_for_each_kind(acme, django_capture_on_commit_callbacks):
    before = doorbell.counts["rung"]
    with django_capture_on_commit_callbacks(execute=True) as callbacks, tenant_scope(acme.id):
        for _ in range(3):
            enqueue(KIND, tenant_id=acme.id, subject_id=uuid4())
        enqueue("score", tenant_id=acme.id, subject_id=uuid4())
        enqueue("route", tenant_id=acme.id, subject_id=uuid4(), run_at=timezone.now() + timedelta(hours=1))
    assert len(callbacks) == 2
    assert doorbell.ringer.flush(patience=10)
    assert doorbell.counts["rung"] == before + 2

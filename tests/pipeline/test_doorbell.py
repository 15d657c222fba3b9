"""The doorbell is a hint: it never fails a request, never holds one up, and carries no authority."""

import os
import socket
import time
import warnings

import pytest

from hitl_platform.celery import app
from hitl_platform.pipeline import doorbell, tasks
from tests.pipeline.kinds import KIND


@pytest.fixture
def no_broker(monkeypatch):
    """A port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(app.conf, "broker_url", f"redis://:secret@127.0.0.1:{port}/0")


@pytest.fixture
def deaf_broker(monkeypatch):
    """A port that accepts and never answers."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(8)
        monkeypatch.setattr(app.conf, "broker_url", f"redis://:secret@127.0.0.1:{deaf.getsockname()[1]}/0")
        yield


def test_it_rings(acme):
    assert doorbell.ring(KIND, tenant_id=acme.id)


def test_a_burst_behind_requests_is_a_few_messages(acme, django_capture_on_commit_callbacks):
    before = doorbell.counts["rung"]
    for _ in range(200):
        with django_capture_on_commit_callbacks(execute=True):
            doorbell.ring_on_commit(KIND, tenant_id=acme.id)
    assert doorbell.ringer.flush(patience=10)
    assert 1 <= doorbell.counts["rung"] - before < 100


def test_no_request_waits_for_a_broker_that_does_not_answer(acme, deaf_broker, django_capture_on_commit_callbacks):
    before = doorbell.counts["failed"]
    with django_capture_on_commit_callbacks(execute=True):
        doorbell.ring_on_commit(KIND, tenant_id=acme.id)
    # the answer is there while the message still waits for the broker
    assert doorbell.counts["failed"] == before
    assert doorbell.ringer.flush(patience=10)
    assert doorbell.counts["failed"] == before + 1


def test_a_forked_process_rings_too(acme):
    doorbell.ringer.ask(doorbell._Ring(KIND, acme.id))
    assert doorbell.ringer.flush(patience=10)
    with warnings.catch_warnings():
        # later Pythons warn of any fork beside a thread; Celery forks its workers, so this has to hold
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        doorbell.ringer.ask(doorbell._Ring(KIND, acme.id))
        os._exit(0 if doorbell.ringer.flush(patience=10) else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_broker_that_is_away_is_counted_and_not_raised(acme, no_broker, caplog):
    before = doorbell.counts["failed"]
    assert not doorbell.ring(KIND, tenant_id=acme.id)
    assert doorbell.counts["failed"] == before + 1
    assert "the broker is away" in caplog.text
    assert "secret" not in caplog.text


def test_a_broker_that_does_not_answer_costs_one_timeout_and_not_one_each(acme, deaf_broker):
    started = time.monotonic()
    rung = [doorbell.ring(KIND, tenant_id=acme.id) for _ in range(500)]
    assert not any(rung)
    assert time.monotonic() - started < 2.5
    assert doorbell.counts["skipped"] >= 499


def test_it_rings_again_when_the_broker_is_back(acme, no_broker, monkeypatch, caplog):
    doorbell.ring(KIND, tenant_id=acme.id)
    monkeypatch.undo()
    monkeypatch.setattr(doorbell.circuit, "_open_until", time.monotonic() - 0.01)
    assert doorbell.ring(KIND, tenant_id=acme.id)
    assert "rings again" in caplog.text
    assert not doorbell.circuit.is_open


@pytest.mark.parametrize(("kind", "tenant"), [("guess", None), (KIND, "no uuid"), (KIND, ""), ("", None)])
def test_a_message_that_makes_no_sense_is_dropped(acme, seen, write_steps, kind, tenant, caplog):
    write_steps(1)
    assert tasks.answer_doorbell(kind, str(acme.id) if tenant is None else tenant) == 0
    assert seen.batches == []
    assert "dropped" in caplog.text


def test_a_forged_message_runs_only_what_is_due_anyway(acme, globex, seen, write_steps):
    write_steps(2)
    assert tasks.answer_doorbell(KIND, str(globex.id)) == 0
    assert tasks.answer_doorbell(KIND, str(acme.id)) == 2


def test_the_engine_takes_json_alone():
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"
    assert app.conf.task_publish_retry is False
    assert not app.conf.task_acks_late
    assert app.conf.worker_prefetch_multiplier == 1

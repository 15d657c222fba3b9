import json
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from cases.models import Case, CasePayload, CaseType
from cases.payloads import canonical_payload, payload_digest
from cases.schemas import MAX_SUBMISSION_BYTES
from cases.services import bulk, open_bulk, submit_lines
from hitl_platform.kernel.errors import Forbidden, NotFound
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.pipeline.models import Step
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from tests.cases.loans import make_loan_type, submission


def line(external_id: str, **changes: Any) -> bytes:
    return json.dumps(submission(external_id, **changes)).encode()


def send(actor: Actor, lines: Iterable[bytes | None], from_line: int = 1) -> list[dict[str, Any]]:
    version = open_bulk(actor=actor, case_type_key="loan")
    return list(submit_lines(actor=actor, version=version, lines=enumerate(lines, 1), from_line=from_line))


def summary(last_line: int, accepted: int, existing: int = 0, rejected: int = 0) -> dict[str, Any]:
    counts = {"last_line": last_line, "accepted": accepted, "existing": existing, "rejected": rejected}
    return {"summary": counts}


def test_good_lines_are_kept_and_bad_ones_named_by_line_and_field(
    loan_type: CaseType, integrator: Actor, acme: Any
) -> None:
    reports = send(
        integrator,
        [
            line("L-1"),
            line("L-2", payload={"amount": -1, "purpose": "car"}),
            b'{"external_id": "L-3", "payload": {"amount": NaN}}',
            line("L-4", importance="high"),
            line("L-1"),
            line("L-1", importance=3),
            None,
            b'{"external_id": "L-5", "external_id": "L-6", "payload": {}}',
            b"[]",
            line("L-7"),
        ],
    )
    assert [(each.get("line"), each.get("code"), list(each.get("errors", {}))) for each in reports[:-1]] == [
        (2, "invalid", ["payload.amount"]),
        (3, "not_json", []),
        (4, "invalid", ["importance"]),
        (6, "external_id_taken", ["importance"]),
        (7, "too_large", []),
        (8, "duplicate_key", ["external_id"]),
        (9, "invalid", ["$"]),
    ]
    assert reports[-1] == summary(10, accepted=2, existing=1, rejected=7)
    with tenant_scope(acme.id):
        assert set(Case.objects.values_list("external_id", flat=True)) == {"L-1", "L-7"}


def test_a_chunk_has_one_event_and_one_step_and_each_case_its_story(
    loan_type: CaseType, integrator: Actor, at_acme: None
) -> None:
    send(integrator, [line(f"L-{n}") for n in range(30)])
    event = AuditEvent.objects.get(verb="case.submitted")
    step = Step.objects.get(kind="score")
    cases = list(Case.objects.order_by("id"))
    assert [case.external_id for case in cases] == [f"L-{n}" for n in range(30)]
    assert step.case_ids == [case.pk for case in cases]
    assert all(case.event_ids == [event.pk] for case in cases)
    for stored in CasePayload.objects.all():
        digest = payload_digest(bytes(stored.salt), canonical_payload(stored.payload)).hex()
        assert event.body["items"][str(stored.case_id)]["payload_sha256"] == digest


def test_a_stream_is_stored_chunk_by_chunk_and_tells_how_far_it_is(
    loan_type: CaseType, integrator: Actor, at_acme: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MAX_CHUNK_LINES", 10)
    monkeypatch.setattr(bulk, "PROGRESS_EVERY_LINES", 20)
    reports = send(integrator, [line(f"L-{n}") for n in range(45)])
    assert [each["progress"]["last_line"] for each in reports[:-1]] == [20, 40]
    assert reports[-1] == summary(45, accepted=45)
    assert AuditEvent.objects.filter(verb="case.submitted").count() == 5


def test_a_chunk_is_bounded_in_bytes(
    loan_type: CaseType, integrator: Actor, at_acme: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MAX_CHUNK_BYTES", 3_000)
    note = "x" * 1_000
    payload = {"amount": 1, "purpose": "car", "note": note}
    send(integrator, [line(f"L-{n}", payload=payload) for n in range(9)])
    assert AuditEvent.objects.filter(verb="case.submitted").count() == 3


def test_going_on_behind_the_last_line_told(loan_type: CaseType, integrator: Actor, at_acme: None) -> None:
    lines = [line(f"L-{n}") for n in range(6)]
    assert send(integrator, lines[:4])[-1] == summary(4, accepted=4)
    assert send(integrator, lines, from_line=5)[-1] == summary(6, accepted=2)
    assert send(integrator, lines)[-1] == summary(6, accepted=0, existing=6)
    assert Case.objects.count() == 6


def test_a_file_that_is_wrong_as_a_whole_is_given_up(
    loan_type: CaseType, integrator: Actor, at_acme: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MAX_CHUNK_LINES", 10)
    monkeypatch.setattr(bulk, "MAX_BAD_LINES", 15)
    reports = send(integrator, [line("L-0"), *[b"{}"] * 100])
    assert reports[-1]["summary"] == {
        "last_line": 20,
        "accepted": 1,
        "existing": 0,
        "rejected": 19,
        "stopped": "too_many_bad_lines",
    }
    assert Case.objects.count() == 1


def test_a_client_that_falls_silent_is_not_waited_for(
    loan_type: CaseType, integrator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MAX_CHUNK_LINES", 2)
    monkeypatch.setattr(bulk, "MAX_SILENCE_SECONDS", 0.2)
    over = threading.Event()

    def lines() -> Iterator[bytes]:
        yield from (line("L-1"), line("L-2"))
        over.wait(30)

    assert send(integrator, lines())[-1]["summary"] == {
        "last_line": 2,
        "accepted": 2,
        "existing": 0,
        "rejected": 0,
        "stopped": "client_silent",
    }
    over.set()


def test_a_database_that_goes_away_is_told_and_what_was_stored_stays(
    committed: Any, cast: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MAX_CHUNK_LINES", 2)
    acme, integrator = cast.tenants["acme"], cast.keys["acme"]
    make_loan_type(acme.id)

    def lines() -> Iterator[bytes]:
        yield from (line("L-1"), line("L-2"))
        with psycopg.connect(settings.SUPERUSER_DATABASE_URL, autocommit=True) as superuser:
            superuser.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and usename = 'hitl_app'",
                [committed.name],
            )
        yield from (line("L-3"), line("L-4"))

    last = send(integrator, lines())[-1]["summary"]
    assert last["stopped"] == "unavailable"
    assert last["accepted"] == last["last_line"]
    connection.close()
    with tenant_scope(acme.id):
        assert Case.objects.count() == last["accepted"]
    assert (
        send(integrator, [line(f"L-{n}") for n in range(1, 5)], from_line=last["last_line"] + 1)[-1]["summary"][
            "accepted"
        ]
        == 4 - last["accepted"]
    )


def test_an_empty_stream_has_a_summary(loan_type: CaseType, integrator: Actor) -> None:
    assert send(integrator, []) == [summary(0, accepted=0)]


def test_a_reviewer_may_not(loan_type: CaseType, alice: Actor) -> None:
    with pytest.raises(Forbidden):
        send(alice, [line("L-1")])


def test_globex_finds_no_such_case_type(loan_type: CaseType, gil: Actor) -> None:
    with pytest.raises(NotFound):
        send(gil, [line("L-1")])


def test_a_line_is_bounded(loan_type: CaseType, integrator: Actor) -> None:
    reports = send(
        integrator, [line("L-1", payload={"amount": 1, "purpose": "car", "note": "x" * MAX_SUBMISSION_BYTES})]
    )
    assert reports[0]["code"] == "too_large"

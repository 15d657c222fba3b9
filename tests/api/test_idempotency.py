import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone
from rest_framework.test import APIClient

from cases.models import Case, CaseType
from hitl_platform.doors.models import IdempotencyRecord
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.tenants.models import Tenant
from hitl_platform.tenants.scope import tenant_scope
from tests.api.conftest import is_problem
from tests.cases.loans import make_loan_type, submission
from tests.conftest import api_client

PATH = "/api/v1/cases/"


def submit(api: APIClient, key: str | None, external_id: str = "L-1", path: str = PATH) -> Any:
    headers = {} if key is None else {"HTTP_IDEMPOTENCY_KEY": key}
    return api.post(path, submission(external_id) | {"case_type": "loan"}, format="json", **headers)


def test_the_same_request_again_has_the_same_answer(loan_type: CaseType, api: APIClient) -> None:
    first, again = submit(api, "k-1"), submit(api, "k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Location"] == first["Location"]
    assert again["Content-Type"] == first["Content-Type"]
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    with tenant_scope(loan_type.tenant_id):
        assert AuditEvent.objects.filter(verb="case.submitted").count() == 1


def test_another_request_under_the_key_is_refused(loan_type: CaseType, api: APIClient) -> None:
    submit(api, "k-1")
    assert is_problem(submit(api, "k-1", "L-2"), 422, "idempotency_key_reused")
    assert is_problem(submit(api, "k-1", path="/api/v1/cases/?x=1"), 422, "idempotency_key_reused")
    with tenant_scope(loan_type.tenant_id):
        assert Case.objects.count() == 1


def test_a_request_still_being_answered_is_a_conflict(loan_type: CaseType, api: APIClient) -> None:
    database = settings.DATABASES["default"]
    with psycopg.connect(
        host=database["HOST"],
        port=database["PORT"],
        user=database["USER"],
        password=database["PASSWORD"],
        dbname=connection.settings_dict["NAME"],
    ) as other:
        name = f"idempotency:{loan_type.tenant_id}:k-1"
        other.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        response = submit(api, "k-1")
        assert is_problem(response, 409, "idempotency_key_in_progress")
        assert response["Retry-After"] == "1"
        assert submit(api, "k-2").status_code == 201
    assert submit(api, "k-1").status_code == 200


def test_refusals_are_not_kept(api: APIClient, acme: Tenant) -> None:
    assert is_problem(submit(api, "k-1"), 400)
    make_loan_type(acme.id)
    assert submit(api, "k-1").status_code == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256, "a\tb"])
def test_a_key_is_visible_ascii(key: str, api: APIClient, loan_type: CaseType) -> None:
    response = submit(api, key)
    assert is_problem(response, 400, "invalid")
    assert "Idempotency-Key" in response.json()["errors"]


def test_keys_are_the_tenants_own(loan_type: CaseType, api: APIClient, foreign_api: APIClient, globex: Tenant) -> None:
    make_loan_type(globex.id)
    mine, theirs = submit(api, "k-1"), submit(foreign_api, "k-1")
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["id"] != theirs.json()["id"]


def test_a_key_past_its_time_is_free_again(
    loan_type: CaseType, api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(api, "k-1")
    later = timezone.now() + timedelta(hours=73)
    monkeypatch.setattr("hitl_platform.doors.idempotency.timezone.now", lambda: later)
    assert submit(api, "k-1", "L-2").status_code == 201
    with tenant_scope(loan_type.tenant_id):
        assert IdempotencyRecord.objects.count() == 1


def test_a_key_without_the_right_replays_nothing(
    loan_type: CaseType, api: APIClient, key_with: Callable[..., APIClient]
) -> None:
    submit(api, "k-1")
    assert is_problem(submit(key_with("cases:read"), "k-1"), 403)


@pytest.mark.parametrize("key", [None, "one-key"])
def test_a_race_makes_one_case(key: str | None, committed: Any, cast: Any) -> None:
    acme = cast.tenants["acme"]
    make_loan_type(acme.id)
    barrier, answers = threading.Barrier(4), []

    def race() -> None:
        try:
            client = api_client("acme")
            barrier.wait(10)
            answers.append(submit(client, key))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    statuses = sorted(answer.status_code for answer in answers)
    assert len(statuses) == 4
    if key is None:
        assert statuses == [200, 200, 200, 201]
    else:
        # whoever came while the first was under way may ask again; whoever came later had its answer
        assert set(statuses) <= {201, 409}
        assert statuses[0] == 201
    with tenant_scope(acme.id):
        assert Case.objects.count() == 1
        assert AuditEvent.objects.filter(verb="case.submitted").count() == 1

"""Whatever bytes come in, the answer is a problem document or a case, and never a crash."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from cases.models import Case, CaseType
from hitl_platform.tenants.scope import tenant_scope
from tests.api.conftest import is_problem
from tests.cases.loans import submission
from tests.kernel.test_strict_json import HOSTILE

ROUTES = ["/api/v1/cases/", "/api/v1/case-types/", "/api/v1/case-types/loan/revisions"]


def post(api: APIClient, path: str, body: bytes | str) -> Any:
    return api.generic("POST", path, body, content_type="application/json")


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("path", ROUTES)
def test_hostile_bodies(name: str, path: str, api: APIClient, loan_type: CaseType) -> None:
    body, code = HOSTILE[name]
    response = post(api, path, body)
    if name == "nothing":
        code = "invalid"  # an absent body is an empty object, which lacks its fields
    assert is_problem(response, 400, code)


@pytest.mark.parametrize("name", [name for name in HOSTILE if name not in ("nothing", "blanks")])
def test_hostile_payloads(name: str, api: APIClient, loan_type: CaseType) -> None:
    body = HOSTILE[name][0]
    text = body.encode() if isinstance(body, str) else body
    response = post(api, "/api/v1/cases/", b'{"case_type": "loan", "external_id": "L", "payload": ' + text + b"}")
    assert is_problem(response, 400)
    with tenant_scope(loan_type.tenant_id):
        assert not Case.objects.exists()


@pytest.mark.parametrize("body", ["[]", "1", "1.5", "null", '"x"', "true"])
def test_bodies_that_are_no_object(body: str, api: APIClient, loan_type: CaseType) -> None:
    for path in ROUTES:
        assert is_problem(post(api, path, body), 400, "not_an_object")


@pytest.mark.parametrize(
    "text", ["😀", "\u202eabc", "e\u0301", "é", "\uff11", "\u2028", "\ufeff", "\uffff", "<b>", "{{x}}"]
)
def test_texts_of_any_kind_come_back_as_they_were(text: str, api: APIClient, loan_type: CaseType) -> None:
    loan = submission(payload={"amount": 1, "purpose": "car", "note": text}) | {"case_type": "loan"}
    for ascii_only in (True, False):
        response = post(api, "/api/v1/cases/", json.dumps(loan, ensure_ascii=ascii_only).encode())
        assert response.status_code in (200, 201)
        stored = api.get(f"/api/v1/cases/{response.json()['id']}/").json()
        assert stored["payload"]["note"] == text


def test_look_alike_external_ids_are_not_two_cases(api: APIClient, loan_type: CaseType) -> None:
    for external_id, status in [("Café", 201), ("Cafe\u0301", 400), ("Café\u200b", 400)]:
        loan = submission(external_id) | {"case_type": "loan"}
        assert api.post("/api/v1/cases/", loan, format="json").status_code == status
    with tenant_scope(loan_type.tenant_id):
        assert Case.objects.count() == 1


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["case_type", "external_id", "payload", "attributes", "importance", "due_at", "subject_ref"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(st.dictionaries(st.sampled_from([*FIELDS, "label", "observed_at", "source", "reason", "key", "name"]), anything))
def test_any_json_is_answered(api: APIClient, loan: Case, body: dict[str, object]) -> None:
    loan_like = submission() | {"case_type": "loan"}
    for path, known in [
        ("cases/", loan_like | body),
        ("case-types/", body),
        ("case-types/loan/revisions", body),
        (f"cases/{loan.pk}/outcomes", {"label": "approve", "observed_at": "2026-01-01T00:00:00Z"} | body),
        (f"cases/{loan.pk}/withdraw", body),
    ]:
        assert post(api, f"/api/v1/{path}", json.dumps(known)).status_code < 500


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(st.binary(max_size=60))
def test_any_bytes_are_answered(api: APIClient, loan_type: CaseType, body: bytes) -> None:
    assert is_problem(post(api, "/api/v1/cases/", body), 400)

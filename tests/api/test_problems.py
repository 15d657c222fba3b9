from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from cases.models import Case, CaseType
from hitl_platform.kernel.ids import uuid7
from tests.api.conftest import is_problem
from tests.cases.loans import submission


def test_unknown_routes_below_api_are_problems(api: APIClient) -> None:
    assert is_problem(api.get("/api/v1/nothing"), 404, "not_found")
    assert is_problem(api.get("/api/v2/cases/"), 404, "not_found")
    assert is_problem(api.get("/api/v1/cases/not-a-uuid/"), 404, "not_found")


def test_a_slash_at_the_end_makes_no_other_address(api: APIClient, loan: Case) -> None:
    for path in (f"cases/{loan.pk}", "cases", f"cases/{loan.pk}/timeline", "case-types/loan"):
        bare, slashed = api.get(f"/api/v1/{path}"), api.get(f"/api/v1/{path}/")
        assert bare.status_code == slashed.status_code == 200, path
        assert bare.content == slashed.content
    body = {"case_type": "loan", **submission("L-2")}
    assert api.post("/api/v1/cases", body, format="json").status_code == 201


def test_a_foreign_case_is_told_like_a_random_one(loan: Case, foreign_api: APIClient) -> None:
    foreign = foreign_api.get(f"/api/v1/cases/{loan.pk}/")
    random = foreign_api.get(f"/api/v1/cases/{uuid7()}/")
    unrouted = foreign_api.get("/api/v1/nothing")
    assert is_problem(foreign, 404, "not_found")
    assert foreign.content == random.content == unrouted.content


def test_other_methods(api: APIClient, loan: Case) -> None:
    response = api.delete(f"/api/v1/cases/{loan.pk}/")
    assert is_problem(response, 405, "method_not_allowed")
    assert response["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "x", ""])
def test_other_media_types(media_type: str, api: APIClient, loan_type: CaseType) -> None:
    response = api.generic("POST", "/api/v1/cases/", "x", content_type=media_type)
    assert is_problem(response, 415, "unsupported_media_type")


def test_answers_in_another_form_are_not_to_be_had(api: APIClient, loan_type: CaseType) -> None:
    assert is_problem(api.get("/api/v1/cases/", HTTP_ACCEPT="text/html"), 406, "not_acceptable")


@pytest.mark.parametrize("header", ["Bearer hitl_wrong", "Bearer ", "Basic YTpi", "bearer\t", "Bearer \udcff"])
def test_a_wrong_key_opens_nothing_and_says_how(header: str, db: None) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=header)
    response = client.get("/api/v1/cases/")
    assert is_problem(response, 401)
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_key_is_not_helped_by_a_session(client_for: Any, mona: Any) -> None:
    assert is_problem(
        client_for(mona).get("/api/v1/cases/", headers={"Authorization": "Bearer hitl_wrong"}), 401, "bad_key"
    )


def test_members_need_the_form_token(client_for: Any, mona: Any, loan_type: CaseType) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client_for(mona).cookies
    response = strict.post("/api/v1/cases/", {}, content_type="application/json")
    assert is_problem(response, 403, "csrf_failed")


def test_fields_are_named(api: APIClient, loan_type: CaseType) -> None:
    body = submission(payload={"amount": -1, "purpose": "car"}) | {"case_type": "loan", "colour": "red"}
    response = api.post("/api/v1/cases/", body, format="json")
    assert is_problem(response, 400, "invalid")
    assert response.json()["errors"] == {"colour": ["There is no such field."]}
    del body["colour"]
    errors = api.post("/api/v1/cases/", body, format="json").json()["errors"]
    assert list(errors) == ["payload.amount"]


def test_a_body_past_the_limit(api: APIClient, loan_type: CaseType) -> None:
    response = api.generic(
        "POST", "/api/v1/cases/", b'{"a": "' + b"x" * 1_100_000 + b'"}', content_type="application/json"
    )
    assert is_problem(response, 413, "too_large")
    keyed = api.generic(
        "POST", "/api/v1/cases/", b" " * 1_100_000, content_type="application/json", HTTP_IDEMPOTENCY_KEY="k"
    )
    assert is_problem(keyed, 413, "too_large")

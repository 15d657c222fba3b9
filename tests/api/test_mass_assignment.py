"""Whatever a client adds to a body, it sets nothing but what the schema names."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from cases.models import Case, CaseType, CaseTypeVersion, Decision, Outcome
from hitl_platform.tenants.models import Tenant
from hitl_platform.tenants.scope import tenant_scope
from tests.api.conftest import is_problem
from tests.cases.loans import loan_definition, submission

ALWAYS = (
    "tenant",
    "tenant_id",
    "id",
    "pk",
    "is_staff",
    "is_superuser",
    "role",
    "roles",
    "scopes",
    "state",
    "created_at",
)


def names_of(*models: Any) -> list[str]:
    columns = {field.attname for model in models for field in model._meta.concrete_fields}
    return sorted(columns | {field.name for model in models for field in model._meta.concrete_fields} | set(ALWAYS))


BODIES: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "cases/": (
        "cases/",
        submission() | {"case_type": "loan"},
        names_of(Case, Decision),
    ),
    "case-types/": (
        "case-types/",
        loan_definition() | {"key": "boat", "name": "Boat"},
        names_of(CaseType, CaseTypeVersion),
    ),
    "revisions": ("case-types/loan/revisions", loan_definition(), names_of(CaseTypeVersion)),
    "outcomes": (
        "cases/{}/outcomes",
        {"label": "approve", "observed_at": "2026-01-01T00:00:00Z"},
        names_of(Outcome),
    ),
    "withdraw": ("cases/{}/withdraw", {}, names_of(Case)),
}
FORGED = [(route, name) for route, (_, body, names) in BODIES.items() for name in names if name not in body]
ALLOWED = {
    "cases/": {"importance", "due_at", "subject_ref", "attributes"},
    "outcomes": {"source"},
}


@pytest.mark.parametrize(("route", "name"), [each for each in FORGED if each[1] not in ALLOWED.get(each[0], set())])
def test_a_field_of_the_row_is_no_field_of_the_body(
    route: str, name: str, api: APIClient, loan: Case, globex: Tenant
) -> None:
    path, body, _ = BODIES[route]
    response = api.post(f"/api/v1/{path.format(loan.pk)}", body | {name: str(globex.id)}, format="json")
    assert is_problem(response, 400, "invalid")
    assert name in response.json()["errors"]
    with tenant_scope(loan.tenant_id):
        loan.refresh_from_db()
        assert loan.state == "received"
        assert not Outcome.objects.exists()
        assert CaseTypeVersion.objects.count() == 1


def test_another_tenants_case_type_is_no_case_type(api: APIClient, foreign_api: APIClient, loan_type: CaseType) -> None:
    response = foreign_api.post("/api/v1/cases/", submission() | {"case_type": "loan"}, format="json")
    assert is_problem(response, 400, "invalid")
    assert list(response.json()["errors"]) == ["case_type"]


def test_protected_attributes_leave_by_no_route(api: APIClient, loan_type: CaseType) -> None:
    body = submission(attributes={"sex": "female", "age_band": "canary-77"}) | {"case_type": "loan"}
    made = api.post("/api/v1/cases/", body, format="json")
    for path in ("cases/", f"cases/{made.json()['id']}/", f"cases/{made.json()['id']}/timeline", "decisions/"):
        answer = api.get(f"/api/v1/{path}")
        assert answer.status_code == 200
        assert b"canary-77" not in answer.content + made.content
        assert b"female" not in answer.content

"""What an integrator does in a day, through HTTP."""

from rest_framework.test import APIClient

from cases.models import Case
from cases.services import score_cases
from hitl_platform.kernel.ids import uuid7
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from tests.api.conftest import is_problem
from tests.cases.loans import loan_definition, submission
from tests.cases.test_arrows import decided


def test_from_case_type_to_outcome(api: APIClient, integrator: Actor) -> None:
    made = api.post("/api/v1/case-types/", loan_definition() | {"key": "loan", "name": "Loan"}, format="json")
    assert made.status_code == 201
    assert made["Location"] == "/api/v1/case-types/loan/"
    assert api.get(made["Location"]).json() == made.json()
    assert [each["key"] for each in api.get("/api/v1/case-types/").json()] == ["loan"]
    revised = api.post("/api/v1/case-types/loan/revisions", loan_definition(question="Grant?"), format="json")
    assert (revised.status_code, revised.json()["version"]) == (201, 2)

    loan = submission() | {"case_type": "loan"}
    submitted = api.post("/api/v1/cases/", loan, format="json")
    assert submitted.status_code == 201
    assert api.post("/api/v1/cases/", loan, format="json").status_code == 200
    other = api.post("/api/v1/cases/", loan | {"importance": 9}, format="json")
    assert is_problem(other, 409, "external_id_taken")

    path = submitted["Location"]
    with tenant_scope(integrator.tenant_id):
        case = Case.objects.get()
        score_cases(actor=integrator, case_ids=[case.pk], event_id=uuid7())
        decided(integrator, case)
    full = api.get(path).json()
    assert (full["state"], full["type_version"], full["payload"]["amount"]) == ("decided", 2, 1200.5)
    assert [each["label"] for each in full["decisions"]] == ["approve"]
    assert api.get(f"{path}decisions").json() == full["decisions"]
    assert api.get("/api/v1/decisions/").json()["items"] == full["decisions"]
    assert is_problem(api.post(f"{path}withdraw", {}, format="json"), 409, "case_not_received_or_scored_or_in_review")

    truth = {"label": "decline", "observed_at": "2026-04-01T00:00:00Z", "source": "ledger of repayments"}
    assert api.post(f"{path}outcomes", truth, format="json").status_code == 201
    assert api.post(f"{path}outcomes", truth, format="json").status_code == 200
    assert [each["label"] for each in api.get(f"{path}outcomes").json()] == ["decline"]
    story = api.get(f"{path}timeline").json()
    assert [each["verb"] for each in story] == ["case.submitted", "outcome.posted"]
    assert len(story[0]["body"]["payload_sha256"]) == 64


def test_a_withdrawn_case(api: APIClient, loan: Case) -> None:
    path = f"/api/v1/cases/{loan.pk}/"
    assert api.post(f"{path}withdraw", {"reason": "by phone"}, format="json").json()["state"] == "withdrawn"
    assert is_problem(api.post(f"{path}withdraw", {}, format="json"), 409)
    assert [each["verb"] for each in api.get(f"{path}timeline").json()] == ["case.submitted", "case.withdrawn"]

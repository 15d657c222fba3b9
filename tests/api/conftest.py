from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from cases.models import Case, CaseType
from hitl_platform.access.services import create_key
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.models import Tenant
from tests.cases.loans import make_case, make_loan_type


@pytest.fixture
def loan_type(acme: Tenant) -> CaseType:
    return make_loan_type(acme.id)


@pytest.fixture
def loan(loan_type: CaseType, integrator: Actor) -> Case:
    """One loan at acme, received."""
    return make_case(integrator)


@pytest.fixture
def key_with(acme: Tenant) -> Callable[..., APIClient]:
    """The API with a key of acme's that has these scopes alone."""

    def client_with(*scopes: str) -> APIClient:
        _, secret = create_key(actor=system_actor(acme.id, "setup"), name="narrow", scopes=scopes)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client

    return client_with


def is_problem(response: Any, status: int, code: str | None = None) -> bool:
    """Whether a response is a problem document of this status (and code)."""
    body = response.json()
    return (
        response.status_code == status
        and response["Content-Type"] == "application/problem+json"
        and body["status"] == status
        and {"type", "title", "detail", "code"} <= set(body)
        and code in (None, body["code"])
    )

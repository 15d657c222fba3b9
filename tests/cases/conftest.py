from collections.abc import Iterator

import pytest

from cases.models import Case, CaseType
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Tenant
from hitl_platform.tenants.scope import tenant_scope
from tests.cases.loans import make_case, make_loan_type


@pytest.fixture
def loan_type(acme: Tenant) -> CaseType:
    return make_loan_type(acme.id)


@pytest.fixture
def loan(loan_type: CaseType, integrator: Actor) -> Case:
    """One loan at acme, received."""
    return make_case(integrator)


@pytest.fixture
def at_acme(acme: Tenant) -> Iterator[None]:
    """The test's own reads happen at acme."""
    with tenant_scope(acme.id):
        yield

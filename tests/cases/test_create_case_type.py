import pytest

from cases import queries
from cases.models import CaseType
from cases.services import create_case_type
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from tests.cases.loans import loan_definition


def create(actor: Actor, key: str = "loan") -> CaseType:
    return create_case_type(actor=actor, key=key, name="Loan", definition=loan_definition())


def test_a_manager_creates_a_case_type_with_its_first_version(mona: Actor, at_acme: None) -> None:
    create(mona)
    version = queries.get_current_version(mona, "loan")
    assert version.version == 1
    assert version.question == "Should this loan be granted?"
    assert version.costs["decline"] == {"approve": 5, "decline": 0}


def test_a_taken_key_is_a_conflict_and_leaves_nothing(mona: Actor, at_acme: None) -> None:
    first = create(mona)
    with pytest.raises(Conflict):
        create(mona)
    assert list(CaseType.objects.all()) == [first]


def test_a_wrong_definition_is_refused(mona: Actor, at_acme: None) -> None:
    with pytest.raises(Invalid):
        create_case_type(actor=mona, key="loan", name="Loan", definition=loan_definition(labels=[]))
    with pytest.raises(Invalid):
        create_case_type(actor=mona, key="loan", name="Lo\u202ean", definition=loan_definition())
    assert not CaseType.objects.exists()


def test_a_reviewer_may_not(alice: Actor) -> None:
    with pytest.raises(Forbidden):
        create(alice)


def test_globex_neither_sees_it_nor_loses_the_key(mona: Actor, gil: Actor) -> None:
    create(mona)
    with tenant_scope(gil.tenant_id):
        with pytest.raises(NotFound):
            queries.get_case_type(gil, "loan")
        assert create(gil).key == "loan"


def test_it_is_recorded(mona: Actor, at_acme: None) -> None:
    case_type = create(mona)
    event = AuditEvent.objects.get(verb="case_type.created")
    assert event.subject_id == case_type.pk
    assert event.body["key"] == "loan"
    assert len(event.body["definition_sha256"]) == 64

import pytest

from cases import queries
from cases.models import Case, CaseType, CaseTypeVersion
from cases.services import revise_case_type
from hitl_platform.kernel.errors import Forbidden, Invalid, NotFound
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.tenants.actor import Actor
from tests.cases.loans import loan_definition, make_case


def revise(actor: Actor, question: str = "Grant it?") -> CaseTypeVersion:
    return revise_case_type(actor=actor, case_type_key="loan", definition=loan_definition(question=question))


def test_what_comes_later_is_under_the_new_version(loan: Case, mona: Actor, integrator: Actor, at_acme: None) -> None:
    assert revise(mona).version == 2
    assert revise(mona, "Really?").version == 3
    later = make_case(integrator, "L-2")
    assert (loan.type_version.version, later.type_version.version) == (1, 3)
    assert queries.get_current_version(mona, "loan").question == "Really?"


def test_a_wrong_definition_changes_nothing(loan_type: CaseType, mona: Actor, at_acme: None) -> None:
    with pytest.raises(Invalid):
        revise(mona, "")
    assert queries.get_current_version(mona, "loan").version == 1


def test_a_reviewer_may_not(loan_type: CaseType, alice: Actor) -> None:
    with pytest.raises(Forbidden):
        revise(alice)


def test_globex_finds_nothing_to_revise(loan_type: CaseType, gil: Actor) -> None:
    with pytest.raises(NotFound):
        revise(gil)


def test_it_is_recorded(loan_type: CaseType, mona: Actor, at_acme: None) -> None:
    version = revise(mona)
    event = AuditEvent.objects.get(verb="case_type.revised")
    assert event.body["version"] == 2
    assert event.body["version_id"] == str(version.pk)

import pytest

from cases.models import Case
from cases.services import score_cases, withdraw_case
from cases.states import CaseState
from hitl_platform.kernel.errors import Conflict, Forbidden, NotFound
from hitl_platform.kernel.ids import uuid7
from hitl_platform.ledger.models import AuditEvent, AuditPersonal
from hitl_platform.pipeline.models import Step
from hitl_platform.tenants.actor import Actor
from tests.cases.test_arrows import decided


def test_an_open_case_is_withdrawn_and_its_reviews_are_closed(loan: Case, integrator: Actor, at_acme: None) -> None:
    score_cases(actor=integrator, case_ids=[loan.pk], event_id=uuid7())
    withdraw_case(actor=integrator, case_id=loan.pk, reason="the applicant called")
    loan.refresh_from_db()
    assert loan.state == CaseState.WITHDRAWN
    assert Step.objects.get(kind="withdraw").subject_id == loan.pk


def test_a_decided_or_withdrawn_case_is_a_conflict(loan: Case, integrator: Actor, at_acme: None) -> None:
    withdraw_case(actor=integrator, case_id=loan.pk)
    with pytest.raises(Conflict):
        withdraw_case(actor=integrator, case_id=loan.pk)
    Case.objects.filter(pk=loan.pk).update(state=CaseState.SCORED)
    decided(integrator, loan)
    with pytest.raises(Conflict, match="decided"):
        withdraw_case(actor=integrator, case_id=loan.pk)


def test_a_compliance_officer_sees_it_and_may_not(loan: Case, ada: Actor) -> None:
    with pytest.raises(Forbidden):
        withdraw_case(actor=ada, case_id=loan.pk)


def test_a_reviewer_and_globex_find_nothing(loan: Case, alice: Actor, gil: Actor) -> None:
    for actor in (alice, gil):
        with pytest.raises(NotFound):
            withdraw_case(actor=actor, case_id=loan.pk)


def test_it_is_recorded_and_the_reason_can_be_erased(loan: Case, integrator: Actor, at_acme: None) -> None:
    withdraw_case(actor=integrator, case_id=loan.pk, reason="the applicant called")
    event = AuditEvent.objects.get(verb="case.withdrawn")
    assert event.case_id == loan.pk
    assert "applicant" not in str(event.body) + str(event.personal)
    assert AuditPersonal.objects.get(event_id=event.pk).value == "the applicant called"

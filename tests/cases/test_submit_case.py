from datetime import UTC, datetime
from typing import Any

import pytest

from cases import queries
from cases.models import Case, CaseAttributes, CaseFacet, CasePayload, CaseType
from cases.services import submit_case
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.pipeline.models import Step
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from tests.cases.loans import make_case, make_loan_type, submission


def test_a_case_is_stored_with_its_payload_attributes_and_facets(
    loan_type: CaseType, integrator: Actor, at_acme: None
) -> None:
    case = make_case(
        integrator, attributes={"sex": "female"}, importance=2.5, due_at="2030-01-01T12:00:00+02:00", subject_ref="C-9"
    )
    assert (case.state, case.importance, case.subject_ref) == ("received", 2.5, "C-9")
    assert case.due_at == datetime(2030, 1, 1, 10, tzinfo=UTC)
    assert CasePayload.objects.get(case=case).payload["amount"] == 1200.5
    assert CaseAttributes.objects.get(case=case).attributes == {"sex": "female"}
    facets = {facet.key: facet for facet in CaseFacet.objects.filter(case=case)}
    assert facets["amount"].float_value == 1200.5
    assert facets["purpose"].text_value == "car"
    assert facets["applied_on"].time_value == datetime(2026, 3, 1, tzinfo=UTC)


def test_it_leaves_a_step_to_score_it(loan: Case, at_acme: None) -> None:
    step = Step.objects.get(kind="score")
    assert (step.subject_id, step.case_ids) == (loan.pk, [loan.pk])


def test_the_same_content_again_is_the_same_case(loan: Case, integrator: Actor, at_acme: None) -> None:
    again = submission()
    again["payload"] = dict(reversed(list(again["payload"].items())))
    assert submit_case(actor=integrator, case_type_key="loan", submission=again) == (loan, False)
    assert Case.objects.count() == 1
    assert Step.objects.count() == 1
    assert AuditEvent.objects.filter(verb="case.submitted").count() == 1


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"payload": {"amount": 1200.5, "purpose": "boat", "applied_on": "2026-03-01"}}, "payload"),
        ({"attributes": {"sex": "male"}}, "attributes"),
        ({"importance": 2}, "importance"),
        ({"due_at": "2030-01-01T00:00:00Z"}, "due_at"),
        ({"subject_ref": "C-1"}, "subject_ref"),
    ],
)
def test_other_content_under_the_same_external_id_is_a_conflict(
    changes: dict[str, Any], named: str, loan: Case, integrator: Actor
) -> None:
    with pytest.raises(Conflict, match=named) as refused:
        make_case(integrator, **changes)
    assert refused.value.code == "external_id_taken"


def test_the_same_external_id_under_another_case_type_is_another_case(loan: Case, integrator: Actor) -> None:
    make_loan_type(integrator.tenant_id, key="car-loan")
    other, new = submit_case(actor=integrator, case_type_key="car-loan", submission=submission())
    assert new
    assert other != loan


INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "no external id": ({"external_id": ""}, "external_id"),
    "a number as external id": ({"external_id": 7}, "external_id"),
    "a long external id": ({"external_id": "x" * 201}, "external_id"),
    "an external id with a bidi override": ({"external_id": "L\u202e1"}, "external_id"),
    "an external id with a zero-width space": ({"external_id": "L\u200b1"}, "external_id"),
    "an external id in decomposed form": ({"external_id": "Cafe\u0301"}, "external_id"),
    "an external id with a space at its end": ({"external_id": "L-1 "}, "external_id"),
    "an external id of two lines": ({"external_id": "L\n1"}, "external_id"),
    "no payload": ({"payload": None}, "payload"),
    "a payload without its amount": ({"payload": {"purpose": "car"}}, "payload.amount"),
    "an amount of zero": ({"payload": {"amount": 0, "purpose": "car"}}, "payload.amount"),
    "an amount as a text": ({"payload": {"amount": "12", "purpose": "car"}}, "payload.amount"),
    "an unknown property": ({"payload": {"amount": 1, "purpose": "car", "sex": "f"}}, "payload.sex"),
    "a date that is none": (
        {"payload": {"amount": 1, "purpose": "car", "applied_on": "2026-02-30"}},
        "payload.applied_on",
    ),
    "a wrong item of a list": (
        {"payload": {"amount": 1, "purpose": "car", "history": [{"month": 1}, {"month": "x"}]}},
        "payload.history[1].month",
    ),
    "a facet of great length": ({"payload": {"amount": 1, "purpose": "x" * 201}}, "payload.purpose"),
    "an unknown attribute": ({"attributes": {"religion": "x"}}, "attributes.religion"),
    "an attribute not in its list": ({"attributes": {"sex": "x"}}, "attributes.sex"),
    "a negative importance": ({"importance": -1}, "importance"),
    "a due time without a zone": ({"due_at": "2030-01-01T00:00:00"}, "due_at"),
    "a due time that is none": ({"due_at": "tomorrow"}, "due_at"),
    "a due time before the first year": ({"due_at": "0001-01-01T00:00:00+14:00"}, "due_at"),
    "a leap second": ({"due_at": "2016-12-31T23:59:60Z"}, "due_at"),
    "a state": ({"state": "decided"}, "state"),
    "a tenant": ({"tenant": "globex"}, "tenant"),
}


@pytest.mark.parametrize("name", INVALID)
def test_what_is_wrong_is_named_and_leaves_nothing(
    name: str, loan_type: CaseType, integrator: Actor, at_acme: None
) -> None:
    changes, place = INVALID[name]
    with pytest.raises(Invalid) as refused:
        submit_case(actor=integrator, case_type_key="loan", submission=submission() | changes)
    assert list(refused.value.fields) == [place]
    assert not Case.objects.exists()


def test_a_refusal_does_not_repeat_what_was_sent(loan_type: CaseType, integrator: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        make_case(integrator, payload={"amount": "secret-7", "purpose": "car"}, attributes={"sex": "secret-8"})
    assert "secret" not in repr((refused.value.message, refused.value.fields))


def test_whom_it_concerns_and_who_brought_it_are_kept(loan_type: CaseType, mona: Actor, alice: Actor) -> None:
    case = make_case(mona, subject_ref="Alice@Example.org")
    assert (case.submitter_id, case.subject_user_id) == (mona.id, alice.id)


def test_a_key_is_no_submitter_and_a_stranger_no_member(loan_type: CaseType, integrator: Actor) -> None:
    case = make_case(integrator, subject_ref="gil@example.org")
    assert (case.submitter_id, case.subject_user_id) == (None, None)


def test_an_unknown_case_type_is_named(integrator: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        submit_case(actor=integrator, case_type_key="loan", submission=submission())
    assert list(refused.value.fields) == ["case_type"]


def test_a_reviewer_may_not(loan_type: CaseType, alice: Actor) -> None:
    with pytest.raises(Forbidden):
        make_case(alice)


def test_globex_does_not_see_it(loan: Case, gil: Actor) -> None:
    with tenant_scope(gil.tenant_id), pytest.raises(NotFound):
        queries.get_case(gil, loan.pk)


def test_reviewers_see_no_cases_but_through_their_seats(loan: Case, alice: Actor, at_acme: None) -> None:
    with pytest.raises(NotFound):
        queries.get_case(alice, loan.pk)


def test_it_is_recorded_without_what_it_says(loan_type: CaseType, integrator: Actor, at_acme: None) -> None:
    case = make_case(integrator, attributes={"sex": "female"})
    event = AuditEvent.objects.get(pk=case.event_ids[0])
    assert (event.verb, event.actor["kind"]) == ("case.submitted", "key")
    assert set(event.body["items"]) == {str(case.pk)}
    assert set(event.body["items"][str(case.pk)]) == {"payload_sha256", "attributes_sha256"}
    assert "female" not in str(event.body)

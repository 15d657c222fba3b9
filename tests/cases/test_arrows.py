"""What upper floors do to sets of cases: one statement, and only the cases in a source state move."""

from typing import Any
from uuid import UUID

import pytest

from cases.models import Case, CaseType, Decision
from cases.services import NewDecision, decide_cases, review_cases, score_cases
from cases.states import CaseState
from hitl_platform.kernel.ids import uuid7
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from tests.cases.loans import make_case, make_loan_type


def decided(
    actor: Actor, *cases: Case, label: str = "approve", event_id: UUID | None = None, **more: Any
) -> list[NewDecision]:
    event = event_id or uuid7()
    return decide_cases(
        actor=actor,
        decisions=[
            NewDecision(case_id=case.pk, label=label, made_by="model", event_id=event, **more) for case in cases
        ],
    )


def states() -> dict[str, str]:
    return dict(Case.objects.values_list("external_id", "state"))


@pytest.fixture
def three(loan_type: CaseType, integrator: Actor, at_acme: None) -> list[Case]:
    return [make_case(integrator, f"L-{n}") for n in range(3)]


def test_received_cases_are_scored_and_keep_the_event(three: list[Case], integrator: Actor) -> None:
    event = uuid7()
    ids = [case.pk for case in three[:2]]
    assert set(score_cases(actor=integrator, case_ids=ids, event_id=event)) == set(ids)
    assert states() == {"L-0": "scored", "L-1": "scored", "L-2": "received"}
    three[0].refresh_from_db()
    assert three[0].event_ids[-1] == event
    assert len(three[0].event_ids) == 2


def test_what_is_no_longer_received_is_left_alone(three: list[Case], integrator: Actor) -> None:
    score_cases(actor=integrator, case_ids=[three[0].pk], event_id=uuid7())
    again = score_cases(actor=integrator, case_ids=[case.pk for case in three], event_id=uuid7())
    assert set(again) == {three[1].pk, three[2].pk}
    three[0].refresh_from_db()
    assert len(three[0].event_ids) == 2


def test_received_and_scored_cases_go_to_review(three: list[Case], integrator: Actor) -> None:
    score_cases(actor=integrator, case_ids=[three[0].pk], event_id=uuid7())
    taken = review_cases(actor=integrator, case_ids=[case.pk for case in three[:2]], event_id=uuid7())
    assert len(taken) == 2
    assert states() == {"L-0": "in_review", "L-1": "in_review", "L-2": "received"}


def test_scored_cases_are_decided(three: list[Case], integrator: Actor) -> None:
    score_cases(actor=integrator, case_ids=[case.pk for case in three[:2]], event_id=uuid7())
    event, policy = uuid7(), uuid7()
    made = decided(
        integrator,
        *three,
        event_id=event,
        confidence=0.75,
        posterior={"approve": 0.75},
        policy_id=policy,
        reason_codes=["income"],
    )
    assert {decision.case_id for decision in made} == {three[0].pk, three[1].pk}
    stored = Decision.objects.get(case=three[0])
    assert stored.pk in {decision.id for decision in made}
    assert (stored.sequence, stored.label, stored.confidence, stored.posterior) == (
        1,
        "approve",
        0.75,
        {"approve": 0.75},
    )
    assert (stored.policy_id, stored.reason_codes, stored.event_id) == (policy, ["income"], event)
    three[0].refresh_from_db()
    assert (three[0].state, three[0].decision_id, three[0].decided_at) == ("decided", stored.pk, stored.decided_at)
    assert three[0].event_ids[-1] == event
    assert states()["L-2"] == "received"


def test_decisions_of_a_case_form_a_history(three: list[Case], integrator: Actor) -> None:
    score_cases(actor=integrator, case_ids=[three[0].pk], event_id=uuid7())
    first = decided(integrator, three[0])[0]
    assert decided(integrator, three[0]) == []
    Case.objects.filter(pk=three[0].pk).update(state=CaseState.IN_REVIEW)
    second = decided(integrator, three[0], label="decline")[0]
    stored = Decision.objects.get(pk=second.id)
    assert (stored.sequence, stored.supersedes_id) == (2, first.id)


def test_a_label_that_the_case_type_lacks_decides_nothing(three: list[Case], integrator: Actor) -> None:
    score_cases(actor=integrator, case_ids=[three[0].pk], event_id=uuid7())
    with pytest.raises(ValueError, match="no such label"):
        decided(integrator, three[0], label="defer")


def test_two_decisions_of_one_case_in_one_set_are_refused(three: list[Case], integrator: Actor) -> None:
    with pytest.raises(ValueError, match="one case"):
        decided(integrator, three[0], three[0])


def test_nothing_is_nothing(three: list[Case], integrator: Actor) -> None:
    assert score_cases(actor=integrator, case_ids=[], event_id=uuid7()) == []
    assert decide_cases(actor=integrator, decisions=[]) == []


def test_another_tenants_cases_do_not_move(loan_type: CaseType, integrator: Actor, foreign_integrator: Actor) -> None:
    case = make_case(integrator)
    make_loan_type(foreign_integrator.tenant_id)
    with tenant_scope(foreign_integrator.tenant_id):
        assert score_cases(actor=foreign_integrator, case_ids=[case.pk], event_id=uuid7()) == []
        assert decided(foreign_integrator, case) == []
    with tenant_scope(integrator.tenant_id):
        assert states() == {"L-1": "received"}

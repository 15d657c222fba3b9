from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from cases import queries
from cases.models import Case, Outcome
from cases.services import post_outcome
from hitl_platform.kernel.errors import Forbidden, Invalid, NotFound
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.tenants.actor import Actor

THEN = datetime(2026, 5, 1, tzinfo=UTC)


def post(actor: Actor, case: Case, label: str = "approve", at: datetime = THEN) -> tuple[Outcome, bool]:
    return post_outcome(actor=actor, case_id=case.pk, label=label, observed_at=at, source="repayments")


def test_an_outcome_is_kept_and_a_later_one_supersedes_it(loan: Case, integrator: Actor, at_acme: None) -> None:
    first, new = post(integrator, loan)
    assert new
    second, _ = post(integrator, loan, "decline", THEN + timedelta(days=1))
    third, _ = post(integrator, loan)
    assert list(queries.outcomes_of(loan)) == [first, second, third]
    assert (second.supersedes_id, third.supersedes_id) == (first.pk, second.pk)


def test_the_standing_outcome_again_changes_nothing(loan: Case, integrator: Actor, at_acme: None) -> None:
    first, _ = post(integrator, loan)
    assert post(integrator, loan) == (first, False)
    assert Outcome.objects.count() == 1
    assert AuditEvent.objects.filter(verb="outcome.posted").count() == 1


def test_an_unknown_label_and_the_future_are_refused(loan: Case, integrator: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        post(integrator, loan, "defer")
    assert list(refused.value.fields) == ["label"]
    with pytest.raises(Invalid) as refused:
        post(integrator, loan, at=timezone.now() + timedelta(hours=1))
    assert list(refused.value.fields) == ["observed_at"]


def test_a_compliance_officer_sees_the_case_and_may_not(loan: Case, ada: Actor) -> None:
    with pytest.raises(Forbidden):
        post(ada, loan)


def test_a_reviewer_and_globex_find_nothing(loan: Case, alice: Actor, gil: Actor) -> None:
    for actor in (alice, gil):
        with pytest.raises(NotFound):
            post(actor, loan)


def test_it_is_recorded(loan: Case, integrator: Actor, at_acme: None) -> None:
    outcome, _ = post(integrator, loan)
    event = AuditEvent.objects.get(verb="outcome.posted")
    assert (event.subject_id, event.case_id) == (outcome.pk, loan.pk)
    assert event.body == {"label": "approve", "supersedes": None}

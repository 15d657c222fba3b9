"""An appeal from its arrival to its answer: who may bring it, who hears it, what may be said."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from audits import appeal_queries
from audits.models import Appeal
from audits.services.appeal_rules import set_appeal_rule
from audits.services.appeals import answer_appeal, receive_appeal, send_waiting, withdraw_appeal
from cases.models import Case, Decision
from cases.services import withdraw_case
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.ledger.models import AuditPersonal
from hitl_platform.notices.models import Notice
from hitl_platform.tenants.actor import Actor
from reviews.models import Panel, Seat, SlaClock
from reviews.services import create_template, revoke_queue
from tests.audits.appealing import STATEMENT, Court, open_court
from tests.reviews.conftest import REVIEWERS, Office, code_of


@pytest.fixture
def court(office: Office, ada: Actor) -> Court:
    return open_court(office, ada)


def test_an_appeal_is_heard_by_others_and_its_decision_supersedes(court: Court, ada: Actor) -> None:
    case = court.decided()
    appeal = court.appeal(case)
    assert (appeal.state, court.office.case(case).state) == ("in_review", "in_review")
    court.hear("approve")
    heard = court.now(appeal)
    assert heard.state == "in_review"
    assert heard.result is not None
    assert heard.waits_for
    answered = answer_appeal(actor=ada, appeal_id=appeal.pk, outcome="reversed", answer="The savings are an asset.")
    assert (answered.state, answered.outcome, answered.waits_for) == ("decided", "reversed", "")
    with court.office.scope():
        history = list(Decision.objects.filter(case=case).order_by("sequence"))
        assert [each.label for each in history] == ["decline", "approve"]
        assert history[1].supersedes_id == history[0].pk == answered.decision_id
        assert history[1].panel_id == answered.panel_id
    assert court.office.case(case).decision_id == heard.result_id
    verbs = [
        event.verb
        for verb in ("received", "sent", "heard", "answered")
        for event in court.office.events(f"appeal.{verb}", case_id=case.pk)
    ]
    assert verbs == ["appeal.received", "appeal.sent", "appeal.heard", "appeal.answered"]
    assert court.office.events("case.reopened", case_id=case.pk)


def test_what_the_person_says_stands_beside_the_ledger_and_not_in_it(court: Court) -> None:
    appeal = court.appeal(court.decided())
    (event,) = court.office.events("appeal.received")
    assert STATEMENT not in str(event.body)
    assert "statement" in event.personal
    with court.office.scope():
        assert AuditPersonal.objects.get(event_id=event.pk).value == STATEMENT
        assert Panel.objects.get(pk=appeal.panel_id).plea == STATEMENT


def test_whoever_decided_is_given_no_appeal_of_it(court: Court) -> None:
    court.appeal(court.decided("alice"))
    assert court.claim("alice") is None
    assert court.claim("bob") is not None


def test_whoever_decided_does_not_answer_it(court: Court, cast: Any) -> None:
    case = court.decided("alice")
    appeal = court.appeal(case)
    court.hear("decline")
    alice = cast.people["alice"]
    both = Actor("user", alice.id, alice.tenant_id, roles=alice.roles | {"compliance_officer"})
    with pytest.raises(Forbidden) as refusal:
        answer_appeal(actor=both, appeal_id=appeal.pk, outcome="upheld", answer="As before.")
    assert code_of(refusal) == "own_decision"


def test_the_outcome_is_what_the_decisions_bear_out(court: Court, ada: Actor) -> None:
    appeal = court.appeal(court.decided())
    with pytest.raises(Conflict) as early:
        answer_appeal(actor=ada, appeal_id=appeal.pk, outcome="upheld", answer="As before.")
    assert code_of(early) == "appeal_not_heard"
    court.hear("decline")
    for wrong in ("reversed", "partly", "", "granted"):
        with pytest.raises(Invalid):
            answer_appeal(actor=ada, appeal_id=appeal.pk, outcome=wrong, answer="Because.")
    with pytest.raises(Invalid):
        answer_appeal(actor=ada, appeal_id=appeal.pk, outcome="upheld", answer=" ")
    assert answer_appeal(actor=ada, appeal_id=appeal.pk, outcome="upheld", answer="Because.").outcome == "upheld"


def test_only_a_decided_case_is_appealed_and_only_once(court: Court, integrator: Actor, ada: Actor) -> None:
    (case,) = court.office.bring()
    with pytest.raises(Conflict) as undecided:
        court.appeal(case)
    assert code_of(undecided) == "case_not_decided"
    court.office.judge(court.office.people["alice"], "decline")
    court.office.drain()
    appeal = court.appeal(case)
    again, new = receive_appeal(actor=integrator, case_id=case.pk, statement=STATEMENT)
    assert (again.pk, new) == (appeal.pk, False)
    with pytest.raises(Conflict):
        court.appeal(case, "Something else.")
    court.hear("approve")
    with pytest.raises(Conflict) as heard:
        court.appeal(case, "Once more.")
    assert code_of(heard) == "already_heard"


def test_an_appeal_that_comes_too_late_is_refused(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = court.office.manager
    set_appeal_rule(actor=manager, case_type_key="loan", queue_key="appeals", template_key="appeal", open_days=1)
    case = court.decided()
    later = timezone.now() + timedelta(days=2)
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: later)
        with pytest.raises(Conflict) as refusal:
            court.appeal(case)
    assert code_of(refusal) == "appeal_too_late"
    assert court.appeal(case).state == "in_review"


def test_what_is_erased_cannot_be_judged_again(court: Court) -> None:
    case = court.decided()
    with court.office.scope():
        Case.objects.filter(pk=case.pk).update(reduced_at=timezone.now(), erased_at=timezone.now())
    with pytest.raises(Conflict) as refusal:
        court.appeal(case)
    assert code_of(refusal) == "case_erased"


def test_the_deadline_counts_from_the_arrival_and_the_clock_runs(court: Court) -> None:
    appeal = court.appeal(court.decided())
    assert timedelta(days=29) < appeal.due_at - appeal.received_at <= timedelta(days=30)
    with court.office.scope():
        assert SlaClock.objects.get(panel_id=appeal.panel_id).due_at == appeal.due_at
        assert {seat.due_at for seat in Seat.objects.filter(panel_id=appeal.panel_id)} == {appeal.due_at}


def test_without_a_rule_it_waits_and_the_officers_are_told(office: Office, ada: Actor) -> None:
    court = Court(office)
    case = court.decided()
    appeal = court.appeal(case)
    assert appeal.state == "received"
    assert "Nobody has said" in appeal.waits_for
    assert office.case(case).state == "decided"
    with office.scope():
        assert Notice.objects.filter(recipient_id=ada.id, path=f"/audits/appeals/{appeal.pk}/").count() == 1
    send_waiting(actor=ada, appeal_id=appeal.pk)
    with office.scope():
        assert Notice.objects.filter(recipient_id=ada.id).count() == 1
    open_court(office, ada)
    assert court.now(appeal).state == "in_review"


def test_taken_back_the_decision_stands_again(court: Court, integrator: Actor) -> None:
    case = court.decided()
    appeal = court.appeal(case)
    assert withdraw_appeal(actor=integrator, appeal_id=appeal.pk).state == "withdrawn"
    after = court.office.case(case)
    assert (after.state, after.decision_id) == ("decided", appeal.decision_id)
    assert court.claim("bob") is None
    # and may be appealed again
    assert court.appeal(case, "I have thought again.").state == "in_review"


def test_heard_it_is_not_taken_back(court: Court, integrator: Actor) -> None:
    appeal = court.appeal(court.decided())
    court.hear("decline")
    with pytest.raises(Conflict) as refusal:
        withdraw_appeal(actor=integrator, appeal_id=appeal.pk)
    assert code_of(refusal) == "appeal_heard"


def test_a_case_that_is_withdrawn_ends_its_appeal(court: Court, integrator: Actor) -> None:
    case = court.decided()
    appeal = court.appeal(case)
    withdraw_case(actor=integrator, case_id=case.pk)
    court.office.drain("withdraw")
    court.office.drain("appeal")
    ended = court.now(appeal)
    assert (ended.state, ended.withdrawn_because) == ("withdrawn", "case_withdrawn")


def test_appeals_are_heard_in_a_queue_of_their_own_by_people(court: Court, ada: Actor) -> None:
    court.decided()
    with pytest.raises(Invalid) as shared:
        set_appeal_rule(actor=ada, case_type_key="loan", queue_key="loans", template_key="appeal")
    assert "queue" in shared.value.fields
    create_template(
        actor=court.office.manager,
        key="with_model",
        name="With the model",
        seats=1,
        seats_max=2,
        confirms_model=True,
        advice="hidden",
    )
    with pytest.raises(Invalid) as voiced:
        set_appeal_rule(actor=ada, case_type_key="loan", queue_key="appeals", template_key="with_model")
    assert "template" in voiced.value.fields


def test_each_wrong_field_is_named(court: Court, ada: Actor) -> None:
    with pytest.raises(Invalid) as refusal:
        set_appeal_rule(
            actor=ada,
            case_type_key="loan",
            queue_key="nowhere",
            template_key="appeal",
            answer_within="soon",
            calendar_key="never",
            open_days=0,
        )
    assert set(refusal.value.fields) == {"queue", "answer_within", "calendar", "open_days"}


def test_who_may_what(court: Court, alice: Actor, mel: Actor, integrator: Actor, foreign_integrator: Actor) -> None:
    case = court.decided()
    for actor in (alice, mel):
        with pytest.raises((Forbidden, NotFound)):
            receive_appeal(actor=actor, case_id=case.pk, statement="I say so.")
    appeal = court.appeal(case)
    for actor in (alice, mel):
        with court.office.scope(), pytest.raises(NotFound):
            appeal_queries.get_appeal(actor, appeal.pk)
    with pytest.raises(Forbidden):
        answer_appeal(actor=integrator, appeal_id=appeal.pk, outcome="upheld", answer="No.")
    with pytest.raises(NotFound):
        withdraw_appeal(actor=foreign_integrator, appeal_id=appeal.pk)


def test_the_database_refuses_a_second_appeal_of_one_decision(court: Court) -> None:
    appeal = court.appeal(court.decided())
    with court.office.scope(), transaction.atomic(), pytest.raises(IntegrityError, match="no_second_appeal"):
        Appeal.objects.create(
            tenant_id=appeal.tenant_id,
            case_id=appeal.case_id,
            case_type_id=appeal.case_type_id,
            decision_id=appeal.decision_id,
            statement="x",
            door="api",
            due_at=appeal.due_at,
        )


def test_an_appeal_that_finds_nobody_says_so(court: Court, ada: Actor) -> None:
    for name in REVIEWERS:
        if name != "alice":
            person = court.office.people[name]
            revoke_queue(actor=court.office.manager, queue_key="appeals", user_id=person.id)
    appeal = court.appeal(court.decided("alice"))
    assert appeal.state == "in_review"
    assert "nobody may take 2 seats" in appeal.waits_for
    with court.office.scope():
        assert Notice.objects.filter(recipient_id=ada.id, subject__contains="finds nobody").count() == 1

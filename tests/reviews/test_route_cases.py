"""The routing step: each case goes where its policy says, and the record says why."""

from typing import Any

import pytest

from cases.models import Case
from cases.services import revise_case_type, withdraw_case
from hitl_platform.kernel.errors import Conflict
from hitl_platform.pipeline.models import Step
from hitl_platform.tenants.actor import Actor
from models_registry.models import Prediction
from reviews.models import Panel, RoutingRecord
from reviews.services import create_queue, create_template, update_queue
from tests.reviews import lending
from tests.reviews.conftest import Office


def record_of(office: Office, case: Case) -> RoutingRecord:
    with office.scope():
        return RoutingRecord.objects.select_related("queue", "policy").get(case=case)


class TestWithAPolicy:
    @pytest.fixture(autouse=True)
    def champion(self, office: Office, crown: Any) -> None:
        crown()

    def test_decides_the_confident_ones_and_asks_people_about_the_rest(self, office: Office) -> None:
        policy = office.activate()
        small, middling, large = office.bring(100, 10_000, 19_900)
        decided = [office.decision(case) for case in (small, middling, large)]
        assert [d and d.label for d in decided] == ["approve", None, "decline"]
        assert decided[0] is not None
        assert (decided[0].made_by, decided[0].policy_id) == ("model", policy.pk)
        assert [office.case(case).state for case in (small, middling, large)] == ["decided", "in_review", "decided"]
        assert len(office.seats(middling)) == 1

    def test_the_record_says_why_in_words(self, office: Office) -> None:
        office.activate()
        small, middling = office.bring(100, 10_000)
        auto, review = record_of(office, small), record_of(office, middling)
        with office.scope():
            prediction = Prediction.objects.get(case=small)
        assert (auto.route, auto.cause, auto.label, auto.queue) == ("auto", "threshold", "approve", None)
        assert auto.prediction_id == prediction.pk
        assert auto.sampling_probability == 0
        assert auto.thresholds["probability"] == prediction.confidence
        assert auto.thresholds["words"].startswith("probability of approve 0.9")
        assert "above its threshold 0.9" in auto.thresholds["words"]
        assert (review.route, review.cause, review.label, review.sampling_probability) == (
            "review", "below_threshold", None, 1,
        )  # fmt: skip
        assert "below its threshold 0.9" in review.thresholds["words"]

    def test_the_first_rule_that_fires_decides(self, office: Office, mona: Actor) -> None:
        create_queue(actor=mona, key="large", name="Large", template_key="panel")
        office.activate(
            rules=[
                {"name": "large loans", "when": "case.amount > 15000", "action": "review", "queue": "large"},
                {"name": "education", "when": "case.purpose == 'education'", "action": "auto", "label": "approve"},
            ]
        )
        (large,) = office.bring(19_900)
        (case,) = office.bring(payload=lending.payload(10_000, purpose="education"))
        record = record_of(office, large)
        assert (record.route, record.cause, record.rule) == ("review", "rule", "large loans")
        assert record.queue is not None
        assert record.queue.key == "large"
        assert record.conditions[0]["because"] == ["amount 19\u202f900 is 4900 above 15\u202f000"]
        decision = office.decision(case)
        assert decision is not None
        assert (decision.label, decision.made_by) == ("approve", "model")
        told = record_of(office, case).conditions
        assert [(each["rule"], each["outcome"]) for each in told] == [
            ("large loans", "not_fired"), ("education", "fired"),
        ]  # fmt: skip
        assert told[0]["because"] == ["amount 10\u202f000 is 5000 below 15\u202f000"]

    def test_a_rule_that_raises_sends_its_case_to_people(self, office: Office) -> None:
        office.activate(
            rules=[
                {"name": "ratio", "when": "case.months / (case.months - 24) > 2", "action": "auto", "label": "approve"}
            ]
        )
        (case,) = office.bring(100)
        record = record_of(office, case)
        assert (record.route, record.cause, record.rule) == ("review", "rule_failed", "ratio")
        assert "division by zero" in record.conditions[0]["because"][0]

    def test_a_case_that_was_withdrawn_meanwhile_stays_withdrawn(self, office: Office) -> None:
        office.activate()
        (case,) = office.submit(100)
        office.drain("score")
        withdraw_case(actor=office.integrator, case_id=case.pk)
        office.drain("route", "withdraw")
        assert office.case(case).state == "withdrawn"
        assert office.decision(case) is None
        with office.scope():
            assert not RoutingRecord.objects.filter(case=case).exists()

    def test_routing_twice_changes_nothing(self, office: Office) -> None:
        office.activate()
        office.bring(100, 10_000)
        with office.scope():
            Step.objects.filter(kind="route").update(state="ready", run_at="2020-01-01T00:00Z", done_at=None)
        office.drain("route")
        with office.scope():
            assert RoutingRecord.objects.count() == Panel.objects.count() + 1 == 2

    def test_each_arrow_is_one_event_of_the_chunk(self, office: Office) -> None:
        office.activate()
        small, middling = office.bring(100, 10_000)
        (decided,), (sent,) = office.events("case.decided"), office.events("case.sent_to_review")
        assert list(decided.body["items"]) == [str(small.pk)]
        assert decided.body["items"][str(small.pk)]["label"] == "approve"
        assert list(sent.body["items"]) == [str(middling.pk)]
        assert decided.pk in office.case(small).event_ids
        assert sent.pk in office.case(middling).event_ids

    def test_an_old_policy_meets_a_revised_case_type(self, office: Office, mona: Actor) -> None:
        office.activate(rules=[{"name": "cars", "when": "case.purpose == 'car'", "action": "auto", "label": "decline"}])
        labels = [{"key": "approve", "name": "Approve"}, {"key": "refer", "name": "Refer"}]
        changed = {**lending.DEFINITION, "labels": labels, "reason_codes": []}
        revise_case_type(actor=mona, case_type_key="loan", definition=changed)
        (case,) = office.bring(100)
        assert record_of(office, case).cause == "rule_failed"

    def test_a_batch_costs_a_fixed_number_of_statements(
        self, office: Office, django_assert_max_num_queries: Any
    ) -> None:
        office.activate()
        office.bring(100, 10_000)
        office.submit(*range(100, 20_000, 1_000))
        office.drain("score")
        with django_assert_max_num_queries(60):
            office.drain("route")


class TestWithoutAnAnswerOfTheModel:
    def test_without_a_model_people_decide(self, office: Office) -> None:
        office.activate()
        (case,) = office.bring(100)
        record = record_of(office, case)
        assert (record.route, record.cause, record.prediction_id) == ("review", "no_model", None)
        assert office.panel(case).why == "no_model"

    def test_rules_that_ask_the_model_or_decide_are_passed_over(self, office: Office, mona: Actor) -> None:
        create_queue(actor=mona, key="large", name="Large", template_key="panel")
        office.activate(
            rules=[
                {"name": "sure", "when": "model.confidence > 0.5", "action": "auto"},
                {"name": "small", "when": "case.amount < 500", "action": "auto", "label": "approve"},
                {"name": "any", "when": "case.amount < 5000", "action": "review", "queue": "large"},
            ]
        )
        (case,) = office.bring(100)
        record = record_of(office, case)
        assert record.queue is not None
        assert (record.route, record.cause, record.queue.key) == ("review", "no_model", "large")
        assert [each["outcome"] for each in record.conditions] == ["passed_over", "passed_over", "fired"]

    def test_without_a_policy_people_decide(self, office: Office, crown: Any) -> None:
        crown()
        (case,) = office.bring(100)
        record = record_of(office, case)
        assert (record.route, record.cause, record.policy) == ("review", "no_policy", None)
        assert office.decision(case) is None


class TestFallbackQueue:
    def test_the_queue_of_the_case_type_comes_before_one_of_any(self, office: Office, mona: Actor) -> None:
        create_queue(actor=mona, key="any", name="Any", template_key="panel")
        (case,) = office.bring()
        assert office.panel(case).queue_id == office.queue.pk

    def test_a_closed_queue_is_none(self, office: Office, mona: Actor) -> None:
        other = create_queue(actor=mona, key="any", name="Any", template_key="panel")
        update_queue(actor=mona, queue_key="loans", is_active=False)
        (case,) = office.bring()
        assert office.panel(case).queue_id == other.pk

    def test_without_any_queue_the_step_dies_visibly_and_is_done_once_there_is_one(
        self, office: Office, mona: Actor
    ) -> None:
        update_queue(actor=mona, queue_key="loans", is_active=False)
        (case,) = office.bring()
        for _ in range(12):
            office.make_due()
            office.drain("route")
        with office.scope():
            step = Step.objects.get(kind="route")
            assert step.state == "dead"
            assert "no queue" in step.last_error
        assert office.case(case).state == "received"
        update_queue(actor=mona, queue_key="loans", is_active=True)
        with office.scope():
            Step.objects.filter(pk=step.pk).update(state="ready", attempt=0, done_at=None)
        office.drain("route")
        assert office.case(case).state == "in_review"


class TestPanels:
    def test_the_seats_copy_what_a_claim_asks(self, open_office: Any) -> None:
        office = open_office(seats=3)
        (case,) = office.bring(due_at="2031-01-01T00:00:00Z", subject_ref="alice@example.org")
        seats = office.seats(case)
        assert len(seats) == 3
        assert {(s.kind, s.state, s.due_at, s.queue_id) for s in seats} == {
            ("reviewer", "open", office.case(case).due_at, office.queue.pk)
        }
        assert {s.subject_user_id for s in seats} == {office.people["alice"].id}

    def test_a_panel_keeps_the_version_it_was_built_from(self, office: Office, mona: Actor) -> None:
        (before,) = office.bring()
        create_template(actor=mona, key="panel", name="Panel", seats=2)
        (after,) = office.bring()
        assert [len(office.seats(case)) for case in (before, after)] == [1, 2]
        versions = {panel_version(office, case) for case in (before, after)}
        assert versions == {1, 2}

    def test_why_people_are_asked_gives_nothing_away(self, office: Office, crown: Any) -> None:
        crown()
        office.activate()
        cases = office.bring(9_000, 10_000, 11_000)
        whys = {office.panel(case).why for case in cases}
        assert whys <= {"two_labels_close", "not_confident"}


def panel_version(office: Office, case: Case) -> int:
    with office.scope():
        return int(Panel.objects.select_related("template").get(case=case).template.version)


def test_withdrawing_closes_panels_and_seats(open_office: Any, alice: Actor) -> None:
    office = open_office(seats=2)
    (case,) = office.bring()
    claimed = office.claim(alice)
    withdraw_case(actor=office.integrator, case_id=case.pk)
    office.drain("withdraw")
    assert office.panel(case).state == "cancelled"
    assert {seat.state for seat in office.seats(case)} == {"cancelled"}
    assert office.events("panel.cancelled")[0].case_id == case.pk
    with pytest.raises(Conflict, match="no longer asked"):
        office.submit_to(claimed, alice)

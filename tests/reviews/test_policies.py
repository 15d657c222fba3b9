"""Routing policies: drafted, approved by a second person, active until the next one; frozen once approved."""

from typing import Any

import pytest
from django.db import DatabaseError

from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.tenants.actor import Actor
from reviews.models import RoutingPolicy
from reviews.services import (
    activate_policy,
    approve_policy,
    draft_policy,
    retire_policy,
    revise_policy,
    try_policy,
)
from tests.reviews.conftest import POLICY, Office, code_of


def draft(actor: Actor, **changes: Any) -> RoutingPolicy:
    return draft_policy(actor=actor, case_type_key="loan", definition={**POLICY, **changes})


def stored(office: Office, policy: RoutingPolicy) -> RoutingPolicy:
    with office.scope():
        return RoutingPolicy.objects.get(pk=policy.pk)


class TestDraft:
    def test_makes_the_next_version(self, office: Office, mona: Actor) -> None:
        first, second = draft(mona), draft(mona)
        assert [(p.version, p.state, p.created_by) for p in (first, second)] == [
            (1, "draft", mona.id), (2, "draft", mona.id),
        ]  # fmt: skip
        event = office.events("routing_policy.drafted")[0]
        assert len(event.body["definition_sha256"]) == 64

    @pytest.mark.parametrize(
        ("changes", "place"),
        [
            ({"thresholds": {"perhaps": 0.5}}, "thresholds.perhaps"),
            ({"thresholds": {"approve": 1.5}}, "thresholds.approve"),
            ({"otherwise": {"queue": "nowhere", "template": "panel"}}, "otherwise.queue"),
            ({"otherwise": {"queue": "loans", "template": "none"}}, "otherwise.template"),
            ({"otherwise": None}, "otherwise"),
            ({"consensus": "loudest"}, "consensus"),
            ({"dispute_below": 2}, "dispute_below"),
            ({"colour": "red"}, "colour"),
            ({"rules": [{"name": "r", "when": "case.amonut > 3", "action": "review"}]}, "rules[0].when"),
            ({"rules": [{"name": "r", "when": "case.amount > 'x'", "action": "review"}]}, "rules[0].when"),
            ({"rules": [{"name": "r", "when": "case.amount", "action": "review"}]}, "rules[0].when"),
            ({"rules": [{"name": "r", "when": "case.amount >", "action": "review"}]}, "rules[0].when"),
            ({"rules": [{"name": "r", "when": "true", "action": "approve"}]}, "rules[0].action"),
            ({"rules": [{"name": "r", "when": "true", "action": "auto", "label": "x"}]}, "rules[0].label"),
            ({"rules": [{"name": "r", "when": "true", "action": "review", "queue": "x"}]}, "rules[0].queue"),
            ({"rules": [{"name": "r", "when": "true", "action": "auto", "queue": "loans"}]}, "rules[0].queue"),
            ({"rules": [{"name": "", "when": "true", "action": "auto"}]}, "rules[0].name"),
            ({"rules": "all of them"}, "rules"),
        ],
    )
    def test_names_the_place_that_is_wrong(self, office: Office, mona: Actor, changes: Any, place: str) -> None:
        with pytest.raises(Invalid) as refusal:
            draft(mona, **changes)
        assert list(refusal.value.fields) == [place]

    def test_refuses_others(self, office: Office, alice: Actor, mel: Actor, gil: Actor) -> None:
        for actor in (alice, mel):
            with pytest.raises(Forbidden):
                draft(actor)
        with pytest.raises(NotFound):
            draft(gil)


class TestRevise:
    def test_changes_a_draft_and_its_author(self, office: Office, mona: Actor, other_manager: Actor) -> None:
        policy = draft(mona)
        revise_policy(actor=other_manager, policy_id=policy.pk, definition={**POLICY, "consensus": "dawid_skene"})
        after = stored(office, policy)
        assert (after.definition["consensus"], after.created_by) == ("dawid_skene", other_manager.id)
        with pytest.raises(Forbidden):
            approve_policy(actor=other_manager, policy_id=policy.pk)
        approve_policy(actor=mona, policy_id=policy.pk)
        with pytest.raises(Conflict):
            revise_policy(actor=mona, policy_id=policy.pk, definition=POLICY)


class TestApprove:
    def test_needs_a_second_person(self, office: Office, mona: Actor, other_manager: Actor) -> None:
        policy = draft(mona)
        with pytest.raises(Forbidden) as refusal:
            approve_policy(actor=mona, policy_id=policy.pk)
        assert code_of(refusal) == "own_work"
        approved = approve_policy(actor=other_manager, policy_id=policy.pk)
        assert (approved.state, approved.approved_by) == ("approved", other_manager.id)
        assert office.events("routing_policy.approved")[0].actor["id"] == str(other_manager.id)

    def test_refuses_keys_reviewers_and_globex(
        self, office: Office, mona: Actor, integrator: Actor, alice: Actor, gil: Actor
    ) -> None:
        policy = draft(mona)
        for actor in (integrator, alice, gil):
            with pytest.raises((Forbidden, NotFound)):
                approve_policy(actor=actor, policy_id=policy.pk)

    def test_the_database_refuses_what_the_services_never_do(
        self, office: Office, mona: Actor, other_manager: Actor
    ) -> None:
        policy = draft(mona)
        with pytest.raises(DatabaseError), office.scope():
            RoutingPolicy.objects.filter(pk=policy.pk).update(state="approved", approved_by=mona.id)

    def test_an_approved_policy_never_changes(self, office: Office, mona: Actor, other_manager: Actor) -> None:
        policy = draft(mona)
        approve_policy(actor=other_manager, policy_id=policy.pk)
        with pytest.raises(DatabaseError, match="immutable"), office.scope():
            RoutingPolicy.objects.filter(pk=policy.pk).update(definition={**POLICY, "thresholds": {}})


class TestActivate:
    def test_retires_the_one_before(self, office: Office) -> None:
        first = office.activate()
        second = office.activate(thresholds={})
        assert [stored(office, policy).state for policy in (first, second)] == ["retired", "active"]
        assert len(office.events("routing_policy.activated")) == 2
        assert len(office.events("routing_policy.retired")) == 1

    def test_refuses_a_draft(self, office: Office, mona: Actor) -> None:
        with pytest.raises(Conflict):
            activate_policy(actor=mona, policy_id=draft(mona).pk)

    def test_refuses_what_no_longer_fits(self, office: Office, mona: Actor, other_manager: Actor) -> None:
        policy = draft(mona, otherwise={"queue": "loans", "template": "panel"})
        approve_policy(actor=other_manager, policy_id=policy.pk)
        with office.scope():
            type(office.queue).objects.filter(pk=office.queue.pk).update(is_active=False)
        with pytest.raises(Invalid):
            activate_policy(actor=mona, policy_id=policy.pk)

    def test_two_are_never_active(self, office: Office, mona: Actor, other_manager: Actor) -> None:
        office.activate()
        other = draft(mona)
        approve_policy(actor=other_manager, policy_id=other.pk)
        with pytest.raises(DatabaseError), office.scope():
            RoutingPolicy.objects.filter(pk=other.pk).update(state="active")


def test_retire_leaves_every_case_to_people(office: Office, mona: Actor) -> None:
    policy = office.activate(thresholds={"approve": 0.01, "decline": 0.01})
    retire_policy(actor=mona, policy_id=policy.pk)
    (case,) = office.bring()
    assert office.case(case).state == "in_review"
    with pytest.raises(Conflict):
        retire_policy(actor=mona, policy_id=policy.pk)


def test_try_tells_where_examples_would_go(office: Office, mona: Actor, alice: Actor) -> None:
    definition = {**POLICY, "rules": [{"name": "large", "when": "case.amount > 10000", "action": "review"}]}
    examples = [
        {"case": {"amount": 20_000}, "probabilities": {"approve": 0.95, "decline": 0.05}},
        {"case": {"amount": 5_000}, "probabilities": {"approve": 0.95, "decline": 0.05}},
        {"case": {"amount": 5_000}},
    ]
    large, sure, unknown = try_policy(actor=mona, case_type_key="loan", definition=definition, examples=examples)
    assert (large.auto, large.rule, large.conditions[0]["because"]) == (
        False, "large", ["amount 20\u202f000 is 10\u202f000 above 10\u202f000"],
    )  # fmt: skip
    assert (sure.auto, sure.label) == (True, "approve")
    assert (unknown.auto, unknown.cause) == (False, "no_prediction")
    with pytest.raises(Forbidden):
        try_policy(actor=alice, case_type_key="loan", definition=definition, examples=examples)

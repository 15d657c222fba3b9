"""Rules of escalation: what may be said, who puts them in force, and that a timeout never approves."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from cases.services import revise_case_type
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.tenants.actor import Actor
from reviews.models import EscalationRule
from reviews.services.escalation_rules import (
    activate_rule,
    disable_rule,
    draft_rule,
    enable_rule,
    retire_rule,
    revise_rule,
)
from tests.reviews import lending
from tests.reviews.conftest import Office, code_of
from tests.reviews.escalating import NOTIFY, Watch, watched

GOOD: dict[str, Any] = {
    "when": "case.amount > 5000.0 && case.purpose == 'car'",
    "ladder": [NOTIFY, {"after": "2h", "action": "decide", "label": "decline"}],
}


@pytest.fixture
def watch(office: Office, monkeypatch: pytest.MonkeyPatch) -> Watch:
    return watched(office, monkeypatch)


def draft(actor: Actor, definition: Any = GOOD, *, trigger: str = "sla_breached", **changes: Any) -> EscalationRule:
    named = {"key": "late", "name": "Late", "case_type_key": "loan", "trigger": trigger} | changes
    return draft_rule(actor=actor, definition=definition, **named)


def test_a_second_person_puts_a_rule_in_force_and_the_version_before_it_retires(
    watch: Watch, mona: Actor, other_manager: Actor
) -> None:
    first = draft(mona)
    with pytest.raises(Forbidden) as refusal:
        activate_rule(actor=mona, rule_id=first.pk)
    assert refusal.value.code == "own_work"
    assert activate_rule(actor=other_manager, rule_id=first.pk).state == "active"
    second = draft(other_manager)
    activate_rule(actor=mona, rule_id=second.pk)
    with watch.office.scope():
        assert list(EscalationRule.objects.order_by("version").values_list("version", "state")) == [
            (1, "retired"), (2, "active"),
        ]  # fmt: skip
    assert len(watch.office.events("escalation_rule.activated")) == 2


def test_what_was_in_force_never_changes(watch: Watch, mona: Actor, other_manager: Actor) -> None:
    rule = revise_rule(actor=other_manager, rule_id=draft(mona).pk, trigger="disagreement", definition=GOOD)
    assert rule.created_by == other_manager.id
    activate_rule(actor=mona, rule_id=rule.pk)
    with pytest.raises(Conflict) as refusal:
        revise_rule(actor=mona, rule_id=rule.pk, trigger="disagreement", definition=GOOD)
    assert code_of(refusal) == "escalation_rule_not_draft"
    with watch.office.scope(), pytest.raises(IntegrityError, match="immutable"), transaction.atomic():
        EscalationRule.objects.filter(pk=rule.pk).update(definition={})
    disable_rule(actor=mona, rule_id=rule.pk)
    assert enable_rule(actor=mona, rule_id=rule.pk).state == "active"
    assert retire_rule(actor=mona, rule_id=rule.pk).state == "retired"


def test_who_may_write_rules(watch: Watch, alice: Actor, ada: Actor, mona: Actor, gil: Actor) -> None:
    for actor in (alice, ada):
        with pytest.raises(Forbidden):
            draft(actor)
    rule = draft(mona)
    with pytest.raises(NotFound):
        activate_rule(actor=gil, rule_id=rule.pk)


@pytest.mark.parametrize(
    ("place", "definition", "trigger"),
    [
        ("definition", [], "sla_breached"),
        ("definition.colour", GOOD | {"colour": 1}, "sla_breached"),
        ("definition.when", GOOD | {"when": "case.nothing > 1"}, "sla_breached"),
        ("definition.calendar", GOOD | {"calendar": "none"}, "sla_breached"),
        ("definition.rewake", GOOD | {"rewake": "0h"}, "sla_breached"),
        ("definition.threshold", GOOD | {"threshold": 3}, "sla_breached"),
        ("definition.threshold", GOOD, "releases"),
        ("definition.threshold", GOOD | {"threshold": 1.5}, "low_confidence"),
        ("definition.threshold", GOOD | {"threshold": 1.5}, "releases"),
        ("definition.ladder", {"ladder": []}, "sla_breached"),
        ("definition.ladder", {"ladder": list(reversed(GOOD["ladder"]))}, "sla_breached"),
        ("definition.ladder[0]", {"ladder": ["notify"]}, "sla_breached"),
        ("definition.ladder[0].action", {"ladder": [{"action": "approve"}]}, "sla_breached"),
        ("definition.ladder[0].after", {"ladder": [NOTIFY | {"after": "later"}]}, "sla_breached"),
        ("definition.ladder[0].roles", {"ladder": [{"action": "notify"}]}, "sla_breached"),
        ("definition.ladder[0].roles", {"ladder": [{"action": "notify", "roles": ["boss"]}]}, "sla_breached"),
        ("definition.ladder[0].roles", {"ladder": [{"action": "notify", "people": ["x"]}]}, "sla_breached"),
        ("definition.ladder[0].queue", {"ladder": [{"action": "move", "queue": "none"}]}, "sla_breached"),
        ("definition.ladder[0].by", {"ladder": [{"action": "raise_priority", "by": True}]}, "sla_breached"),
        ("definition.ladder[0].queue", {"ladder": [{"action": "add_seat", "queue": "loans"}]}, "sla_breached"),
        ("definition.ladder[0].label", {"ladder": [{"action": "decide", "label": "approve"}]}, "sla_breached"),
        ("definition.ladder[0].label", {"ladder": [{"action": "decide", "label": "grant"}]}, "sla_breached"),
        ("trigger", GOOD, "full_moon"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_by_place(
    watch: Watch, mona: Actor, place: str, definition: Any, trigger: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        draft(mona, definition, trigger=trigger)
    assert list(refusal.value.fields) == [place]


def test_without_marked_labels_no_fallback_is_taken_and_marking_one_later_stops_a_draft(
    office: Office, mona: Actor, other_manager: Actor
) -> None:
    with pytest.raises(Invalid) as refusal:
        draft(mona)
    assert "favourable" in refusal.value.fields["definition.ladder[1].label"][0]
    labels = [{"key": "approve", "name": "Approve", "favourable": True}, {"key": "decline", "name": "Decline"}]
    revise_case_type(actor=mona, case_type_key="loan", definition=lending.DEFINITION | {"labels": labels})
    rule = draft(mona)
    labels[1]["favourable"] = True
    revise_case_type(actor=mona, case_type_key="loan", definition=lending.DEFINITION | {"labels": labels})
    with pytest.raises(Invalid):
        activate_rule(actor=other_manager, rule_id=rule.pk)


def test_the_database_refuses_a_rule_activated_by_its_author(watch: Watch, mona: Actor) -> None:
    rule = draft(mona)
    with watch.office.scope(), pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "update reviews_escalationrule set state = 'active', activated_by = created_by where id = %s", [rule.pk]
        )

"""No model, a retired one, a rule that fails, a reviewer who leaves: every case goes on to people, visibly."""

from collections.abc import Callable
from typing import Any

from hitl_platform.tenants.actor import Actor
from models_registry.services import retire_version
from reviews.models import RoutingRecord
from reviews.services import revoke_queue
from tests.journeys.conftest import Desk
from tests.reviews.conftest import Office


def cause_of(office: Office, case: Any) -> str:
    with office.scope():
        return RoutingRecord.objects.get(case=case).cause


def test_the_story(
    office: Office, crown: Callable[[], Any], alice: Actor, bob: Actor, mona: Actor, desk_of: Callable[[Actor], Desk]
) -> None:
    # before there is any model
    office.activate(
        rules=[{"name": "ratio", "when": "1000 / (case.months - 12) > 500", "action": "auto", "label": "approve"}]
    )
    (before,) = office.bring(100)
    assert cause_of(office, before) == "no_model"

    # with one, and a rule that divides by zero on one case
    version = crown()
    (sure,) = office.bring(100)
    (broken,) = office.bring(payload={"amount": 100, "months": 12, "purpose": "car"})
    assert office.case(sure).state == "decided"
    assert cause_of(office, broken) == "rule_failed"

    # and when it is gone again
    retire_version(actor=mona, version_id=version.pk)
    (after,) = office.bring(100)
    assert cause_of(office, after) == "no_model"

    # a reviewer takes a case and is taken off the queue; another finds it once the lease is over
    seat = desk_of(alice).next_case()
    assert seat is not None
    revoke_queue(actor=mona, queue_key="loans", user_id=alice.id)
    office.end_leases()
    desk = desk_of(bob)
    labels = []
    while (seat := desk.next_case()) is not None:
        desk.submit(seat, "approve")
        labels.append(seat["why"])
    assert sorted(labels) == ["no_model", "no_model", "rule_failed"]
    office.drain("consensus")
    for case in (before, broken, after):
        decision = office.decision(case)
        assert decision is not None
        assert decision.made_by == "panel"

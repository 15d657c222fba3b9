"""Nobody hears the appeal of their own decision: by no door, under no role. And never is it automation alone."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitl_platform.access import duties
from hitl_platform.kernel.errors import DomainError, Forbidden
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership, Role
from reviews.models import Escalation, Judgment, Panel, Seat
from reviews.services import Verdict, submit_judgment
from reviews.services.leases import hand_over_seat
from reviews.services.rungs import take_rung
from tests.audits.appealing import Court, open_court
from tests.reviews.conftest import Office

ROLES = st.frozensets(st.sampled_from(list(Role.values))).map(lambda more: more | {"reviewer", "adjudicator"})


@pytest.fixture
def court(office: Office, ada: Actor) -> Court:
    return open_court(office, ada)


@pytest.fixture
def seat(court: Court) -> Seat:
    """A seat of an appeal against what alice decided, put into alice's hands past the claim."""
    appeal = court.appeal(court.decided("alice"))
    with court.office.scope(), connection.cursor() as cursor:
        found = Seat.objects.filter(panel_id=appeal.panel_id).order_by("pk")[0]
        cursor.execute(
            "update reviews_seat set state = 'claimed', reviewer_id = %s, lease_token = 1, claimed_at = now(),"
            " lease_ends_at = now() + interval '1 h' where id = %s",
            [court.office.people["alice"].id, found.pk],
        )
        return found


def _submit(court: Court, seat: Seat, who: Actor, door: str, client_for: Any) -> int:
    body = {"lease_token": 1, "label": "approve"}
    if door == "service":
        try:
            submit_judgment(actor=who, seat_id=seat.pk, lease_token=1, verdict=Verdict(label="approve"))
        except DomainError as refusal:
            return 403 if isinstance(refusal, Forbidden) else 409
        return 200
    client = client_for(who)
    if door == "api":
        path = f"/api/v1/seats/{seat.pk}/submit"
        return int(client.post(path, json.dumps(body), content_type="application/json").status_code)
    return int(client.post(f"/seats/{seat.pk}/submit", body | {"rationale": "", "active_seconds": "1"}).status_code)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(door=st.sampled_from(["service", "api", "portal"]), roles=ROLES)
def test_whoever_decided_hears_no_appeal_of_it(
    court: Court, seat: Seat, client_for: Callable[..., Any], door: str, roles: frozenset[str]
) -> None:
    alice = court.office.people["alice"]
    with transaction.atomic():
        who = Actor("user", alice.id, alice.tenant_id, roles=roles)
        with court.office.scope():
            Membership.objects.filter(user_id=alice.id).update(roles=sorted(roles))
        assert _submit(court, seat, who, door, client_for) == 403
        with court.office.scope():
            assert not Judgment.objects.filter(panel_id=seat.panel_id).exists()
        transaction.set_rollback(True)


def test_the_choke_point_is_what_refuses(court: Court, seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the same act goes through: the test above can fail."""
    monkeypatch.setattr(duties, "require_may_judge", lambda *_args, **_facts: None)
    assert _submit(court, seat, court.office.people["alice"], "service", None) == 200


def test_an_appeal_is_handed_to_nobody_who_decided(court: Court) -> None:
    court.appeal(court.decided("alice"))
    seat = court.claim("bob")
    assert seat is not None
    people = court.office.people
    with pytest.raises(DomainError):
        hand_over_seat(actor=people["bob"], seat_id=seat.pk, to_user_id=people["alice"].id)


def test_no_fallback_decides_an_appeal(court: Court) -> None:
    case = court.decided("alice")
    appeal = court.appeal(case)
    with court.office.scope():
        panel = Panel.objects.get(pk=appeal.panel_id)
        escalation = Escalation(panel=panel, case_id=panel.case_id, trigger="sla_breached")
        rung = {"action": "decide", "label": "decline"}
        assert take_rung(court.office.manager, escalation=escalation, rung=rung).because == "appeal_needs_people"
    assert court.office.case(case).state == "in_review"

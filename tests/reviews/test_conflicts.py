"""Conflicts of interest: declared ones, and those that follow from what somebody did."""

from typing import Any

import pytest

from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.tenants.actor import Actor
from reviews import staffing_queries
from reviews.services import claim_next, declare_conflict, lift_conflict
from tests.reviews.conftest import Office, code_of


def claim(actor: Actor) -> Any:
    return claim_next(actor=actor, queue_key="loans")


def declare(actor: Actor, about: str, **given: Any) -> Any:
    return declare_conflict(actor=actor, **({"user_id": actor.id, "kind": "subject", "about": about} | given))


def test_a_subject_a_member_and_a_party(office: Office, cast: Any, alice: Actor, bob: Actor, mona: Actor) -> None:
    (case,) = office.bring(subject_ref="customer-7")
    for conflict in (
        declare(alice, "customer-7"),
        declare(mona, str(bob.id), user_id=alice.id, kind="person"),
        declare(alice, "car", kind="party", facet_key="purpose"),
    ):
        taken = claim(alice)
        if conflict.kind == "person":
            assert taken is not None, "bob has nothing to do with this case"
        elif conflict.kind == "subject":
            assert taken is None
            with office.scope():
                assert staffing_queries.empty_reasons(alice, office.queue).conflicts == 1
            lift_conflict(actor=mona, conflict_id=conflict.pk)
    assert office.seats(case)[0].state in ("open", "claimed")


def test_another_members_case(office: Office, alice: Actor, bob: Actor, carol: Actor) -> None:
    (case,) = office.bring(subject_ref="bob@example.org")
    declare(alice, str(bob.id), kind="person")
    assert claim(alice) is None
    assert claim(carol).case_id == case.pk


def test_an_earlier_case_of_the_same_subject_that_one_brought_in(office: Office, cast: Any, bob: Actor) -> None:
    both = Actor("user", cast.people["alice"].id, office.tenant.id, roles=frozenset({"manager", "reviewer"}))
    key, office.integrator = office.integrator, both
    (earlier,) = office.bring(subject_ref="customer-9")
    office.integrator = key
    (later,) = office.bring(subject_ref="customer-9")
    (other,) = office.bring(subject_ref="customer-10")
    assert claim(both).case_id == other.pk
    assert {claim(bob).case_id} <= {earlier.pk, later.pk}


def test_what_is_in_hand_is_given_back_at_once(office: Office, alice: Actor, bob: Actor) -> None:
    first, second = office.bring(1, 2, subject_ref="customer-7")
    seat = office.claim(alice)
    declare(alice, "customer-7")
    assert office.seat(seat).state == "open"
    (event,) = office.events("seat.released")
    assert event.body["because"] == "conflict_of_interest"
    assert claim(alice) is None
    assert claim(bob).case_id in (first.pk, second.pk)


def test_who_declares_and_who_lifts(office: Office, alice: Actor, bob: Actor, mona: Actor, gil: Actor) -> None:
    with pytest.raises(Forbidden):
        declare(alice, "customer-7", user_id=bob.id)
    conflict = declare(alice, "customer-7")
    with pytest.raises(Conflict) as refusal:
        declare(alice, "customer-7")
    assert code_of(refusal) == "conflict_exists"
    with pytest.raises(Forbidden):
        lift_conflict(actor=alice, conflict_id=conflict.pk)
    for stranger in (bob, gil):
        with pytest.raises(NotFound):
            lift_conflict(actor=stranger, conflict_id=conflict.pk)
    own = declare(mona, "customer-7")
    with pytest.raises(Forbidden):
        lift_conflict(actor=mona, conflict_id=own.pk)
    lift_conflict(actor=mona, conflict_id=conflict.pk)
    (event,) = office.events("conflict.lifted")
    assert event.body == {"user_id": str(alice.id)}


def test_names_what_is_wrong(office: Office, alice: Actor, gil: Actor) -> None:
    for field, about, given in (
        ("about", " ", {}),
        ("kind", "x", {"kind": "friend"}),
        ("facet_key", "x", {"kind": "party"}),
        ("about", str(gil.id), {"kind": "person"}),
        ("about", str(alice.id), {"kind": "person"}),
        ("about", "bob", {"kind": "person"}),
    ):
        with pytest.raises(Invalid) as refusal:
            declare(alice, about, **given)
        assert set(refusal.value.fields) == {field}

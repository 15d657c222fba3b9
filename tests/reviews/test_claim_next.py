"""Claim next: who gets which seat, once."""

from typing import Any

import pytest
from django.db import connection

from hitl_platform.kernel.errors import Conflict, Forbidden, NotFound
from hitl_platform.tenants.actor import Actor
from reviews import claim_statements, permissions, queries, staffing_queries
from reviews.services import claim_next, release_seat, save_draft, update_queue
from tests.reviews.conftest import Office, ids


def claim(actor: Actor) -> Any:
    return claim_next(actor=actor, queue_key="loans")


def test_leases_the_next_seat(office: Office, alice: Actor) -> None:
    (case,) = office.bring()
    seat = office.seat(claim(alice))
    assert (seat.case_id, seat.state, seat.reviewer_id, seat.lease_token) == (case.pk, "claimed", alice.id, 1)
    assert seat.claimed_at is not None
    assert seat.lease_ends_at is not None
    assert (seat.lease_ends_at - seat.claimed_at).total_seconds() == 900
    assert seat.first_viewed_at is None


def test_notes_the_first_view_where_the_case_is_shown_at_once(office: Office, alice: Actor) -> None:
    office.bring()
    seat = office.seat(office.claim(alice, viewed=True))
    assert seat.first_viewed_at == seat.claimed_at


def test_takes_priority_before_due_date_before_age(office: Office, cast: Any) -> None:
    old, dated, sooner, urgent = office.bring(1, 2, 3, 4)
    with office.scope(), connection.cursor() as cursor:
        for case, change in (
            (dated, "due_at = now() + interval '2 days'"),
            (sooner, "due_at = now() + interval '1 day'"),
            (urgent, "priority = 5"),
        ):
            cursor.execute(f"update reviews_seat set {change} where case_id = %s", [case.pk])
    taken = [office.claim(cast.people[name]).case_id for name in ("alice", "bob", "carol", "dave")]
    assert taken == ids([urgent, sooner, dated, old])


def test_refuses_whoever_is_no_reviewer(office: Office, mona: Actor) -> None:
    office.bring()
    with pytest.raises(Forbidden):
        claim(mona)


def test_hides_the_queue_from_those_who_were_not_let_in(office: Office, mel: Actor) -> None:
    with pytest.raises(NotFound):
        claim(mel)


def test_hides_the_queue_from_globex(office: Office, gil: Actor) -> None:
    office.bring()
    with pytest.raises(NotFound):
        claim(gil)


def test_refuses_a_closed_queue(office: Office, alice: Actor, mona: Actor) -> None:
    update_queue(actor=mona, queue_key="loans", is_active=False)
    with pytest.raises(Conflict):
        claim(alice)


def test_records_its_event(office: Office, alice: Actor) -> None:
    (case,) = office.bring()
    seat = claim(alice)
    (event,) = office.events("seat.claimed")
    assert (event.subject_id, event.case_id, event.actor["id"]) == (seat.pk, case.pk, str(alice.id))


def test_two_tabs_are_one_lease(office: Office, alice: Actor) -> None:
    office.bring(1, 2)
    first, second = claim(alice), claim(alice)
    assert (first.pk, first.lease_token) == (second.pk, second.lease_token)


def test_nobody_gets_two_seats_of_one_panel(open_office: Any, alice: Actor, bob: Actor) -> None:
    office = open_office(seats=3)
    first, second = office.bring(1, 2)
    assert office.judge(alice).case_id == first.pk
    assert office.judge(alice).case_id == second.pk
    assert claim(alice) is None
    assert claim(bob).case_id == first.pk


def test_nobody_gets_the_case_they_brought_in(office: Office, cast: Any) -> None:
    # gil of globex is of no use here: somebody who manages and reviews at once brings a case in
    both = Actor("user", cast.people["alice"].id, office.tenant.id, roles=frozenset({"manager", "reviewer"}))
    office.integrator = both
    office.bring()
    assert claim(both) is None
    assert queries_of(office, both).own_cases == 1
    assert claim(cast.people["bob"]) is not None


def test_nobody_gets_the_case_they_are_the_subject_of(office: Office, alice: Actor, bob: Actor) -> None:
    (case,) = office.bring(subject_ref="alice@example.org")
    assert claim(alice) is None
    assert claim(bob).case_id == case.pk


def test_adjudicators_get_disputes_first(open_office: Any, alice: Actor, bob: Actor, sam: Actor) -> None:
    office = open_office(seats=2)
    disputed, other = office.bring(1, 2)
    office.judge(alice, "approve")
    office.judge(bob, "decline")
    office.drain("consensus")
    assert office.panel(disputed).state == "disputed"
    seat = claim(sam)
    assert (seat.case_id, seat.kind) == (disputed.pk, "adjudicator")
    assert claim(alice).case_id == other.pk


def test_nobody_adjudicates_a_panel_that_they_voted_on(open_office: Any, alice: Actor, sam: Actor) -> None:
    office = open_office(seats=2)
    office.bring()
    office.judge(alice, "approve")
    office.judge(sam, "decline")
    office.drain("consensus")
    assert claim(sam) is None
    assert queries_of(office, sam).already_judged == 1


def test_disputes_are_not_for_reviewers(open_office: Any, alice: Actor, bob: Actor, carol: Actor) -> None:
    office = open_office(seats=2)
    office.bring()
    office.judge(alice, "approve")
    office.judge(bob, "decline")
    office.drain("consensus")
    assert claim(carol) is None
    assert queries_of(office, carol).for_adjudicators == 1


def test_what_was_given_back_goes_to_others_first(office: Office, alice: Actor) -> None:
    first, second = office.bring(1, 2)
    seat = claim(alice)
    release_seat(actor=alice, seat_id=seat.pk)
    again = claim(alice)
    assert (seat.case_id, again.case_id) == (first.pk, second.pk)
    office.submit_to(again, alice)
    assert claim(alice).case_id == first.pk


def test_frees_what_others_let_expire(office: Office, alice: Actor, bob: Actor) -> None:
    office.bring()
    seat = claim(alice)
    assert claim(bob) is None
    assert queries_of(office, bob).leased_by_others == 1
    office.end_leases()
    taken = claim(bob)
    assert (taken.pk, taken.lease_token) == (seat.pk, 2)
    (event,) = office.events("seat.expired")
    assert event.body["holder"] == str(alice.id)


def test_an_own_lease_that_ended_begins_anew_with_the_draft(office: Office, alice: Actor) -> None:
    office.bring()
    seat = claim(alice)
    save_draft(actor=alice, seat_id=seat.pk, body={"label": "approve", "rationale": "almost"})
    office.end_leases()
    again = claim(alice)
    assert (again.pk, again.lease_token) == (seat.pk, seat.lease_token + 1)
    with office.scope():
        assert again.drafts.get().body["rationale"] == "almost"


def test_an_empty_queue_gives_nothing(office: Office, alice: Actor) -> None:
    assert claim(alice) is None


def test_a_step_will_free_the_seat_one_for_a_span_of_leases(office: Office, cast: Any) -> None:
    office.bring(1, 2, 3)
    for name in ("alice", "bob", "carol"):
        claim(cast.people[name])
    with office.scope(), connection.cursor() as cursor:
        cursor.execute(
            "select count(*), min(run_at) > now() + interval '14 min' from pipeline_step where kind = 'expire'"
        )
        steps, later = cursor.fetchone()
    assert 1 <= steps <= 2, "at most two spans of half a minute"
    assert later


def plan_of(cursor: Any, statement: str, values: dict[str, Any]) -> str:
    cursor.execute(f"explain {statement}", values)
    return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.parametrize(
    ("statement", "index"),
    [(claim_statements.CLAIM, "seat_next_in_queue"), (claim_statements.CLAIM_OLDEST, "seat_by_age")],
)
def test_reads_its_index_in_order_without_any_statistics(
    office: Office, alice: Actor, statement: str, index: str
) -> None:
    office.bring(*range(1, 40))
    with office.scope(), connection.cursor() as cursor:
        queue, facts = staffing_queries.queue_and_facts(alice, "loans", one_claim_at_a_time=True)
        values = {"tenant": alice.tenant_id, "me": alice.id, "queue": queue.pk, "kinds": ["reviewer", "adjudicator"]}
        values |= {"lease": 900, "viewed": False, "given_back": False, "fresh": True, "hidden": None, "hides": False}
        plan = plan_of(cursor, statement.format(columns=queries.SEAT_COLUMNS), values | facts.parameters)
    # the head of each set of skills, and the one that is locked
    assert plan.count(f"Index Scan using {index}") >= 2, plan
    assert "Seq Scan on reviews_seat" not in plan
    assert "Seq Scan on reviews_panel" not in plan


def queries_of(office: Office, actor: Actor) -> staffing_queries.EmptyReasons:
    with office.scope():
        return staffing_queries.empty_reasons(actor, office.queue)


def test_kinds_follow_roles(alice: Actor, sam: Actor, mona: Actor) -> None:
    assert permissions.kinds_for(alice) == ["reviewer"]
    assert permissions.kinds_for(sam) == ["adjudicator", "reviewer"]
    assert permissions.kinds_for(mona) == []

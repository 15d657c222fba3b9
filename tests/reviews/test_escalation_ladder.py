"""Firings: each once, up the ladder, acknowledged or woken again; a timeout never approves, a late answer is told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from cases.services import withdraw_case
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid
from hitl_platform.notices.models import Notice
from hitl_platform.pipeline import runner
from hitl_platform.pipeline.kinds import get_kind
from hitl_platform.pipeline.runner import Finish, LostLease, run_batch
from hitl_platform.tenants.actor import Actor, system_actor
from reviews.escalation_steps import climb_ladders
from reviews.models import SeatDraft
from reviews.services import hold_seat, release_seat
from reviews.services.escalation_rules import disable_rule
from reviews.services.escalations import acknowledge_escalation, ask_for_help, cancel_escalation, climb
from tests.reviews.conftest import Office, code_of
from tests.reviews.escalating import FRIDAY, NOTIFY, TUESDAY, Watch, hours, watched


@pytest.fixture
def watch(office: Office, monkeypatch: pytest.MonkeyPatch) -> Watch:
    return watched(office, monkeypatch)


def rungs(watch: Watch) -> list[tuple[int, str, bool]]:
    return [(e.body["rung"], e.body["action"], e.body["done"]) for e in watch.office.events("escalation.rung")]


def test_a_ladder_is_climbed_in_working_time_each_rung_once_up_to_the_fallback(watch: Watch, alice: Actor) -> None:
    watch.level()
    watch.rule("sla_at_risk")
    watch.rule(
        "sla_breached", {"after": "30min", "action": "adjudicate"}, {"after": "1h", **NOTIFY | {"after": "1h"}},
        {"after": "3h", "action": "decide", "label": "decline"},
    )  # fmt: skip
    (case,) = watch.office.bring()
    seat = watch.office.claim(alice)
    watch.go_to(TUESDAY + hours(13))
    assert rungs(watch) == [(1, "notify", True)]
    watch.go_to(TUESDAY + hours(15))
    assert rungs(watch)[1:] == [(1, "adjudicate", True)]
    assert watch.office.panel(case).state == "disputed"
    watch.go_to(TUESDAY + hours(23))
    # three hours after half past five are half past eleven of the next morning
    assert watch.office.decision(case) is None
    assert watch.escalations(case)[1].next_at == TUESDAY + timedelta(days=1, hours=10, minutes=31)
    watch.go_to(TUESDAY + timedelta(days=1, hours=11))
    decision = watch.office.decision(case)
    assert decision is not None
    assert (decision.label, decision.made_by) == ("decline", "fallback")
    assert rungs(watch)[2:] == [(2, "notify", True), (3, "decide", True)]
    assert watch.office.panel(case).state == "cancelled"
    watch.go_to(TUESDAY + timedelta(days=60))
    assert len(rungs(watch)) == 4
    assert {each.state for each in watch.escalations(case)} == {"done"}
    assert len(watch.office.events("escalation.fired")) == 2
    assert len(watch.office.events("case.decided", body__items__has_key=str(case.pk))) == 1
    assert watch.office.seat(seat).state == "cancelled"


def test_a_late_answer_is_refused_with_the_reason_and_kept(watch: Watch, alice: Actor) -> None:
    watch.rule("reviewer_asks", {"after": "1h", "action": "decide", "label": "decline"})
    (case,) = watch.office.bring()
    seat = watch.office.claim(alice)
    ask_for_help(actor=alice, seat_id=seat.pk, why="I do not know")
    watch.go_to(FRIDAY + hours(2))
    with pytest.raises(Conflict) as refusal:
        watch.office.submit_to(seat, alice, "approve", rationale="a late thought")
    assert code_of(refusal) == "decided_by_timeout"
    assert "in time" in refusal.value.message
    with watch.office.scope():
        assert SeatDraft.objects.get(seat=seat).body["rationale"] == "a late thought"
    decision = watch.office.decision(case)
    assert decision is not None
    assert decision.label == "decline"


def test_an_answer_that_is_there_is_waited_for(watch: Watch, alice: Actor) -> None:
    watch.rule("reviewer_asks", {"after": "1h", "action": "decide", "label": "decline"})
    (case,) = watch.office.bring()
    seat = watch.office.claim(alice)
    ask_for_help(actor=alice, seat_id=seat.pk, why="I do not know")
    watch.office.submit_to(seat, alice, "approve")
    watch.go_to(FRIDAY + hours(1))
    assert watch.office.decision(case) is None
    assert len(watch.office.events("escalation.waits")) == 1
    watch.office.drain()
    decision = watch.office.decision(case)
    assert decision is not None
    assert decision.made_by == "panel"
    assert [(each.state, each.ended_because) for each in watch.escalations(case)] == [("done", "panel_settled")]


def test_nobody_answers_it_calls_again_and_again(watch: Watch) -> None:
    watch.rule("sla_breached", rewake="1d")
    (case,) = watch.office.bring(due_at=(FRIDAY + hours(1)).isoformat())
    watch.go_to(FRIDAY + timedelta(days=3.2))
    assert rungs(watch) == [(1, "notify", True)]
    assert len(watch.office.events("escalation.rewoken")) == 3
    told = [notice for notice in watch.notices("mona") if "needs" in notice.text]
    assert len(told) == 4
    assert watch.escalations(case)[0].state == "open"


def test_acknowledged_it_waits_and_then_goes_one_rung_up(watch: Watch, mona: Actor, other_manager: Actor) -> None:
    watch.rule("sla_breached", NOTIFY, {"after": "1h", "action": "notify", "roles": ["owner"]}, rewake="1d")
    (case,) = watch.office.bring(due_at=(FRIDAY + hours(1)).isoformat())
    watch.go_to(FRIDAY + hours(1.5))
    (fired,) = watch.escalations(case)
    acknowledge_escalation(actor=mona, escalation_id=fired.pk)
    with pytest.raises(Conflict):
        acknowledge_escalation(actor=other_manager, escalation_id=fired.pk)
    watch.go_to(FRIDAY + hours(25))
    assert watch.escalations(case)[0].state == "acknowledged"
    assert watch.notices("olga") == []
    watch.go_to(FRIDAY + hours(26))
    assert watch.escalations(case)[0].state == "open"
    assert [notice.kind for notice in watch.notices("olga")] == ["sla_breached"]
    assert [event.body["rung"] for event in watch.office.events("escalation.rewoken")] == [1]
    assert watch.office.events("escalation.acknowledged")[0].actor["id"] == str(mona.id)


def test_a_disabled_rule_never_fires_and_calls_off_what_it_fired(watch: Watch, mona: Actor) -> None:
    rule = watch.rule("sla_breached", {"after": "1h", "action": "decide", "label": "decline"})
    (first,) = watch.office.bring(due_at=(FRIDAY + hours(1)).isoformat())
    watch.go_to(FRIDAY + hours(1.5))
    disable_rule(actor=mona, rule_id=rule.pk)
    (second,) = watch.office.bring(due_at=(FRIDAY + hours(2)).isoformat())
    watch.go_to(FRIDAY + timedelta(days=5))
    assert watch.office.decision(first) is watch.office.decision(second) is None
    assert [each.ended_because for each in watch.escalations(first)] == ["rule_disabled"]
    assert watch.escalations(second) == []


def test_a_changed_rule_leaves_what_has_fired(watch: Watch, mona: Actor) -> None:
    watch.rule("sla_breached", {"after": "2h", "action": "decide", "label": "decline"})
    (case,) = watch.office.bring(due_at=(FRIDAY + hours(1)).isoformat())
    watch.go_to(FRIDAY + hours(1.5))
    watch.rule("sla_breached", NOTIFY)
    watch.go_to(FRIDAY + hours(4))
    assert [each.rule.version for each in watch.escalations(case) if each.rule] == [1]
    assert watch.office.decision(case) is not None


def test_a_withdrawn_case_calls_its_escalation_off(watch: Watch, integrator: Actor) -> None:
    watch.rule("sla_breached", NOTIFY)
    (case,) = watch.office.bring(due_at=(FRIDAY + hours(1)).isoformat())
    watch.go_to(FRIDAY + hours(1.5))
    withdraw_case(actor=integrator, case_id=case.pk)
    watch.office.drain()
    watch.go_to(FRIDAY + timedelta(days=3))
    assert [(each.state, each.ended_because) for each in watch.escalations(case)] == [("cancelled", "case_withdrawn")]


def test_a_settled_dispute_ends_its_escalations(
    open_office: Callable[..., Office], monkeypatch: pytest.MonkeyPatch, alice: Actor, bob: Actor, sam: Actor
) -> None:
    watch = watched(open_office(seats=2), monkeypatch)
    watch.rule("disagreement", NOTIFY)
    (case,) = watch.office.bring()
    watch.office.judge(alice, "approve")
    watch.office.judge(bob, "decline")
    watch.office.drain()
    (fired,) = watch.escalations(case)
    assert (fired.trigger, fired.state) == ("disagreement", "open")
    watch.office.judge(sam, "decline")
    watch.office.drain()
    (ended,) = watch.escalations(case)
    assert (ended.state, ended.ended_because, ended.next_at) == ("done", "panel_settled", None)
    assert [event.body["because"] for event in watch.office.events("escalation.finished")] == ["panel_settled"]
    assert watch.go_to(FRIDAY + timedelta(days=3), "climb") == 1
    assert len(watch.office.events("escalation.finished")) == 1


def test_a_worker_that_dies_between_rung_and_end_leaves_one_firing(watch: Watch) -> None:
    watch.rule("sla_breached", NOTIFY, {"after": "1h", "action": "decide", "label": "decline"})
    (case,) = watch.office.bring(due_at=(FRIDAY + hours(1)).isoformat())
    watch.go_to(FRIDAY + hours(1.5))
    watch.now = FRIDAY + hours(2.5)
    watch.make_due(watch.now, ("climb",))
    tenant_id, terms = watch.office.tenant.id, get_kind("climb")
    hung = runner._claim(terms, tenant_id=tenant_id)
    # its lease ends while it hangs, and the sweeper frees the step
    with watch.office.scope(), connection.cursor() as cursor:
        cursor.execute(
            "update pipeline_step set state = 'ready', lease_token = null, lease_until = null"
            " where kind = 'climb' and state = 'leased'"
        )
    assert run_batch("climb", tenant_id=tenant_id) == 1
    with pytest.raises(LostLease):
        climb_ladders(hung, Finish(terms=terms, steps=hung))
    assert [rung for rung, _, _ in rungs(watch)] == [1, 2]
    assert len(watch.office.events("case.decided", body__items__has_key=str(case.pk))) == 1
    assert len(watch.office.events("escalation.finished")) == 1


def test_a_rung_whose_end_fails_is_undone_with_it_and_done_once(watch: Watch) -> None:
    watch.rule("sla_breached", NOTIFY)
    watch.office.bring(due_at=(FRIDAY + hours(1)).isoformat())
    watch.go_to(FRIDAY + hours(1.02), "sla")
    watch.make_due(FRIDAY + hours(2), ("climb",))
    tenant_id, terms = watch.office.tenant.id, get_kind("climb")
    claimed = runner._claim(terms, tenant_id=tenant_id)

    def climb_and_fail() -> None:
        with Finish(terms=terms, steps=claimed)():
            climb(actor=system_actor(tenant_id, "escalation"), escalation_id=claimed[0].subject_id, wake=1)
            assert Notice.objects.filter(text__contains="needs").exists()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        climb_and_fail()
    assert [notice for notice in watch.notices() if "needs" in notice.text] == rungs(watch) == []
    climb_ladders(claimed, Finish(terms=terms, steps=claimed))
    assert [rung for rung, _, _ in rungs(watch)] == [1]


def test_each_trigger_fires_where_it_should(open_office: Any, monkeypatch: pytest.MonkeyPatch, cast: Any) -> None:
    watch = watched(open_office(seats=2), monkeypatch)
    watch.rule("disagreement")
    watch.rule("low_confidence", threshold=0.9)
    watch.rule("importance_above", threshold=10, when="case.amount > 5000.0")
    (plain,) = watch.office.bring(9_000, importance=3)
    (weighty,) = watch.office.bring(9_000, importance=30)
    (light,) = watch.office.bring(1_000, importance=30)
    watch.go_to(FRIDAY + hours(1))
    assert [[each.trigger for each in watch.escalations(case)] for case in (plain, weighty, light)] == [
        [], ["importance_above"], [],
    ]  # fmt: skip
    assert watch.escalations(weighty)[0].facts["because"][0] == "importance_above 30, threshold 10"
    for name, label in (("alice", "approve"), ("bob", "decline")):
        watch.office.judge(cast.people[name], label)
    watch.office.drain()
    disputed = next(case for case in (plain, weighty, light) if watch.office.panel(case).state == "disputed")
    found = {each.trigger for each in watch.escalations(disputed)} - {"importance_above"}
    assert found == {"disagreement", "low_confidence"}


def test_releases_are_counted(watch: Watch, alice: Actor, bob: Actor) -> None:
    watch.rule("releases", threshold=2)
    (case,) = watch.office.bring()
    release_seat(actor=alice, seat_id=watch.office.claim(alice).pk)
    watch.go_to(FRIDAY + hours(1))
    assert watch.escalations(case) == []
    watch.office.claim(bob)
    watch.office.end_leases()
    watch.office.make_due()
    watch.office.drain("expire")
    watch.go_to(FRIDAY + hours(2))
    assert [each.trigger for each in watch.escalations(case)] == ["releases"]


def test_a_condition_that_cannot_be_told_fires(watch: Watch) -> None:
    watch.rule("sla_breached", when="model.confidence < 0.5")
    (case,) = watch.office.bring(due_at=(FRIDAY + hours(1)).isoformat())
    watch.go_to(FRIDAY + hours(2))
    assert "could not be told" in watch.escalations(case)[0].facts["because"][0]


def test_asking_for_help_without_a_rule_reaches_the_managers_of_the_queue(
    watch: Watch, alice: Actor, bob: Actor, mona: Actor, other_manager: Actor
) -> None:
    watch.office.bring()
    seat = watch.office.claim(alice)
    with pytest.raises(Invalid):
        ask_for_help(actor=alice, seat_id=seat.pk, why="  ")
    with pytest.raises(Forbidden):
        ask_for_help(actor=bob, seat_id=seat.pk, why="not mine")
    hold_seat(actor=alice, seat_id=seat.pk)
    fired = ask_for_help(actor=alice, seat_id=seat.pk, why="the papers of Mrs Example")
    with pytest.raises(Conflict):
        ask_for_help(actor=alice, seat_id=seat.pk, why="again")
    watch.go_to(FRIDAY + hours(0.1))
    assert [notice.kind for notice in watch.notices()] == ["escalation"]
    assert watch.notices()[0].recipient_id == mona.id
    assert "Example" not in f"{watch.notices()[0].text} {watch.office.events('seat.help_asked')[0].body}"
    watch.go_to(FRIDAY + hours(5))
    assert {notice.recipient_id for notice in watch.notices()} >= {mona.id, watch.office.people["olga"].id}
    acknowledge_escalation(actor=other_manager, escalation_id=fired.pk)


def test_it_never_goes_back_to_whoever_asked_or_judged(watch: Watch, cast: Any, mona: Actor) -> None:
    sam = cast.people["sam"]
    watch.rule("reviewer_asks", {"after": "0min", "action": "adjudicate"}, {"after": "1h", **_tell("adjudicator")})
    (case,) = watch.office.bring()
    seat = watch.office.claim(sam)
    fired = ask_for_help(actor=sam, seat_id=seat.pk, why="this one is beyond me")
    watch.go_to(FRIDAY + hours(2))
    assert watch.office.panel(case).state == "disputed"
    # sam alone adjudicates here, and asked: the managers are told, and the seat is not for sam
    assert sam.id not in {notice.recipient_id for notice in watch.notices()}
    assert [each.kind for each in watch.office.seats(case) if each.state == "open"] == ["adjudicator"]
    with pytest.raises(AssertionError, match="nothing to claim"):
        watch.office.claim(sam)
    with pytest.raises(Forbidden):
        acknowledge_escalation(
            actor=Actor("user", sam.id, sam.tenant_id, frozenset({"manager"})), escalation_id=fired.pk
        )


def test_a_person_calls_an_escalation_off_with_a_reason(watch: Watch, mona: Actor, alice: Actor) -> None:
    watch.rule("sla_breached", NOTIFY)
    (case,) = watch.office.bring(due_at=(FRIDAY + hours(1)).isoformat())
    watch.go_to(FRIDAY + hours(1.5))
    (fired,) = watch.escalations(case)
    with pytest.raises(Invalid):
        cancel_escalation(actor=mona, escalation_id=fired.pk, why="")
    cancel_escalation(actor=mona, escalation_id=fired.pk, why="we wait for the register")
    watch.go_to(FRIDAY + timedelta(days=10))
    assert len(rungs(watch)) == 1
    assert watch.escalations(case)[0].state == "cancelled"


def _tell(role: str) -> dict[str, Any]:
    return {"action": "notify", "roles": [role]}

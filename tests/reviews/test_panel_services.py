"""Panels in every mode on the database, and what a manager or a rule of escalation does to one."""

from typing import Any

import pytest

from cases.models import Case
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.pipeline.models import Step
from hitl_platform.tenants.actor import Actor
from reviews import panel_queries
from reviews.models import Consensus, Panel, PanelTemplate
from reviews.pages import seat_page
from reviews.queries import get_seat
from reviews.services import claim_next, create_queue, create_template, revoke_queue
from reviews.services.panels import add_seat, dispute_panel, move_panel
from reviews.services.staffing import set_skill
from tests.reviews.conftest import Office, code_of

SURE = 100  # an amount for which the model approves


def template(office: Office, **settings: Any) -> PanelTemplate:
    """The next version of the office's panel."""
    made = {"seats": 1, "advice": "hidden", **settings}
    return create_template(actor=office.manager, key="panel", name="Panel", **made)


def say(office: Office, label: str, *names: str) -> None:
    """Each of these people judges, one after another, and the panel moves after each."""
    for name in names:
        office.judge(office.people[name], label)
        office.drain("consensus")


def told(office: Office, verb: str) -> list[str]:
    """Why each event of this verb happened."""
    return [event.body["because"] for event in office.events(verb)]


def states(office: Office, case: Case) -> list[tuple[str, str]]:
    return [(seat.kind, seat.state) for seat in office.seats(case)]


class TestConfirmation:
    @pytest.fixture
    def office(self, office: Office, crown: Any) -> Office:
        crown()
        template(office, seats=3, confirms_model=True, advice="after_answer")
        return office

    def test_agreement_with_the_model_ends_it_after_one_reader(self, office: Office) -> None:
        (case,) = office.bring(SURE)
        say(office, "approve", "alice")
        assert states(office, case) == [("reviewer", "submitted")]
        assert told(office, "panel.settled") == ["confirmed"]
        with office.scope():
            (row,) = Consensus.objects.filter(panel__case=case, chosen=True)
        assert (row.method, row.posterior, row.votes) == ("majority", {"approve": 1.0}, 1)

    def test_disagreement_asks_one_more_until_two_voices_agree(self, office: Office) -> None:
        (case,) = office.bring(SURE)
        say(office, "decline", "alice")
        first, second = office.seats(case)
        assert (first.advice, second.advice, second.state) == ("hidden", "after_answer", "open")
        assert told(office, "panel.seat_added") == ["disagrees_with_model"]
        say(office, "decline", "bob")
        decision = office.decision(case)
        assert decision is not None
        assert (decision.label, decision.made_by) == ("decline", "panel")
        assert decision.confidence == pytest.approx(2 / 3)
        assert told(office, "panel.settled") == ["overruled"]


class TestModes:
    def test_a_first_response_cancels_the_other_seats(self, office: Office, bob: Actor) -> None:
        template(office, seats=3, mode="first_response")
        (case,) = office.bring()
        late = office.claim(bob)
        say(office, "decline", "alice")
        assert sorted(states(office, case)) == [
            ("reviewer", "cancelled"), ("reviewer", "cancelled"), ("reviewer", "submitted"),
        ]  # fmt: skip
        with pytest.raises(Conflict):
            office.submit_to(late, bob)

    def test_a_chain_asks_stage_by_stage_and_its_veto_is_heard(self, office: Office, mona: Actor) -> None:
        stages = [{"name": "maker"}, {"name": "checker", "skill": "audit:2", "veto": "dispute"}, {"name": "chief"}]
        template(office, seats=3, mode="chain", stages=stages)
        set_skill(actor=mona, user_id=office.people["bob"].id, skill="audit", level=2)
        (case,) = office.bring()
        say(office, "approve", "alice")
        assert [(seat.stage, seat.veto, seat.skills) for seat in office.seats(case)] == [
            (0, False, []), (1, True, ["audit:2"]),
        ]  # fmt: skip
        assert claim_next(actor=office.people["carol"], queue_key="loans") is None
        seat = office.claim(office.people["bob"])
        with office.scope():
            why = seat_page(office.people["bob"], get_seat(office.people["bob"], seat.pk)).why_words
        assert why.endswith(
            "You check what was decided before: stage 2 of 3, checker. If you differ, an adjudicator is asked."
        )
        assert "pprove" not in why
        office.submit_to(seat, office.people["bob"], "decline")
        office.drain("consensus")
        assert office.panel(case).state == "disputed"
        assert told(office, "panel.disputed") == ["vetoed"]

    def test_a_panel_asks_on_until_it_is_sure_which_takes_a_history(self, office: Office) -> None:
        confident = {"seats": 1, "seats_max": 3, "stop": "confident", "confidence_at_least": 0.9}
        template(office, **confident)
        office.bring()
        say(office, "approve", "alice", "bob", "carol")
        # nobody is known yet, so all three were asked
        assert told(office, "panel.seat_added") == ["not_confident", "not_confident"]
        assert told(office, "panel.settled") == ["majority"]
        template(office, seats=3)
        office.bring(*range(1, 11))
        for _ in range(10):
            say(office, "approve", "alice", "bob", "carol")
        template(office, **confident)
        (case,) = office.bring()
        say(office, "approve", "alice")
        assert office.panel(case).state == "settled"
        assert told(office, "panel.settled")[-1] == "confident"
        with office.scope():
            assert Consensus.objects.get(panel__case=case, chosen=True).method == "dawid_skene"

    def test_weights_decide_and_rest_on_dawid_skene(self, office: Office) -> None:
        template(office, seats=3, mode="weighted")
        (case,) = office.bring()
        say(office, "approve", "alice", "bob", "carol")
        assert told(office, "panel.settled") == ["weighted"]
        with office.scope():
            assert Consensus.objects.get(panel__case=case, chosen=True).method == "dawid_skene"


class TestTooFewPeople:
    @pytest.fixture
    def pair(self, office: Office, mona: Actor) -> Office:
        """Three seats, and a team of two."""
        template(office, seats=3)
        for name in ("carol", "dave", "sam"):
            revoke_queue(actor=mona, queue_key="loans", user_id=office.people[name].id)
        return office

    def test_it_settles_by_what_is_there_and_says_so(self, pair: Office) -> None:
        (case,) = pair.bring()
        say(pair, "approve", "alice")
        assert pair.panel(case).state == "open"
        say(pair, "approve", "bob")
        (event,) = pair.events("panel.settled")
        assert event.body["short_of_people"] is True
        assert states(pair, case).count(("reviewer", "cancelled")) == 1

    def test_or_goes_to_an_adjudicator(self, pair: Office) -> None:
        (case,) = pair.bring()
        say(pair, "approve", "alice")
        say(pair, "decline", "bob")
        assert pair.panel(case).state == "disputed"
        assert told(pair, "panel.disputed") == ["tie"]

    def test_whoever_leaves_later_is_noticed_within_two_hours(self, office: Office, mona: Actor) -> None:
        template(office, seats=2)
        (case,) = office.bring()
        say(office, "approve", "alice")
        for name in ("bob", "carol", "dave", "sam"):
            revoke_queue(actor=mona, queue_key="loans", user_id=office.people[name].id)
        with office.scope():
            step = Step.objects.get(kind="consensus", state="ready")
        assert step.dedupe_key.startswith("again:")
        office.make_due()
        office.drain("consensus")
        assert told(office, "panel.disputed") == ["too_few_people"]
        assert office.panel(case).state == "disputed"

    def test_templates_know_which_teams_are_too_small(self, pair: Office) -> None:
        with pair.scope():
            assert panel_queries.thin_teams(template(pair, seats=3)) == [("Loans", 2)]
            assert panel_queries.thin_teams(template(pair, seats=2)) == []


class TestDraws:
    def test_some_cases_get_the_full_panel_and_each_keeps_how_probable_that_was(self, office: Office) -> None:
        template(office, seats=3, panel_share=0.4)
        cases = office.bring(*range(1, 41))
        with office.scope():
            drawn = {row.case_id: (row.is_full, row.drawn_with) for row in Panel.objects.all()}
        assert set(drawn.values()) == {(True, 0.4), (False, 0.6)}
        for case in cases:
            assert len(office.seats(case)) == (3 if drawn[case.pk][0] else 1)

    def test_one_seat_of_such_a_panel_decides(self, office: Office) -> None:
        template(office, seats=3, mode="unanimous", panel_share=0.01)
        case = next(case for case in office.bring(*range(1, 21)) if len(office.seats(case)) == 1)
        with office.scope():
            Panel.objects.exclude(case=case).update(state="cancelled")
        seat = next(seat for seat in iter(lambda: office.claim(office.people["alice"]), None))
        while seat.case_id != case.pk:
            office.submit_to(seat, office.people["alice"])
            seat = office.claim(office.people["alice"])
        office.submit_to(seat, office.people["alice"], "decline")
        office.drain("consensus")
        assert office.panel(case).state == "settled"

    def test_seats_of_the_control_arm_never_see_advice(self, office: Office, crown: Any) -> None:
        crown()
        template(office, seats=3, advice="shown", control_share=0.5)
        seats = [seat for case in office.bring(*range(1, 11)) for seat in office.seats(case)]
        assert {(seat.control, seat.advice) for seat in seats} == {(True, "hidden"), (False, "shown")}


class TestAddSeat:
    def test_asks_one_more_and_the_panel_waits_for_it(self, open_office: Any) -> None:
        office: Office = open_office(seats=2)
        (case,) = office.bring()
        seat = add_seat(actor=office.manager, panel_id=office.panel(case).pk, why="a large sum")
        assert (seat.state, len(office.seats(case))) == ("open", 3)
        (event,) = office.events("panel.seat_added")
        assert event.case_id == case.pk
        assert "large sum" not in str(event.body)
        say(office, "approve", "alice", "bob")
        assert office.panel(case).state == "open"
        say(office, "approve", "carol")
        assert office.panel(case).state == "settled"

    def test_refuses_what_is_over_full_or_a_chain(self, office: Office) -> None:
        (case,) = office.bring()
        panel_id = office.panel(case).pk
        with pytest.raises(Invalid):
            add_seat(actor=office.manager, panel_id=panel_id, why=" ")
        for _ in range(8):
            add_seat(actor=office.manager, panel_id=panel_id, why="more")
        with pytest.raises(Conflict) as refusal:
            add_seat(actor=office.manager, panel_id=panel_id, why="more")
        assert code_of(refusal) == "panel_full"
        dispute_panel(actor=office.manager, panel_id=panel_id, why="enough")
        with pytest.raises(Conflict) as refusal:
            add_seat(actor=office.manager, panel_id=panel_id, why="more")
        assert code_of(refusal) == "panel_not_open"
        template(office, seats=2, mode="chain", stages=[{"name": "one"}, {"name": "two"}])
        (chain,) = office.bring()
        with pytest.raises(Conflict) as refusal:
            add_seat(actor=office.manager, panel_id=office.panel(chain).pk, why="more")
        assert code_of(refusal) == "chain_has_no_more_seats"


class TestMove:
    @pytest.fixture
    def second(self, office: Office, mona: Actor) -> Any:
        queue = create_queue(actor=mona, key="second", name="Second", template_key="panel", undo_seconds=0)
        with office.scope():
            type(queue).objects.filter(pk=queue.pk).update(skills=[{"skill": "fraud", "level": 2}])
        return queue

    def test_what_waits_goes_along_and_asks_what_is_asked_there(self, office: Office, second: Any) -> None:
        (case,) = office.bring()
        move_panel(actor=office.manager, panel_id=office.panel(case).pk, queue_key="second")
        (seat,) = office.seats(case)
        assert (seat.queue_id, seat.skills, office.panel(case).queue_id) == (second.pk, ["fraud:2"], second.pk)
        (event,) = office.events("panel.moved")
        assert (event.body["from"], event.body["to"], event.body["seats"]) == ("loans", "second", 1)
        move_panel(actor=office.manager, panel_id=office.panel(case).pk, queue_key="loans")
        assert [seat.skills for seat in office.seats(case)] == [[]]

    def test_a_seat_in_hand_is_judged_all_the_same(self, office: Office, second: Any, alice: Actor) -> None:
        (case,) = office.bring()
        seat = office.claim(alice)
        move_panel(actor=office.manager, panel_id=office.panel(case).pk, queue_key="second")
        office.submit_to(seat, alice)
        office.drain("consensus")
        assert office.panel(case).state == "settled"

    def test_refuses_where_it_stands_and_what_takes_no_such_case(self, office: Office) -> None:
        (case,) = office.bring()
        with pytest.raises(Conflict) as refusal:
            move_panel(actor=office.manager, panel_id=office.panel(case).pk, queue_key="loans")
        assert code_of(refusal) == "panel_stands_there"
        with pytest.raises(Invalid):
            move_panel(actor=office.manager, panel_id=office.panel(case).pk, queue_key="nowhere")
        say(office, "approve", "alice")
        with pytest.raises(Conflict) as refusal:
            move_panel(actor=office.manager, panel_id=office.panel(case).pk, queue_key="loans")
        assert code_of(refusal) == "panel_not_live"


class TestDispute:
    def test_sends_it_to_an_adjudicator_and_asks_nobody_else(self, open_office: Any, sam: Actor) -> None:
        office: Office = open_office(seats=2)
        (case,) = office.bring()
        say(office, "approve", "alice")
        dispute_panel(actor=office.manager, panel_id=office.panel(case).pk, why="too hard")
        assert sorted(states(office, case)) == [
            ("adjudicator", "open"), ("reviewer", "cancelled"), ("reviewer", "submitted"),
        ]  # fmt: skip
        office.judge(sam, "decline")
        office.drain("consensus")
        decision = office.decision(case)
        assert decision is not None
        assert (decision.label, decision.made_by) == ("decline", "adjudicator")

    @pytest.mark.parametrize("is_named", [True, False])
    def test_names_are_seen_where_the_template_says_so(
        self, office: Office, client_for: Any, sam: Actor, *, is_named: bool
    ) -> None:
        template(office, seats=2, adjudicator_sees_names=is_named)
        office.bring()
        say(office, "approve", "alice")
        say(office, "decline", "bob")
        seat = office.claim(sam)
        with office.scope():
            page = seat_page(sam, get_seat(sam, seat.pk))
        assert {judgment.name for judgment in page.judgments} == ({"Alice", "Bob"} if is_named else {""})
        browser = client_for(sam)
        for address in (f"/api/v1/seats/{seat.pk}/", f"/seats/{seat.pk}/"):
            body = browser.get(address).content.decode()
            assert ("Alice" in body, "Bob" in body) == (is_named, is_named), address
            # nor by any id
            assert str(office.people["alice"].id) not in body, address


@pytest.mark.parametrize(
    ("service", "arguments"),
    [(add_seat, {"why": "more"}), (move_panel, {"queue_key": "loans"}), (dispute_panel, {"why": "hard"})],
)
def test_only_whoever_manages_the_queue(
    office: Office, service: Any, arguments: dict[str, str], alice: Actor, other_manager: Actor, gil: Actor
) -> None:
    (case,) = office.bring()
    panel_id = office.panel(case).pk
    with pytest.raises(Forbidden):
        service(actor=alice, panel_id=panel_id, **arguments)
    for stranger in (other_manager, gil):
        with pytest.raises(NotFound):
            service(actor=stranger, panel_id=panel_id, **arguments)


@pytest.mark.parametrize(
    ("field", "settings"),
    [
        ("seats_max", {"seats": 3, "seats_max": 2}),
        ("stop", {"stop": "soon"}),
        ("confidence_at_least", {"stop": "confident", "seats_max": 3}),
        ("confidence_at_least", {"stop": "confident", "seats_max": 3, "confidence_at_least": 0.2}),
        ("panel_share", {"panel_share": 0.0}),
        ("control_share", {"advice": "shown", "control_share": 1.0}),
        ("control_share", {"control_share": 0.1}),
        ("advice", {"advice": "shown", "confirms_model": True, "seats_max": 3}),
        ("stages", {"mode": "chain"}),
        ("stages", {"mode": "chain", "seats": 2, "stages": [{"name": "a"}, {"name": "b", "veto": "loudly"}]}),
        ("stages", {"mode": "chain", "seats": 2, "stages": [{"name": "a"}, {"name": "b", "skill": "a b"}]}),
        ("stages", {"mode": "chain", "seats": 2, "stages": [{"name": "a"}, {"title": "b"}]}),
        ("most_of_one_group", {"most_of_one_group": 0}),
        ("needs_one_with", {"needs_one_with": "two words"}),
    ],
)
def test_a_template_names_the_field_that_is_wrong(office: Office, field: str, settings: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        template(office, **settings)
    assert field in refusal.value.fields

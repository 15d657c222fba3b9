"""Who gets what: skills, caps, teams, variety, and what an empty queue says."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.models import Case
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid
from hitl_platform.tenants.actor import Actor
from reviews import queries, staffing_queries
from reviews.claim_statements import CLAIM
from reviews.models import Queue, ReviewerPause, ReviewerSkill
from reviews.services import claim as claiming
from reviews.services import claim_next, release_seat, remove_skill, set_cap, set_profile, set_skill
from reviews.services.claim import takes_oldest
from reviews.staffing_queries import EmptyReasons, over_share
from tests.reviews.conftest import Office, code_of, ids


def ask(office: Office, case: Case, **columns: Any) -> None:
    """Let the seats of a case ask for something."""
    with office.scope(), connection.cursor() as cursor:
        for name, value in columns.items():
            cursor.execute(f"update reviews_seat set {name} = %s where case_id = %s", [value, case.pk])


def claim(actor: Actor) -> Any:
    return claim_next(actor=actor, queue_key="loans")


def reasons_of(office: Office, actor: Actor) -> EmptyReasons:
    with office.scope():
        return staffing_queries.empty_reasons(actor, office.queue)


class TestSkills:
    def test_a_seat_goes_to_whoever_has_its_skills_at_its_level(
        self, office: Office, mona: Actor, alice: Actor, bob: Actor
    ) -> None:
        (case,) = office.bring()
        ask(office, case, skills=["fraud:3", "lang-de:1"])
        set_skill(actor=mona, user_id=alice.id, skill="fraud", level=3)
        set_skill(actor=mona, user_id=bob.id, skill="fraud", level=2)
        assert claim(alice) is None
        assert reasons_of(office, alice).missing_skills == ("lang-de (level 1)",)
        set_skill(actor=mona, user_id=alice.id, skill="lang-de", level=5)
        set_skill(actor=mona, user_id=bob.id, skill="lang-de", level=5)
        assert claim(bob) is None
        assert (reasons_of(office, bob).outside_skills, reasons_of(office, bob).missing_skills) == (
            1, ("fraud (level 3)",),
        )  # fmt: skip
        assert claim(alice).case_id == case.pk

    def test_an_expired_skill_is_none(self, office: Office, mona: Actor, alice: Actor) -> None:
        (case,) = office.bring()
        ask(office, case, skills=["fraud:1"])
        set_skill(actor=mona, user_id=alice.id, skill="fraud", expires_at=timezone.now() + timedelta(days=1))
        with office.scope():
            ReviewerSkill.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert claim(alice) is None
        set_skill(actor=mona, user_id=alice.id, skill="fraud")
        assert claim(alice) is not None

    def test_the_order_holds_over_sets_of_skills(self, office: Office, mona: Actor, cast: Any) -> None:
        first, second, third, fourth = office.bring(1, 2, 3, 4)
        ask(office, second, skills=["a:1"], priority=5)
        ask(office, third, skills=["b:1"], priority=9)
        ask(office, fourth, skills=["c:1"], priority=20)
        people = [cast.people[name] for name in ("alice", "bob", "carol")]
        for person in people:
            for skill in ("a", "b"):
                set_skill(actor=mona, user_id=person.id, skill=skill)
        assert [claim(person).case_id for person in people] == ids([third, second, first])

    def test_what_somebody_cannot_do_costs_them_nothing(self, office: Office, alice: Actor) -> None:
        """Ten thousand seats ahead ask for a skill that she lacks: a claim reads a few dozen pages all the same."""
        (case,) = office.bring()
        with office.scope(), connection.cursor() as cursor:
            cursor.execute(
                "insert into reviews_seat (tenant_id, id, panel_id, case_id, queue_id, kind, state, advice, priority,"
                " skills, opened_at, lease_token) select seat.tenant_id, gen_random_uuid(), seat.panel_id,"
                " seat.case_id, seat.queue_id, seat.kind, 'open', seat.advice, 9, '{rare:5}', now(), 0"
                " from reviews_seat seat, generate_series(1, 10000) where seat.case_id = %s",
                [case.pk],
            )
            queue, facts = staffing_queries.queue_and_facts(alice, "loans", one_claim_at_a_time=True)
            values = {"tenant": alice.tenant_id, "me": alice.id, "queue": queue.pk, "kinds": ["reviewer"]}
            values |= {
                "lease": 900,
                "viewed": False,
                "given_back": False,
                "fresh": True,
                "hidden": None,
                "hides": False,
            }
            explained = f"explain (analyze, buffers, format json) {CLAIM.format(columns=queries.SEAT_COLUMNS)}"
            cursor.execute(explained, values | facts.parameters)
            (plan,) = cursor.fetchone()[0]
        assert plan["Plan"]["Actual Rows"] == 1
        assert plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] < 200, plan

    def test_only_managers_set_them_and_nobody_their_own(self, office: Office, mona: Actor, alice: Actor) -> None:
        with pytest.raises(Forbidden):
            set_skill(actor=alice, user_id=alice.id, skill="fraud")
        for own in (
            lambda: set_skill(actor=mona, user_id=mona.id, skill="fraud"),
            lambda: set_profile(actor=mona, user_id=mona.id, max_per_day=900),
            lambda: set_cap(actor=mona, queue_key="loans", user_id=mona.id, per_day=900),
        ):
            with pytest.raises(Forbidden) as refusal:
                own()
            assert code_of(refusal) == "own_staffing"

    def test_names_what_is_wrong_and_records(self, office: Office, mona: Actor, alice: Actor, gil: Actor) -> None:
        for given in ({"level": 6}, {"skill": "no spaces"}, {"expires_at": timezone.now()}, {"user_id": gil.id}):
            with pytest.raises(Invalid) as refusal:
                set_skill(actor=mona, **({"user_id": alice.id, "skill": "fraud"} | given))
            assert set(refusal.value.fields) == set(given)
        set_skill(actor=mona, user_id=alice.id, skill="fraud", level=2)
        remove_skill(actor=mona, user_id=alice.id, skill="fraud")
        with pytest.raises(Conflict):
            remove_skill(actor=mona, user_id=alice.id, skill="fraud")
        assert [office.events(verb)[0].body["skill"] for verb in ("skill.set", "skill.removed")] == ["fraud"] * 2


class TestCaps:
    def test_a_day_brings_so_many_and_what_was_given_back_does_not_count(
        self, office: Office, mona: Actor, alice: Actor
    ) -> None:
        office.bring(1, 2, 3, 4)
        set_profile(actor=mona, user_id=alice.id, max_per_day=2)
        release_seat(actor=alice, seat_id=claim(alice).pk)
        office.judge(alice)
        last = claim(alice)
        assert claim(alice).pk == last.pk, "what is in hand stays in hand"
        office.submit_to(last, alice)
        assert claim(alice) is None
        reasons = reasons_of(office, alice)
        assert (reasons.over_cap, reasons.capped) == (2, "You have had the 2 cases that one day may bring you.")

    def test_a_queues_cap_is_everybodys_or_ones_own(
        self, office: Office, mona: Actor, alice: Actor, bob: Actor
    ) -> None:
        office.bring(1, 2, 3, 4)
        set_cap(actor=mona, queue_key="loans", per_day=1)
        set_cap(actor=mona, queue_key="loans", user_id=bob.id, per_day=2)
        office.judge(alice)
        assert claim(alice) is None
        office.judge(bob)
        office.judge(bob)
        assert claim(bob) is None
        set_cap(actor=mona, queue_key="loans")
        assert claim(alice) is not None
        assert [len(office.events(verb)) for verb in ("cap.set", "cap.removed")] == [2, 1]

    @pytest.mark.parametrize(
        ("mine", "of", "share", "over"),
        [(9, 9, 0.1, False), (10, 10, 0.1, True), (10, 110, 0.1, False), (12, 110, 0.1, True), (500, 500, 1.0, False)],
    )
    def test_a_share_binds_once_there_is_a_day_to_share(self, mine: int, of: int, share: float, over: bool) -> None:
        assert over_share(mine, of, share) is over

    def test_refuses_other_managers_and_bounds_out_of_range(
        self, office: Office, mona: Actor, other_manager: Actor
    ) -> None:
        with pytest.raises(Invalid):
            set_cap(actor=mona, queue_key="loans", share=2)
        with pytest.raises(Exception, match="nothing here"):
            set_cap(actor=other_manager, queue_key="loans", per_day=1)


class TestPause:
    def test_gives_nothing_new_and_says_why(self, office: Office, alice: Actor) -> None:
        office.bring(1, 2)
        seat = claim(alice)
        with office.scope():
            ReviewerPause.objects.create(
                tenant_id=office.tenant.id, reviewer_id=alice.id, reason="Three known answers in a row were missed."
            )
        assert claim(alice).pk == seat.pk
        office.submit_to(seat, alice)
        assert claim(alice) is None
        assert reasons_of(office, alice).paused == "Three known answers in a row were missed."


class TestTeams:
    def test_teams_differ_and_groups_are_bounded(self, open_office: Any, mona: Actor, cast: Any) -> None:
        office = open_office(seats=3)
        (case,) = office.bring()
        ask(office, case, distinct_teams=True, most_of_one_group=1)
        alice, bob, carol, dave = (cast.people[name] for name in ("alice", "bob", "carol", "dave"))
        for person, team, group in ((alice, "north", ""), (bob, "north", ""), (carol, "", "x"), (dave, "", "x")):
            set_profile(actor=mona, user_id=person.id, team=team, group=group)
        assert claim(alice) is not None
        assert claim(bob) is None
        assert reasons_of(office, bob).of_your_team == 2
        assert claim(carol) is not None
        assert claim(dave) is None


class TestVariety:
    def test_some_claims_take_the_longest_wait(self, office: Office, alice: Actor, bob: Actor) -> None:
        old, urgent = office.bring(1, 2)
        ask(office, urgent, priority=9)
        with office.scope():
            Queue.objects.update(variety_rate=1.0)
        assert claim(alice).case_id == old.pk
        with office.scope():
            Queue.objects.update(variety_rate=0.0)
        assert claim(bob).case_id == urgent.pk

    def test_the_draw_is_a_share_and_repeats(self, alice: Actor) -> None:
        drawn = [takes_oldest(alice.id, taken=count, rate=0.2) for count in range(4_000)]
        assert 0.17 < sum(drawn) / 4_000 < 0.23
        assert drawn == [takes_oldest(alice.id, taken=count, rate=0.2) for count in range(4_000)]


def test_a_claim_costs_two_statements_and_its_event(
    office: Office, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.bring(1, 2)
    office.submit_to(claim(alice), alice)
    # a claim in twenty or so also writes the step that looks after its lease
    monkeypatch.setattr(claiming, "look_after", lambda seat: None)
    with CaptureQueriesContext(connection) as captured:
        claim(alice)
    # what is prepared may be captured without its text; the first of these is the scope's
    asked = [each["sql"] for each in captured if each["sql"] is None or "from reviews_" in each["sql"]]
    assert len(asked) == 1 + 3, asked

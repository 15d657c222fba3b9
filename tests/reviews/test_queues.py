"""Queues and panel templates; who may work and manage."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from guardian.core import ObjectPermissionChecker

from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.tenants.actor import Actor
from reviews import queries
from reviews.models import Queue
from reviews.services import (
    claim_next,
    create_queue,
    create_template,
    grant_queue,
    revoke_queue,
    update_queue,
)
from tests.reviews.conftest import Office


def make_queue(actor: Actor, **changes: Any) -> Queue:
    return create_queue(**{"actor": actor, "key": "other", "name": "Other", "template_key": "panel", **changes})


class TestCreateQueue:
    def test_its_maker_manages_it(self, office: Office, other_manager: Actor) -> None:
        queue = make_queue(other_manager)
        with office.scope():
            assert queries.get_queue(other_manager, "other").granted == ["manage_queue"]
        assert [event.subject_id for event in office.events("queue.created")][-1] == queue.pk

    def test_refuses_a_taken_key(self, office: Office, mona: Actor) -> None:
        with pytest.raises(Conflict):
            make_queue(mona, key="loans")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("key", "no spaces"), ("name", " "), ("lease_seconds", 5), ("undo_seconds", 11), ("template_key", "none"),
            ("instructions", "x" * 20_001),
        ],
    )  # fmt: skip
    def test_names_the_field_that_is_wrong(self, office: Office, mona: Actor, field: str, value: Any) -> None:
        with pytest.raises(Invalid) as refusal:
            make_queue(mona, **{field: value})
        assert list(refusal.value.fields) == [field]

    def test_refuses_others(self, office: Office, alice: Actor, mel: Actor) -> None:
        for actor in (alice, mel):
            with pytest.raises(Forbidden):
                make_queue(actor)


class TestUpdateQueue:
    def test_changes_what_comes_and_not_what_was(self, office: Office, alice: Actor, mona: Actor) -> None:
        office.bring(1, 2)
        before = office.claim(alice)
        update_queue(actor=mona, queue_key="loans", lease_seconds=60)
        assert office.seat(before).lease_ends_at == before.lease_ends_at
        office.submit_to(before, alice)
        after = office.claim(alice)
        assert after.lease_ends_at is not None
        assert after.claimed_at is not None
        assert (after.lease_ends_at - after.claimed_at).total_seconds() == 60
        (event,) = office.events("queue.updated")
        assert (event.body["before"]["lease_seconds"], event.body["after"]["lease_seconds"]) == (900, 60)

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("gold_rate", {"gold_rate": 1.5}),
            ("gold_rate", {"gold_rate": 0.6, "second_review_rate": 0.5}),
            ("gold_first", {"gold_first": -1}),
            ("variety_rate", {"variety_rate": -0.1}),
            ("skills", {"skills": [{"skill": "fraud", "level": 6}]}),
            ("skills", {"skills": [{"skill": "fraud", "level": 1}, {"skill": "fraud", "level": 2}]}),
            ("skills", {"skills": "fraud"}),
        ],
    )
    def test_names_the_setting_that_is_out_of_range(
        self, office: Office, mona: Actor, field: str, changes: dict[str, Any]
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            update_queue(actor=mona, queue_key="loans", **changes)
        assert list(refusal.value.fields) == [field]

    def test_a_queue_that_a_policy_names_stays_open(self, office: Office, mona: Actor) -> None:
        office.activate()
        with pytest.raises(Conflict):
            update_queue(actor=mona, queue_key="loans", is_active=False)

    def test_refuses_managers_of_other_queues_and_unknown_settings(
        self, office: Office, other_manager: Actor, mona: Actor, alice: Actor
    ) -> None:
        with pytest.raises(NotFound):
            update_queue(actor=other_manager, queue_key="loans", name="Mine")
        with pytest.raises(Forbidden):
            update_queue(actor=alice, queue_key="loans", name="Mine")
        with pytest.raises(Invalid):
            update_queue(actor=mona, queue_key="loans", colour="red")


class TestGrants:
    def test_let_in_and_out(self, office: Office, mona: Actor, sam: Actor, alice: Actor) -> None:
        office.bring()
        revoke_queue(actor=mona, queue_key="loans", user_id=alice.id)
        with pytest.raises(NotFound):
            claim_next(actor=alice, queue_key="loans")
        grant_queue(actor=mona, queue_key="loans", user_id=alice.id)
        assert claim_next(actor=alice, queue_key="loans") is not None
        assert office.events("queue.revoked")[0].body["user_id"] == str(alice.id)

    def test_granting_twice_is_once(self, office: Office, mona: Actor, alice: Actor) -> None:
        before = len(office.events("queue.granted"))
        grant_queue(actor=mona, queue_key="loans", user_id=alice.id)
        assert len(office.events("queue.granted")) == before

    def test_a_manager_can_let_another_manage(self, office: Office, mona: Actor, other_manager: Actor) -> None:
        grant_queue(actor=mona, queue_key="loans", user_id=other_manager.id, permission="manage_queue")
        update_queue(actor=other_manager, queue_key="loans", name="Ours")

    def test_only_members_with_a_fitting_role(self, office: Office, mona: Actor, mel: Actor, gil: Actor) -> None:
        for stranger in (mel, gil):
            with pytest.raises(Invalid):
                grant_queue(actor=mona, queue_key="loans", user_id=stranger.id)
        with pytest.raises(Invalid):
            grant_queue(actor=mona, queue_key="loans", user_id=mona.id, permission="own_queue")

    def test_the_owner_manages_every_queue(self, office: Office, olga: Actor) -> None:
        update_queue(actor=olga, queue_key="loans", name="Olga's")

    def test_refuses_reviewers(self, office: Office, alice: Actor, bob: Actor) -> None:
        with pytest.raises(Forbidden):
            revoke_queue(actor=alice, queue_key="loans", user_id=bob.id)

    def test_what_was_not_granted_cannot_be_taken(self, office: Office, mona: Actor, mel: Actor) -> None:
        with pytest.raises(Conflict):
            revoke_queue(actor=mona, queue_key="loans", user_id=mel.id)

    def test_guardian_reads_the_same_table(self, office: Office, alice: Actor, mel: Actor) -> None:
        people = get_user_model().objects
        with office.scope():
            found = [
                list(ObjectPermissionChecker(people.get(pk=actor.id)).get_user_perms(office.queue))
                for actor in (alice, mel)
            ]
        assert found == [["work_queue"], []]

    def test_django_answers_for_a_queue(self, office: Office, alice: Actor, mel: Actor) -> None:
        people = get_user_model().objects
        with office.scope():
            working, other = people.get(pk=alice.id), people.get(pk=mel.id)
            assert working.has_perm("reviews.work_queue", office.queue)
            assert not working.has_perm("reviews.manage_queue", office.queue)
            assert not other.has_perm("reviews.work_queue", office.queue)
            # a grant is on one queue, never on all
            assert not working.has_perm("reviews.work_queue")


class TestTemplates:
    def test_a_change_is_a_new_version(self, office: Office, mona: Actor) -> None:
        second = create_template(actor=mona, key="panel", name="Panel", seats=9, mode="unanimous", advice="shown")
        assert second.version == 2
        with office.scope():
            assert queries.newest_templates()["panel"].seats == 9

    @pytest.mark.parametrize(
        ("field", "value"),
        [("seats", 0), ("seats", 10), ("mode", "loudest"), ("advice", "always"), ("key", ""), ("name", "")],
    )
    def test_names_the_field_that_is_wrong(self, office: Office, mona: Actor, field: str, value: Any) -> None:
        with pytest.raises(Invalid) as refusal:
            create_template(**{"actor": mona, "key": "panel", "name": "Panel", "seats": 1, field: value})
        assert list(refusal.value.fields) == [field]

    def test_refuses_reviewers(self, office: Office, alice: Actor) -> None:
        with pytest.raises(Forbidden):
            create_template(actor=alice, key="mine", name="Mine", seats=1)


class TestSummaries:
    def test_count_what_waits_for_me(self, open_office: Any, alice: Actor, bob: Actor, carol: Actor) -> None:
        office = open_office(seats=2)
        office.bring(1, 2, 3)
        office.judge(alice)
        office.claim(bob)
        with office.scope():
            of_alice, of_bob, of_carol = (queries.my_queues(actor)[0] for actor in (alice, bob, carol))
        # alice judged on the first panel, bob has its other seat in hand; two places on one panel are one case
        assert (of_alice.open, of_alice.mine, of_alice.with_others) == (2, 0, 1)
        assert (of_bob.open, of_bob.mine, of_bob.with_others) == (2, 1, 0)
        assert (of_carol.open, of_carol.mine, of_carol.with_others) == (2, 0, 1)
        assert of_carol.oldest is not None
        assert (of_carol.may_work, of_carol.may_manage) == (True, False)

    def test_cost_two_queries_however_many_queues(
        self, office: Office, mona: Actor, alice: Actor, django_assert_num_queries: Any
    ) -> None:
        for number in range(5):
            make_queue(mona, key=f"queue{number}")
            grant_queue(actor=mona, queue_key=f"queue{number}", user_id=alice.id)
        with office.scope(), django_assert_num_queries(2):
            assert len(queries.my_queues(alice)) == 6

    def test_next_seats_come_in_the_order_of_the_claim(self, office: Office, alice: Actor) -> None:
        first, second = office.bring(1, 2)
        with office.scope():
            shown = queries.next_seats(alice, office.queue)
        assert [seat.case_id for seat in shown] == [first.pk, second.pk]
        assert office.claim(alice).case_id == first.pk

    def test_nobody_sees_queues_of_others(self, office: Office, mel: Actor, gil: Actor) -> None:
        with office.scope():
            assert queries.my_queues(mel) == []

    def test_what_i_finished(self, office: Office, alice: Actor) -> None:
        office.bring(1, 2)
        judgment = office.judge(alice)
        office.judge(alice)
        with office.scope():
            number, latest = queries.finished_since(alice, judgment.judged_at, limit=1)
            assert (number, len(latest)) == (2, 1)
            assert queries.my_seats(alice) == []

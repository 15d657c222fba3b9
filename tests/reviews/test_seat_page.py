"""The seat's page and the API: what a reviewer sees, and everything that stays hidden."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from hitl_platform.kernel.errors import Conflict, NotFound
from hitl_platform.tenants.actor import Actor
from models_registry.models import Prediction
from reviews import queries
from reviews.models import RoutingRecord, Seat
from reviews.pages import WHY, SeatPage, seat_page
from reviews.services import save_draft, view_seat
from tests.reviews.conftest import Office

JSON = "application/json"


def page(office: Office, actor: Actor, seat: Seat) -> SeatPage:
    with office.scope():
        return seat_page(actor, queries.get_seat(actor, seat.pk))


def post(client: Client, path: str, body: Any = None) -> Any:
    return client.post(f"/api/v1/{path}", data=json.dumps(body or {}), content_type=JSON)


class TestPage:
    def test_shows_the_case_to_its_holder(self, office: Office, alice: Actor) -> None:
        office.bring(5_000)
        seen = page(office, alice, office.claim(alice))
        assert (seen.mine, seen.step, seen.payload["amount"]) == (True, "final", 5_000)
        assert [label["key"] for label in seen.labels] == ["approve", "decline"]
        assert seen.why_words == WHY["no_model"]

    def test_shows_others_that_it_is_not_theirs(self, office: Office, alice: Actor, bob: Actor) -> None:
        office.bring(5_000)
        seat = office.claim(alice)
        seen = page(office, bob, seat)
        assert (seen.mine, seen.step, seen.payload, seen.lease_token) == (False, "none", {}, 0)
        assert (seen.lease_ends_at, seen.first_label, seen.advice) == (None, None, None)

    def test_the_draft_outlives_the_lease(self, office: Office, alice: Actor, bob: Actor) -> None:
        office.bring()
        seat = office.claim(alice)
        save_draft(actor=alice, seat_id=seat.pk, body={"label": "decline"})
        office.end_leases()
        office.claim(bob)
        seen = page(office, alice, seat)
        assert (seen.mine, seen.draft) == (False, {"label": "decline"})
        assert page(office, bob, seat).draft is None

    def test_tells_the_holder_what_was_submitted_and_until_when_it_can_be_undone(
        self, open_office: Any, alice: Actor
    ) -> None:
        office = open_office(undo_seconds=10)
        office.bring()
        seat = office.claim(alice)
        office.submit_to(seat, alice, "decline")
        seen = page(office, alice, seat)
        assert (seen.submitted_label, seen.step) == ("decline", "none")
        assert seen.undo_until is not None

    def test_the_first_look_is_noted_once(self, office: Office, alice: Actor, bob: Actor) -> None:
        office.bring()
        seat = office.claim(alice)
        view_seat(actor=bob, seat_id=seat.pk)
        assert office.seat(seat).first_viewed_at is None
        view_seat(actor=alice, seat_id=seat.pk)
        first = office.seat(seat).first_viewed_at
        view_seat(actor=alice, seat_id=seat.pk)
        assert first is not None
        assert office.seat(seat).first_viewed_at == first

    def test_hides_the_seat_from_strangers(self, office: Office, alice: Actor, mel: Actor, gil: Actor) -> None:
        office.bring()
        seat = office.claim(alice)
        for stranger in (mel, gil):
            with pytest.raises(NotFound):
                view_seat(actor=stranger, seat_id=seat.pk)

    def test_costs_a_fixed_number_of_queries(
        self, office: Office, alice: Actor, django_assert_num_queries: Any
    ) -> None:
        office.bring()
        seat = office.claim(alice)
        page(office, alice, seat)
        with office.scope(), django_assert_num_queries(2):
            seat_page(alice, queries.get_seat(alice, seat.pk))


class TestBlindness:
    """Nothing that is answered to a reviewer tells the model's answer before it may be seen."""

    @pytest.mark.parametrize("advice", ["hidden", "after_answer", "shown"])
    def test_every_answer_of_the_api(
        self, open_office: Any, crown: Any, alice: Actor, client_for: Callable[[Actor], Client], advice: str
    ) -> None:
        crown()
        office = open_office(advice=advice, undo_seconds=10)
        office.activate()
        (case,) = office.bring(9_000)
        with office.scope():
            prediction = Prediction.objects.get(case=case)
            record = RoutingRecord.objects.get(case=case)
        secrets = [
            str(prediction.confidence)[:6], str(prediction.pk), str(record.pk), str(case.pk), case.external_id,
            str(prediction.model_version_id), "contributions", "probability", record.thresholds["words"],
        ]  # fmt: skip
        client = client_for(alice)
        seat = post(client, "queues/loans/claim").json()["seat"]
        token = {"lease_token": seat["lease_token"]}
        before = [
            json.dumps(seat),
            client.get(f"/api/v1/seats/{seat['id']}/").content.decode(),
            client.get("/api/v1/queues/").content.decode(),
            post(client, f"seats/{seat['id']}/heartbeat", token).content.decode(),
            post(client, f"seats/{seat['id']}/hold").content.decode(),
            post(client, f"seats/{seat['id']}/resume").content.decode(),
            post(client, f"seats/{seat['id']}/draft", {"label": "decline"}).content.decode(),
        ]
        hidden = advice != "shown"
        for answer in before:
            for secret in secrets:
                assert (secret not in answer) or not hidden, (secret, answer)
            assert '"advice":null' in answer.replace(" ", "") or '"advice"' not in answer or not hidden
        if advice == "after_answer":
            after = post(client, f"seats/{seat['id']}/answer", token | {"label": "decline"}).json()
            assert after["advice"]["label"] == prediction.label
        assert str(case.pk) not in "".join(before)

    def test_nobody_sees_the_judgments_of_others_before_a_dispute(
        self, open_office: Any, alice: Actor, bob: Actor, client_for: Callable[[Actor], Client]
    ) -> None:
        office = open_office(seats=3)
        office.bring()
        office.judge(alice, "decline", rationale="Never.")
        answer = post(client_for(bob), "queues/loans/claim")
        assert answer.json()["seat"]["judgments"] == []
        assert "Never" not in answer.content.decode()

    def test_the_adjudicator_sees_what_was_said_and_not_by_whom(
        self, open_office: Any, alice: Actor, bob: Actor, sam: Actor, client_for: Callable[[Actor], Client]
    ) -> None:
        office = open_office(seats=2)
        office.bring()
        office.judge(alice, "decline", rationale="Never.", reason_codes=["history"])
        office.judge(bob, "approve", rationale="Gladly.")
        office.drain("consensus")
        answer = post(client_for(sam), "queues/loans/claim")
        seat = answer.json()["seat"]
        assert (seat["kind"], seat["why"]) == ("adjudicator", "disputed")
        told = [(judgment["number"], judgment["label"], judgment["rationale"]) for judgment in seat["judgments"]]
        assert told == [(1, "decline", "Never."), (2, "approve", "Gladly.")]
        for name in ("alice", "Alice", str(alice.id), "bob", str(bob.id)):
            assert name not in answer.content.decode()

    def test_attributes_are_nowhere(self, office: Office, alice: Actor, client_for: Callable[[Actor], Client]) -> None:
        office.bring(attributes={"sex": "undisclosed-value"})
        assert "undisclosed-value" not in post(client_for(alice), "queues/loans/claim").content.decode()


class TestApi:
    def test_the_whole_way(self, open_office: Any, alice: Actor, client_for: Callable[[Actor], Client]) -> None:
        office = open_office(undo_seconds=10)
        (case,) = office.bring()
        client = client_for(alice)
        (queue,) = client.get("/api/v1/queues/").json()
        assert (queue["key"], queue["open"]) == ("loans", 1)
        seat = post(client, "queues/loans/claim").json()["seat"]
        assert seat["payload"]["amount"] == 1_000
        body = {"lease_token": seat["lease_token"], "label": "decline", "reason_codes": ["history"], "rationale": "No."}
        done = post(client, f"seats/{seat['id']}/submit", body)
        assert (done.status_code, done.json()["label"]) == (200, "decline")
        undone = post(client, f"seats/{seat['id']}/undo").json()
        assert (undone["state"], undone["mine"]) == ("claimed", True)
        assert (
            post(client, f"seats/{seat['id']}/submit", body | {"label": "approve", "reason_codes": []}).status_code
            == 200
        )
        office.let_undo_pass()
        office.drain("consensus")
        decision = office.decision(case)
        assert decision is not None
        assert decision.label == "approve"

    def test_an_empty_queue_says_why(
        self, office: Office, alice: Actor, bob: Actor, client_for: Callable[[Actor], Client]
    ) -> None:
        office.bring()
        office.claim(bob)
        answer = post(client_for(alice), "queues/loans/claim").json()
        assert answer["seat"] is None
        assert answer["empty"]["leased_by_others"] == 1

    def test_a_stale_submit_is_a_conflict_and_its_draft_is_kept(
        self, office: Office, alice: Actor, client_for: Callable[[Actor], Client]
    ) -> None:
        office.bring()
        client = client_for(alice)
        seat = post(client, "queues/loans/claim").json()["seat"]
        office.end_leases()
        body = {"lease_token": seat["lease_token"], "label": "decline", "rationale": "Nearly."}
        refused = post(client, f"seats/{seat['id']}/submit", body)
        assert (refused.status_code, refused.json()["code"]) == (409, "lease_expired")
        again = post(client, "queues/loans/claim").json()["seat"]
        assert again["draft"] == {"label": "decline", "rationale": "Nearly.", "reason_codes": []}

    @pytest.mark.parametrize(
        ("verb", "body"),
        [
            ("submit", {"label": "approve"}),
            ("submit", {"lease_token": "1", "label": "approve"}),
            ("submit", {"lease_token": 1, "label": "approve", "colour": "red"}),
            ("submit", {"lease_token": 1, "label": "approve", "active_seconds": -1}),
            ("answer", {"lease_token": 1}),
            ("heartbeat", {}),
            ("draft", {"rationale": {"deep": 1}}),
            ("release", {"why": "x"}),
        ],
    )
    def test_refuses_bodies_of_another_shape(
        self, office: Office, alice: Actor, client_for: Callable[[Actor], Client], verb: str, body: Any
    ) -> None:
        office.bring()
        client = client_for(alice)
        seat = post(client, "queues/loans/claim").json()["seat"]
        refused = post(client, f"seats/{seat['id']}/{verb}", body)
        assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json")

    def test_keys_never_judge(self, office: Office, api: APIClient) -> None:
        office.bring()
        assert api.post("/api/v1/queues/loans/claim", {}, format="json").status_code == 403
        assert api.get("/api/v1/queues/").status_code == 403

    def test_strangers_learn_nothing(
        self, office: Office, alice: Actor, gil: Actor, client_for: Callable[[Actor], Client]
    ) -> None:
        office.bring()
        seat = office.claim(alice)
        client = client_for(gil)
        random = "018f0000-0000-7000-8000-000000000000"
        answers = [client.get(f"/api/v1/seats/{each}/").content for each in (seat.pk, random)]
        assert answers[0] == answers[1]
        assert post(client, "queues/loans/claim").status_code == 404
        assert post(Client(), "queues/loans/claim").status_code in (401, 403)

    def test_claim_and_submit_cost_a_fixed_number_of_statements(
        self, office: Office, alice: Actor, client_for: Callable[[Actor], Client], django_assert_max_num_queries: Any
    ) -> None:
        office.bring(1, 2)
        client = client_for(alice)
        office.submit_to(office.claim(alice), alice)
        with django_assert_max_num_queries(11):
            seat = post(client, "queues/loans/claim").json()["seat"]
        with django_assert_max_num_queries(10):
            post(client, f"seats/{seat['id']}/submit", {"lease_token": seat["lease_token"], "label": "approve"})


def test_a_draft_is_bounded_and_for_those_who_may_judge(office: Office, alice: Actor, mona: Actor) -> None:
    office.bring()
    seat = office.claim(alice)
    with pytest.raises(Exception, match="too large"):
        save_draft(actor=alice, seat_id=seat.pk, body={"rationale": "x" * 20_001})
    with pytest.raises(Exception, match="not yours"):
        save_draft(actor=mona, seat_id=seat.pk, body={"rationale": "x"})
    first = save_draft(actor=alice, seat_id=seat.pk, body={"rationale": "x"})
    second = save_draft(actor=alice, seat_id=seat.pk, body={"rationale": "y"})
    with office.scope():
        assert [draft.body for draft in seat.drafts.all()] == [{"rationale": "y"}]
    assert second.saved_at > first.saved_at


def test_conflicts_are_told(office: Office, alice: Actor) -> None:
    office.bring()
    seat = office.claim(alice)
    office.submit_to(seat, alice)
    with pytest.raises(Conflict, match="submitted"):
        office.submit_to(seat, alice)

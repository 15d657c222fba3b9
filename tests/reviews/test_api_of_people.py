"""People's own matters by the API: help, comments, absences, conflicts, care, known cases, contests, practice."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.services import post_outcome
from hitl_platform.tenants.actor import Actor
from reviews.models import ContentCare, Escalation, Seat
from reviews.services import declare_absence, declare_conflict
from reviews.services.gold import propose_gold
from tests.reviews.conftest import Office
from tests.reviews.quality import assess, decide, make_gold, set_queue
from tests.reviews.test_gold import told

API = "/api/v1"


class Caller:
    """Somebody's program: JSON there, JSON back."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def __call__(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        response = self.client.generic(
            method.upper(), f"{API}/{path}", "" if body is None else json.dumps(body), content_type="application/json"
        )
        assert response.status_code == status, response.content
        return response.json()


@pytest.fixture
def by(client_for: Callable[[Actor], Client], cast: Any) -> Callable[[str], Caller]:
    return lambda name: Caller(client_for(cast.people[name]))


def test_help_is_asked_for_and_the_case_stays(office: Office, by: Any, alice: Actor) -> None:
    office.bring()
    seat = office.claim(alice)
    page = by("alice")("post", f"seats/{seat.pk}/ask", {"why": "Is this income?"})
    assert (page["id"], page["state"]) == (str(seat.pk), "claimed")
    with office.scope():
        assert Escalation.objects.get().why == "Is this income?"
    refusal = by("alice")("post", f"seats/{seat.pk}/ask", {"why": "Still?"}, status=409)
    assert refusal["code"] == "help_asked"
    by("bob")("post", f"seats/{seat.pk}/ask", {"why": "And I?"}, status=403)
    by("gil")("post", f"seats/{seat.pk}/ask", {"why": "And I?"}, status=404)


def test_a_comment_is_told_to_others_only_when_they_have_judged(open_office: Any, by: Any, alice: Actor) -> None:
    office = open_office(seats=2)
    office.bring()
    seat, other = office.claim(alice), office.claim(office.people["bob"])
    page = by("alice")("post", f"seats/{seat.pk}/comments", {"text": "Page 2 differs, @bob."})
    assert [each["text"] for each in page["comments"]] == ["Page 2 differs, @bob."]
    assert by("bob")("get", f"seats/{other.pk}/comments") == []
    office.submit_to(other, office.people["bob"])
    assert [each["author"] for each in by("bob")("get", f"seats/{other.pk}/comments")] == ["Alice"]
    wrong = by("alice")("post", f"seats/{seat.pk}/comments", {"text": "Hello @nobody."}, status=400)
    assert "text" in wrong["errors"]


def test_an_absence_is_declared_listed_and_ended(office: Office, by: Any, alice: Actor, bob: Actor) -> None:
    starts = timezone.now() + timedelta(days=1)
    body = {"starts_at": starts.isoformat(), "ends_at": (starts + timedelta(days=7)).isoformat(), "note": "At sea."}
    made = by("alice")("post", "absences/", body, status=201)
    assert (made["user_id"], made["note"], made["withdrawn_at"]) == (str(alice.id), "At sea.", None)
    by("alice")("post", "absences/", body | {"user_id": str(bob.id)}, status=403)
    by("mona")("post", "absences/", body | {"user_id": str(bob.id)}, status=201)
    assert [each["id"] for each in by("alice")("get", "absences/")["items"]] == [made["id"]]
    assert len(by("mona")("get", "absences/")["items"]) == 2
    assert len(by("mona")("get", f"absences/?user={bob.id}")["items"]) == 1
    assert by("gil")("get", "absences/")["items"] == []
    by("bob")("post", f"absences/{made['id']}/end", {}, status=404)
    assert by("alice")("post", f"absences/{made['id']}/end", {})["withdrawn_at"]
    by("alice")("post", f"absences/{made['id']}/end", {}, status=409)
    wrong = by("alice")("post", "absences/", body | {"ends_at": body["starts_at"]}, status=400)
    assert list(wrong["errors"]) == ["ends_at"]
    wrong = by("alice")("post", "absences/", body | {"ends_at": "soon"}, status=400)
    assert list(wrong["errors"]) == ["ends_at"]


def test_a_conflict_takes_the_case_away_and_only_a_manager_lifts_it(office: Office, by: Any, alice: Actor) -> None:
    office.bring(1_000, subject_ref="A-1")
    seat = office.claim(alice)
    made = by("alice")("post", "conflicts/", {"kind": "subject", "about": "A-1"}, status=201)
    assert office.seat(seat).state == "open"
    by("alice")("post", "conflicts/", {"kind": "subject", "about": "A-1"}, status=409)
    assert by("bob")("get", "conflicts/")["items"] == []
    assert [each["about"] for each in by("mona")("get", "conflicts/")["items"]] == ["A-1"]
    by("alice")("post", f"conflicts/{made['id']}/lift", {}, status=403)
    by("bob")("post", f"conflicts/{made['id']}/lift", {}, status=404)
    assert by("mona")("post", f"conflicts/{made['id']}/lift", {})["lifted_at"]


def test_nobody_reads_what_others_declared(office: Office, by: Any, alice: Actor, bob: Actor, mona: Actor) -> None:
    soon = timezone.now() + timedelta(hours=1)
    declare_absence(actor=bob, user_id=bob.id, starts_at=soon, ends_at=soon + timedelta(hours=1), note="A clinic.")
    declare_conflict(actor=bob, user_id=bob.id, kind="subject", about="my-aunt")
    for path in ("absences/", "conflicts/"):
        assert by("alice")("get", path)["items"] == []
        assert by("ada")("get", path)["items"] == []


def test_care_is_a_preference_of_one_person(office: Office, by: Any, alice: Actor) -> None:
    assert by("alice")("get", "content-care/") == {"blurs": True, "greys": True}
    by("alice")("put", "content-care/", {"blurs": False, "greys": True})
    assert by("alice")("get", "content-care/") == {"blurs": False, "greys": True}
    assert by("bob")("get", "content-care/") == {"blurs": True, "greys": True}
    with office.scope():
        assert ContentCare.objects.get().reviewer_id == alice.id


class TestContests:
    @pytest.fixture
    def missed(self, office: Office, alice: Actor) -> Office:
        """Alice has missed a known case, and judged so often since that it may be told."""
        make_gold(office, decide(office, 1_000))
        office.bring(*range(100, 2_700, 100))
        set_queue(office, gold_first=1)
        office.judge(alice, "decline")
        assess(office)
        return office

    def test_a_known_case_is_told_late_and_contested_once(self, missed: Office, by: Any, alice: Actor) -> None:
        ask = by("alice")
        assert ask("get", "known-cases/") == [], "it would give the hidden case away"
        for _ in range(20):
            missed.judge(alice)
        (known,) = ask("get", "known-cases/")
        assert (known["given"], known["expected"], known["contest_id"]) == ("decline", "approve", None)
        body = {"known_case_id": known["id"], "reason": "The income is his brother's."}
        by("bob")("post", "contests/", body, status=404)
        contest = ask("post", "contests/", body, status=201)
        assert contest["state"] == "open"
        assert contest["reference"] == known["reference"]
        ask("post", "contests/", body, status=409)
        assert ask("get", "known-cases/")[0]["contest_id"] == contest["id"]
        assert by("bob")("get", "contests/")["items"] == []
        self._decided(by, contest["id"])

    @staticmethod
    def _decided(by: Any, contest_id: str) -> None:
        by("alice")("post", f"contests/{contest_id}/uphold", {"answer": "No."}, status=403)
        by("bob")("post", f"contests/{contest_id}/uphold", {"answer": "No."}, status=404)
        # mona proposed the item, max approved it
        by("mona")("post", f"contests/{contest_id}/uphold", {"answer": "No."}, status=403)
        effect = by("max")("post", f"contests/{contest_id}/forgive", {"answer": "Yes.", "label": "decline"})
        assert (effect["results"], effect["panels_that_would_change"]) == (1, [])
        (item,) = by("alice")("get", "contests/?state=forgiven")["items"]
        assert item["answer"] == "Yes."
        assert by("alice")("get", "contests/?state=open")["items"] == []
        by("max")("post", f"contests/{contest_id}/uphold", {"answer": "No."}, status=409)


class TestPractice:
    @pytest.fixture
    def past(self, office: Office, integrator: Actor) -> Office:
        (case,) = decide(office, 1_000)
        post_outcome(actor=integrator, case_id=case.pk, label="decline", observed_at=timezone.now())
        return office

    def test_the_outcome_is_told_once_it_is_answered(self, past: Office, by: Any) -> None:
        ask = by("alice")
        shown = ask("get", "queues/loans/practice")["case"]
        assert shown["payload"]["amount"] == 1_000
        assert "decline" not in json.dumps({name: shown[name] for name in shown if name not in ("labels", "payload")})
        body = {"case_id": shown["id"], "label": "approve"}
        answer = ask("post", "queues/loans/practice", body, status=201)
        assert answer == {"given": "approve", "outcome": "decline", "is_right": False}
        after = ask("get", "queues/loans/practice")
        assert after["case"] is None
        assert (after["score"]["count"], after["score"]["total"]) == (0, 1)
        ask("post", "queues/loans/practice", body, status=404)

    def test_only_for_those_who_work_there_and_never_with_a_known_case(
        self, past: Office, by: Any, mona: Actor
    ) -> None:
        by("mona")("get", "queues/loans/practice", status=403)
        by("gil")("get", "queues/loans/practice", status=404)
        propose_gold(actor=mona, case_type_key="loan", external_id="loan-0", label="decline", why="Known.")
        assert by("alice")("get", "queues/loans/practice")["case"] is None


def test_no_new_door_tells_gold_from_live(office: Office, client_for: Any, alice: Actor) -> None:
    make_gold(office, decide(office, 9_000))
    office.bring(9_100, 9_200, 9_300)
    client = client_for(alice)

    def walk() -> tuple[list[str], list[int], str]:
        answers, counts = [], []
        seat = client.post(f"{API}/queues/loans/claim", {}, content_type="application/json").json()["seat"]
        for method, path, body in (
            ("GET", "comments", None),
            ("POST", "comments", {"text": "Page 2."}),
            ("GET", "comments", None),
            ("POST", "ask", {"why": "Is this income?"}),
            ("POST", "ask", {"why": "Is this income?"}),
            ("POST", "release", {}),
            ("GET", "comments", None),
        ):
            with CaptureQueriesContext(connection) as asked:
                text = "" if body is None else json.dumps(body)
                address = f"{API}/seats/{seat['id']}/{path}"
                response = client.generic(method, address, text, content_type="application/json")
            answers.append(told(response))
            counts.append(len(asked))
        lists = ("known-cases/", "contests/", "absences/")
        answers.extend(told(client.get(f"{API}/{path}")) for path in lists)
        return answers, counts, seat["id"]

    live = walk()
    set_queue(office, gold_first=5)
    hidden = walk()
    with office.scope():
        assert [Seat.objects.get(pk=each[2]).purpose for each in (live, hidden)] == ["live", "gold"]
    assert live[0] == hidden[0]
    assert live[1] == hidden[1]

"""The way an answer is made is the same whatever a blind reviewer must not know: statements, headers, size.

How long it takes is measured apart, by `manage.py bench blindness`.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from cases.models import Case
from hitl_platform.tenants.actor import Actor
from models_registry.models import Prediction
from reviews import similar
from reviews.models import Panel, Seat
from reviews.services import revoke_queue
from tests.reviews.conftest import Office
from tests.reviews.quality import make_gold, set_queue
from tests.reviews.test_gold import normalised

# a test's transactions within its own have names that count
# and how many waiting seats a list shows tells nothing of one
AMONG = re.compile(r"IN \((?:\(?%s\)?(?:, )?)+\)")
SAVEPOINT = re.compile(r'SAVEPOINT "\w+"')
# every case goes to people by a rule, so that the reason for asking is the same with a model and without
EVERY_CASE = [{"name": "all", "when": "case.amount >= 0", "action": "review"}]


@dataclass
class Trace:
    """What each request of a walk was made of and answered."""

    statements: list[list[str]]
    headers: list[list[tuple[str, str]]]
    bodies: list[str]
    seat_id: str

    def require_like(self, other: "Trace") -> None:
        """Fail, naming the request, where the two were made or answered differently."""
        assert len(self.bodies) == len(other.bodies)
        for at, (one, two) in enumerate(zip(self.statements, other.statements, strict=True)):
            for said, asked in zip(one, two, strict=False):
                assert said == asked, f"statements of request {at}: {said} | {asked}"
            assert len(one) == len(two), f"statements of request {at}"
        for at, (mine, theirs) in enumerate(zip(self.headers, other.headers, strict=True)):
            assert mine == theirs, f"headers of request {at}"
        for at, (text, beside) in enumerate(zip(self.bodies, other.bodies, strict=True)):
            assert len(text) == len(beside), f"size of request {at}"
            assert text == beside, f"request {at}"


class Walker:
    """One reviewer's browser and program, whose every statement is heard."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.trace = Trace([], [], [], "")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        said: list[str] = []

        def hear(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
            text = sql if isinstance(sql, str) else sql.as_string(None)
            said.append(AMONG.sub("IN (…)", SAVEPOINT.sub("SAVEPOINT", text)))
            return execute(sql, params, many, context)

        text = "" if body is None else json.dumps(body)
        with connection.execute_wrapper(hear):
            response = self.client.generic(method, path, text, content_type="application/json")
        self.trace.statements.append(said)
        told = sorted(response.items())
        self.trace.headers.append([(name, normalised(value)) for name, value in told if name != "Content-Length"])
        self.trace.bodies.append(normalised(response.content.decode()))
        return response

    def walk(self, *, until: str = "submit") -> Trace:
        """From the queue to a seat, around its case, and (but for `until` "answer") to what comes after it."""
        self.ask("GET", "/queues/loans/")
        self.ask("GET", "/api/v1/queues/")
        seat = self.ask("POST", "/api/v1/queues/loans/claim", {}).json()["seat"]
        self.trace.seat_id = seat["id"]
        api, page, lease = f"/api/v1/seats/{seat['id']}", f"/seats/{seat['id']}/", {"lease_token": seat["lease_token"]}
        self.ask("GET", f"{api}/")
        self.ask("GET", page)
        self.ask("GET", f"{page}background/")
        self.ask("GET", f"{page}hand-over/")
        self.ask("POST", f"{api}/heartbeat", lease)
        self.ask("POST", f"{api}/draft", {"label": "approve"})
        self.ask("POST", f"{api}/comments", {"text": "See the second page."})
        self.ask("POST", f"{api}/hold", {})
        self.ask("POST", f"{api}/resume", {})
        if until == "submit":
            self.ask("POST", f"{api}/submit", lease | {"label": "approve"})
            self.ask("GET", f"{api}/")
            self.ask("GET", page)
            self.ask("GET", "/")
        return self.trace


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    similar._kept.clear()


@pytest.fixture
def walker(client_for: Callable[[Actor], Client], alice: Actor) -> Callable[[], Walker]:
    return lambda: Walker(client_for(alice))


def predicted(office: Office, case: Case) -> str | None:
    """What the model said of a case."""
    with office.scope():
        found = Prediction.objects.filter(case_id=case.pk).first()
    return found.label if found else None


def test_with_a_prediction_and_without(open_office: Any, crown: Any, walker: Callable[[], Walker]) -> None:
    office = open_office(advice="hidden")
    office.bring(2_000, 2_000, 2_000)
    ask_for_one_reason(office)
    walker().walk()  # the first walk finds what a process keeps of types and permissions
    without = walker().walk()
    crown()
    case, other = office.bring(2_000, 2_000)
    release_others(office, but=[case, other])
    ask_for_one_reason(office)
    with_one = walker().walk()
    assert predicted(office, case) == "approve"
    with office.scope():
        assert Seat.objects.get(pk=with_one.seat_id).case_id == case.pk
    without.require_like(with_one)


@pytest.mark.parametrize("advice", ["hidden", "after_answer"])
def test_whatever_the_model_says(advice: str, open_office: Any, crown: Any, walker: Callable[[], Walker]) -> None:
    office = open_office(advice=advice)
    office.activate(rules=EVERY_CASE)
    crown()
    until = "submit" if advice == "hidden" else "answer"
    traces = {}
    for amount in (1_000, 1_000, 19_000):
        (case,) = office.bring(amount)
        release_others(office, but=[case])
        traces[predicted(office, case)] = walker().walk(until=until)
    assert set(traces) == {"approve", "decline"}
    traces["approve"].require_like(traces["decline"])


def test_gold_and_live(open_office: Any, crown: Any, walker: Callable[[], Walker]) -> None:
    office = open_office(advice="hidden")
    crown()
    (known,) = office.bring(10_000)
    office.judge(office.people["dave"])
    office.drain()
    make_gold(office, [known])
    # who decided the case before is not offered it, as on a live panel on which they sat
    revoke_queue(actor=office.manager, queue_key="loans", user_id=office.people["dave"].id)
    office.bring(*[10_000] * 6)
    set_queue(office, gold_rate=1e-12)
    walker().walk()
    live = walker().walk()
    set_queue(office, gold_first=9)
    hidden = walker().walk()
    with office.scope():
        purposes = [Seat.objects.get(pk=each.seat_id).purpose for each in (live, hidden)]
    assert purposes == ["live", "gold"]
    live.require_like(hidden)


def ask_for_one_reason(office: Office) -> None:
    """Why people are asked is told, and that no model answers is a reason: here it is the same for every case."""
    with office.scope():
        Panel.objects.update(why="rule")


def release_others(office: Office, *, but: list[Case]) -> None:
    """Let these cases alone wait: what else is in the queue is no longer asked."""
    with office.scope():
        others = Seat.objects.exclude(case__in=but).filter(state__in=("open", "claimed", "answered", "held"))
        others.update(state="cancelled", reviewer=None, lease_ends_at=None)

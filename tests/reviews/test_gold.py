"""Gold: proposed by one, approved by another, served hidden, never told apart, and without effect outside."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.models import Decision
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.tenants.actor import Actor
from reviews.models import CompetenceSnapshot, HiddenSeat, Panel, Seat
from reviews.queries import next_seats
from reviews.services import hand_over_seat, release_seat, undo_judgment
from reviews.services.gold import approve_gold, propose_gold, retire_gold, sort_at
from reviews.takers import takers_of
from tests.reviews.conftest import Office, code_of
from tests.reviews.quality import assess, decide, hidden_of, make_gold, open_ahead, results, set_queue


def test_a_second_person_approves(office: Office, mona: Actor, other_manager: Actor, alice: Actor, gil: Actor) -> None:
    (case,) = decide(office, 1_000)
    ask = {"case_type_key": "loan", "external_id": case.external_id, "label": "approve", "why": "Known."}
    with pytest.raises(Forbidden):
        propose_gold(actor=alice, **ask)
    with pytest.raises(NotFound):
        propose_gold(actor=gil, **ask)
    item = propose_gold(actor=mona, **ask)
    with pytest.raises(Forbidden) as refusal:
        approve_gold(actor=mona, item_id=item.pk)
    assert code_of(refusal) == "own_work"
    with pytest.raises(NotFound):
        approve_gold(actor=gil, item_id=item.pk)
    assert approve_gold(actor=other_manager, item_id=item.pk).state == "active"
    with pytest.raises(Conflict):
        approve_gold(actor=other_manager, item_id=item.pk)
    retire_gold(actor=mona, item_id=item.pk)
    assert [len(office.events(f"gold.{verb}")) for verb in ("proposed", "approved", "retired")] == [1, 1, 1]
    assert not office.events("gold.proposed", case_id=case.pk), "the case's own timeline says nothing of it"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"label": "perhaps"}, "label"), ({"accepted": ["decline"]}, "accepted"), ({"why": " "}, "why")],
)
def test_refuses_what_measures_nothing(office: Office, mona: Actor, wrong: dict[str, Any], field: str) -> None:
    (case,) = decide(office, 1_000)
    ask = {"case_type_key": "loan", "external_id": case.external_id, "label": "approve", "why": "Known.", **wrong}
    with pytest.raises(Invalid) as refusal:
        propose_gold(actor=mona, **ask)
    assert field in refusal.value.fields


def test_refuses_an_undecided_case_and_a_second_item(office: Office, mona: Actor) -> None:
    (case,) = decide(office, 1_000)
    (waiting,) = office.bring(2_000)
    ask = {"case_type_key": "loan", "label": "approve", "why": "Known."}
    with pytest.raises(Conflict) as refusal:
        propose_gold(actor=mona, external_id=waiting.external_id, **ask)
    assert code_of(refusal) == "case_not_decided"
    propose_gold(actor=mona, external_id=case.external_id, **ask)
    with pytest.raises(Conflict) as refusal:
        propose_gold(actor=mona, external_id=case.external_id, **ask)
    assert code_of(refusal) == "gold_exists"


def test_the_first_seats_are_gold_and_never_the_same_twice(office: Office, alice: Actor) -> None:
    make_gold(office, decide(office, 1_000, 2_000, 3_000))
    office.bring(*range(100, 800, 100))
    set_queue(office, gold_first=3)
    judgments = [office.judge(alice) for _ in range(5)]
    hidden = [hidden_of(office, judgment) for judgment in judgments]
    assert [each.purpose if each else "live" for each in hidden] == ["gold"] * 3 + ["live"] * 2
    assert len({each.gold_item_id for each in hidden if each}) == 3
    assess(office)
    assert [result.is_right for result in results(office)] == [True] * 3
    with office.scope():
        gold = CompetenceSnapshot.objects.filter(reviewer_id=alice.id, source="gold").latest("id")
        assert (gold.right, gold.total) == (3, 3)
        assert Panel.objects.filter(purpose="gold", state="settled").count() == 3


def test_later_ones_come_by_draw_and_stand_in_the_list_before(office: Office, alice: Actor) -> None:
    make_gold(office, decide(office, *range(1_000, 5_000, 1_000)))
    office.bring(*range(100, 1_300, 100))
    set_queue(office, gold_rate=1.0)
    first = office.judge(alice)
    assert hidden_of(office, first) is None, "nothing is opened for the first claim: it was not drawn ahead"
    assert hidden_of(office, office.judge(alice)) is None, "no claim opens one for the next"
    for _ in range(4):
        open_ahead(office)
        with office.scope():
            listed = next_seats(alice, office.queue)
        judgment = office.judge(alice)
        hidden = hidden_of(office, judgment)
        assert hidden is not None
        assert (listed[0].pk, listed[0].purpose) == (judgment.seat_id, "gold"), "what the list shows first comes first"
    open_ahead(office)
    assert hidden_of(office, office.judge(alice)) is None, "no item is left"


def test_the_draw_cannot_be_repeated_by_asking_again(office: Office, alice: Actor, bob: Actor) -> None:
    office.queue.gold_rate = 0.3
    draws = [sort_at(alice, queue=office.queue, position=at) for at in range(2_000)]
    assert draws == [sort_at(alice, queue=office.queue, position=at) for at in range(2_000)]
    assert draws != [sort_at(bob, queue=office.queue, position=at) for at in range(2_000)]
    assert 500 < draws.count("gold") < 700


def test_never_a_case_with_a_part_in_it(office: Office, alice: Actor, bob: Actor) -> None:
    make_gold(office, decide(office, 1_000, by="alice"))
    office.bring(100, 200, 300)
    set_queue(office, gold_first=2)
    assert hidden_of(office, office.judge(alice)) is None, "alice decided that case"
    assert hidden_of(office, office.judge(bob)) is not None


def test_never_for_those_who_may_look_cases_up(office: Office, mona: Actor, alice: Actor) -> None:
    make_gold(office, decide(office, 1_000))
    office.bring(100, 200)
    set_queue(office, gold_first=1)
    both = Actor("user", alice.id, alice.tenant_id, roles=frozenset({"reviewer", "manager"}), name="Alice")
    assert hidden_of(office, office.judge(both)) is None


def test_to_everybody_else_it_is_not_there(office: Office, alice: Actor, bob: Actor) -> None:
    make_gold(office, decide(office, 1_000))
    office.bring(100)
    set_queue(office, gold_first=1)
    seat = office.claim(alice)
    assert seat.purpose == "gold"
    release_seat(actor=alice, seat_id=seat.pk)
    set_queue(office, gold_first=0)
    with office.scope():
        assert [each.purpose for each in next_seats(bob, office.queue)] == ["live"]
    assert office.claim(bob).purpose == "live"
    assert office.claim(alice).pk == seat.pk, "to its own reviewer it is like any other that was given back"


def test_nothing_outside_follows(office: Office, alice: Actor) -> None:
    (case,) = decide(office, 1_000)
    make_gold(office, [case])
    office.bring(100)
    set_queue(office, gold_first=1)
    with office.scope():
        before = Decision.objects.count(), Decision.objects.get(case=case).pk
    office.judge(alice, "decline")
    assess(office)
    with office.scope():
        assert (Decision.objects.count(), Decision.objects.get(case=case).pk) == before
    assert office.case(case).state == "decided"
    assert len(office.events("case.decided")) == 1, "and that is what a webhook would hear"
    assert [result.is_right for result in results(office)] == [False]


def test_undo_works_as_on_a_live_seat(open_office: Any, alice: Actor) -> None:
    office = open_office(undo_seconds=10)
    office.bring(1_000)
    office.judge(office.people["sam"])
    office.let_undo_pass()
    office.drain()
    with office.scope():
        (case,) = [decision.case for decision in Decision.objects.select_related("case")]
    make_gold(office, [case])
    office.bring(100)
    set_queue(office, gold_first=1)
    judgment = office.judge(alice, "decline")
    undone = undo_judgment(actor=alice, seat_id=judgment.seat_id)
    office.submit_to(undone, alice, "approve")
    assess(office)
    assert not results(office), "not before the undo time is over"


def test_it_is_handed_over_like_any_other_to_a_stranger_of_its_case(office: Office, alice: Actor, bob: Actor) -> None:
    make_gold(office, decide(office, 1_000, by="sam"))
    office.bring(100, 200)
    set_queue(office, gold_first=1)
    seat = office.claim(alice)
    assert seat.purpose == "gold"
    with office.scope():
        assert {taker.name for taker in takers_of(alice, seat)} == {"Bob", "Carol", "Dave"}, "Sam has decided it"
    hand_over_seat(actor=alice, seat_id=seat.pk, to_user_id=bob.id)
    set_queue(office, gold_first=0)
    assert office.claim(alice).purpose == "live"
    assert office.claim(bob).pk == seat.pk
    office.submit_to(office.seat(seat), bob)
    assess(office)
    assert [(result.reviewer_id, result.is_right) for result in results(office)] == [(bob.id, True)]


UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)?")
REFERENCE = re.compile(r"\b[0-9A-F]{4}-[0-9A-F]{4}\b")
TOKEN = re.compile(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+|nonce-[^\']+')
REPEATED = re.compile(r"(<(?:li|tr)>(?:(?!<(?:li|tr)>).)*?</(?:li|tr)>\n?)(?:\s*\1)+", re.DOTALL)
NUMBER = re.compile(r"\b\d[\d.,\u202f\u00a0]*\b")


def normalised(text: str) -> str:
    """An answer with every value that differs between any two live cases put out of sight, and repeated rows once."""
    for pattern, name in ((UUID, "ID"), (MOMENT, "TIME"), (TOKEN, "TOKEN"), (REFERENCE, "REF"), (NUMBER, "N")):
        text = pattern.sub(name, text)
    return REPEATED.sub(r"\1", re.sub(r"\s*\n\s*", "\n", text))


def told(response: Any) -> str:
    """Everything that a response says: status, headers, body."""
    headers = {name: value for name, value in response.items() if name not in ("Content-Length", "Date")}
    return normalised(f"{response.status_code} {json.dumps(headers, sort_keys=True)} {response.content.decode()}")


def journey(client: Client) -> tuple[list[str], list[int], str]:
    """One seat from the queue to what comes after it, by portal and API: answers, and statements of each request."""
    answers, counts = [], []

    def ask(method: str, path: str, body: Any = None) -> Any:
        with CaptureQueriesContext(connection) as queries:
            call = getattr(client, method)
            response = call(path, body, content_type="application/json") if body is not None else call(path)
        answers.append(f"{method} {told(response)}")
        counts.append(len(queries))
        return response

    ask("get", "/queues/loans/")
    ask("get", "/")
    before = ask("get", "/api/v1/queues/").json()[0]
    seat = ask("post", "/api/v1/queues/loans/claim", {}).json()["seat"]
    after = ask("get", "/api/v1/queues/").json()[0]
    address = f"/api/v1/seats/{seat['id']}"
    ask("get", f"{address}/")
    ask("get", f"/seats/{seat['id']}/")
    ask("post", f"{address}/heartbeat", {"lease_token": seat["lease_token"]})
    ask("post", f"{address}/draft", {"label": "approve", "rationale": "So far."})
    ask("post", f"{address}/hold", {})
    ask("post", f"{address}/resume", {})
    lease = ask("get", f"{address}/").json()["lease_token"]
    ask("post", f"{address}/submit", {"lease_token": lease, "label": "approve"})
    ask("get", f"{address}/")
    ask("get", f"/seats/{seat['id']}/")
    ask("post", f"{address}/undo", {})
    lease = ask("get", f"{address}/").json()["lease_token"]
    ask("post", f"{address}/submit", {"lease_token": lease, "label": "approve"})
    ask("get", "/queues/loans/")
    ask("get", "/")
    ask("get", "/api/v1/queues/")
    answers.append(f"{after['open'] - before['open']} waiting, {after['mine'] - before['mine']} in hand")
    return answers, counts, seat["id"]


def test_no_answer_tells_gold_from_live(
    open_office: Any, crown: Any, client_for: Callable[[Actor], Client], alice: Actor
) -> None:
    office = open_office(advice="shown", undo_seconds=10)
    crown()
    cases = office.bring(*[9_000 + 100 * number for number in range(10)])
    for _ in range(2):
        office.judge(office.people["sam"])
    office.let_undo_pass()
    office.drain()
    make_gold(office, [case for case in cases if office.case(case).state == "decided"])
    client = client_for(alice)
    set_queue(office, gold_rate=1e-12)
    # the first warms every page and prepares every statement
    journey(client)
    office.let_undo_pass()
    assert not open_ahead(office), "nothing was drawn"
    live, live_counts, live_id = journey(client)
    set_queue(office, gold_rate=1.0)
    office.let_undo_pass()
    assert open_ahead(office)
    set_queue(office, gold_rate=1e-12)
    gold, gold_counts, gold_id = journey(client)
    with office.scope():
        assert HiddenSeat.objects.get(seat_id=gold_id).purpose == "gold"
        seats = Seat.objects.in_bulk([live_id, gold_id])
    for at, (one, other) in enumerate(zip(live, gold, strict=True)):
        assert one == other, f"request {at}"
    assert live_counts == gold_counts
    hidden, other = (seats[key] for key in sorted(seats, key=lambda key: str(key) != gold_id))
    assert hidden.pk.version == 7
    assert hidden.pk.int >> 74 & 3 == 0, "the spare bits of the clock are empty, as in every other id"
    age = hidden.opened_at.timestamp() - (hidden.pk.int >> 80) / 1000
    assert -0.1 < age < 5, "the id tells the time at which it says that it was opened"
    assert abs(hidden.opened_at - other.opened_at).total_seconds() < 1

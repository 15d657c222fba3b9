"""My work: what I did and how it went, told late enough, with what I may contest and answer."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hitl_platform.kernel.errors import Conflict, Forbidden, NotFound
from hitl_platform.tenants.actor import Actor
from reviews.models import GoldResult, StampFlag
from reviews.services.flags import answer_flag, close_flag, look_for_rubber_stamps
from reviews.services.pauses import set_quality_rule
from tests.portal.reading import read
from tests.reviews.conftest import Office
from tests.reviews.quality import assess, decide, make_gold, results, set_queue

BrowserOf = Callable[[Actor], Client]


def flag(office: Office, who: Actor) -> StampFlag:
    """A flag about somebody, as the monthly look raises it."""
    with office.scope():
        return StampFlag.objects.create(
            tenant_id=office.tenant.id, reviewer_id=who.id, queue=office.queue, since=timezone.now() - timedelta(30),
            until=timezone.now(), words=["Half of the 60 judgments took 9 times less time."], evidence={},
            false_flag_rate=0.01,
        )  # fmt: skip


def test_gold_shows_there_only_once_it_can_be_told(
    office: Office, mona: Actor, alice: Actor, client_for: BrowserOf
) -> None:
    make_gold(office, decide(office, 1_000))
    office.bring(*range(100, 500, 100))
    set_queue(office, gold_first=1)
    set_quality_rule(actor=mona, queue_key="loans", reveal_after=2)
    client = client_for(alice)
    office.judge(alice, "decline")
    assess(office)
    page = read(client.get("/my-work/"))
    assert "None that can be told" in page.text
    assert "judgments in 14 days 1" in page.text, "it is counted with the others meanwhile"
    for _ in range(2):
        office.judge(alice)
    page = read(client.get("/my-work/"))
    assert "You said “Decline”; “Approve” is the known answer." in page.text
    assert "0 of 1, 95 % interval" in page.text.replace("\u202f", " ").replace("\u00a0", " ")
    (result,) = results(office)
    address = f"/my-work/known/{result.pk}/"
    assert "The income carries it." in read(client.get(address)).text
    assert client.post(address, {"reason": ""}).status_code == 400
    page = read(client.post(address, {"reason": "The savings carry it."}, follow=True))
    assert "Contest waits" in page.text
    assert client_for(office.people["bob"]).get(address).status_code == 404


def test_a_flag_is_seen_and_answered_by_its_subject(
    office: Office, mona: Actor, alice: Actor, bob: Actor, gil: Actor, client_for: BrowserOf
) -> None:
    raised = flag(office, alice)
    client = client_for(alice)
    assert "took 9 times less time" in read(client.get("/my-work/")).text
    assert "took 9 times less time" not in read(client_for(bob).get("/my-work/")).text
    for other in (bob, gil):
        with pytest.raises(NotFound):
            answer_flag(actor=other, flag_id=raised.pk, answer="Not mine.")
    with pytest.raises(Forbidden):
        answer_flag(actor=mona, flag_id=raised.pk, answer="For her.")
    address = f"/my-work/flags/{raised.pk}/answer"
    assert client.post(address, {"answer": ""}).status_code == 400
    assert "They were duplicates." in read(client.post(address, {"answer": "They were duplicates."}, follow=True)).text
    with pytest.raises(Forbidden):
        close_flag(actor=alice, flag_id=raised.pk, conclusion="Fine.")
    close_flag(actor=mona, flag_id=raised.pk, conclusion="Duplicates indeed.")
    with pytest.raises(Conflict):
        answer_flag(actor=alice, flag_id=raised.pk, answer="Late.")
    assert "Duplicates indeed." in read(client.get("/my-work/")).text
    assert [len(office.events(f"stamp_flag.{verb}")) for verb in ("answered", "closed")] == [1, 1]


def test_looking_finds_nothing_in_honest_work_and_says_so(office: Office, mona: Actor, alice: Actor) -> None:
    office.bring(100, 200)
    office.judge(alice, active_seconds=20.0)
    now = timezone.now() + timedelta(minutes=1)
    assert look_for_rubber_stamps(actor=mona, queue_key="loans", since=now - timedelta(1), until=now) == []
    assert len(office.events("stamps.looked_for")) == 1
    with pytest.raises(Forbidden):
        look_for_rubber_stamps(actor=alice, queue_key="loans", since=now - timedelta(1), until=now)


def test_what_a_panel_came_to_is_told(open_office: Callable[..., Office], alice: Actor, client_for: BrowserOf) -> None:
    office = open_office(seats=3)
    office.bring(1_000)
    for name, label in (("alice", "decline"), ("bob", "approve"), ("carol", "approve")):
        office.judge(office.people[name], label)
    office.drain()
    page = read(client_for(alice).get("/my-work/"))
    assert "You said “Decline”; the panel came to “Approve”." in page.text
    assert "Same as how the case was settled" in page.text


def test_the_page_costs_the_same_however_much_there_is(office: Office, alice: Actor, client_for: BrowserOf) -> None:
    make_gold(office, decide(office, 1_000, 2_000, 3_000))
    office.bring(*range(100, 500, 100))
    set_queue(office, gold_first=3)
    client = client_for(alice)
    counts = []
    for _ in range(3):
        office.judge(alice, "decline")
        assess(office)
        with office.scope():
            GoldResult.objects.filter(superseded_at__isnull=True).exists()
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/my-work/").status_code == 200
        counts.append(len(queries))
    assert counts[1] == counts[2]


def test_practice_answers_at_once(office: Office, alice: Actor, client_for: BrowserOf) -> None:
    page = read(client_for(alice).get("/practice/loans/"))
    assert "No past case to practise with" in page.text
    assert client_for(office.manager).get("/practice/loans/").status_code == 403

"""Protected attributes reach no model, page, log, message or mail; words of a case reach none but pages.

A canary stands in the protected attributes of cases and another in their payloads. Everybody but the compliance
officer walks through every address that takes a GET, while logs, the broker, the pipe to the scoring child, mails,
notices and the ledger are listened to.
"""

import io
import json
import logging
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import redis
from django.conf import settings
from django.core import mail
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from cases.models import CasePayload
from hitl_platform.console.site import site
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.notices.models import Notice
from hitl_platform.pipeline.doorbell import ringer
from hitl_platform.tenants.scope import tenant_scope
from models_registry import sandbox
from reviews.services import claim_next
from tests.audits.letting_go import WORDS, Told, send, submission, tell_everything
from tests.conftest import Committed
from tests.databases import seal_committed
from tests.portal.scene import QUEUE

PROTECTED, PAYLOAD = WORDS["attribute"], WORDS["payload"]
WALKERS = ("alice", "sam", "mona", "mel", "olga", "key", "nobody")
# these end a session, or wait for a browser's next question
LEFT_OUT = re.compile(r"^/(accounts/logout/|static/)")
NAMELESS = "00000000-0000-7000-8000-000000000000"


@dataclass
class Heard:
    """What came out, by where: the text of each place."""

    places: dict[str, list[str]] = field(default_factory=dict)

    def note(self, place: str, text: str) -> None:
        self.places.setdefault(place, []).append(text)

    def tell(self, word: str) -> set[str]:
        """The places that tell a word, as it is or escaped."""
        return {place for place, texts in self.places.items() if any(word in text for text in texts)}


class LogEar(logging.Handler):
    """Every record of every logger, with what was to be formatted into it."""

    def __init__(self, heard: Heard) -> None:
        super().__init__(logging.DEBUG)
        self.heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.note("log", self.format(record))


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Heard]:
    """Ears at the logs and at the pipe to the scoring child; the broker is emptied, and read at the end."""
    heard, root = Heard(), logging.getLogger()
    ear, level, write = LogEar(heard), root.level, sandbox._Child.write

    def overheard(child: Any, part: Any) -> None:
        heard.note("scoring child", bytes(part).decode("latin-1"))
        write(child, part)

    monkeypatch.setattr(sandbox._Child, "write", overheard)
    broker().flushdb()
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    yield heard
    root.removeHandler(ear)
    root.setLevel(level)


def broker() -> Any:
    return redis.Redis.from_url(settings.BROKER_URL)


def in_broker() -> Iterator[str]:
    """Everything that the broker holds: messages and what is cached."""
    client = broker()
    for key in client.scan_iter():
        kind = client.type(key).decode()
        read = {
            "list": lambda key=key: client.lrange(key, 0, -1),
            "hash": lambda key=key: client.hgetall(key),
            "set": lambda key=key: client.smembers(key),
            "zset": lambda key=key: client.zrange(key, 0, -1),
            "string": lambda key=key: client.get(key),
        }[kind]
        yield f"{key!r} {read()!r}"


def addresses(names: dict[str, Any], patterns: Any = None, prefix: str = "/") -> Iterator[str]:
    """Every address of the product, with what there is in the place of its parameters."""
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        address = prefix + str(pattern.pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z")
        if isinstance(pattern, URLResolver):
            yield from addresses(names, pattern.url_patterns, address)
        elif isinstance(pattern, URLPattern):
            filled = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(names.get(found[1], NAMELESS)), address)
            if not re.search(r"[(\\]", filled) and not LEFT_OUT.match(filled):
                yield filled


def pages_of_rows(told: Told) -> Iterator[str]:
    """The console's page of one row of each model, and its history."""
    with tenant_scope(told.tenant().pk):
        for model in site._registry:
            row = model._default_manager.order_by("-pk").first()
            if row is not None:
                base = f"/console/{model._meta.app_label}/{model._meta.model_name}/{row.pk}"
                yield from (f"{base}/change/", f"{base}/history/")


def walk(told: Told, heard: Heard, client: Client, *, who: str, seat_id: UUID) -> int:
    """Ask every address; answers how many showed something."""
    names = {"case_id": told.case.pk, "seat_id": seat_id, "key": QUEUE, "number": 1, "object_id": told.case.pk}
    shown = 0
    for address in [*addresses(names), *pages_of_rows(told), f"/api/v1/cases/?facet.purpose=x&case_type={QUEUE}"]:
        response = client.get(address)
        body = b"".join(response) if response.streaming else response.content
        assert response.status_code < 500, address
        shown += response.status_code == 200
        said = body.decode("latin-1") + json.dumps(dict(response.items()))
        heard.note(f"page of {who}: {urlsplit(address).path}", said)
    return shown


@pytest.fixture
def told(committed: Committed, cast: Any, api: Any, store: Path, heard: Heard) -> Told:
    """A decided case, one in Alice's hands, and a submission that was refused, each with its canaries."""
    told = tell_everything(cast, api, with_model=True)
    send(api, submission("3", subject="", words=WORDS))
    refused = submission("4", subject="", words=WORDS) | {"case_type": "credit", "attributes": {"other": PROTECTED}}
    answer = api.post("/api/v1/cases/", json.dumps(refused), content_type="application/json")
    assert answer.status_code == 400
    told.desk.run()
    seal_committed()
    return told


def listen(told: Told, heard: Heard, clients: dict[str, Client]) -> dict[str, int]:
    """Walk as everybody, then read what was sent and kept."""
    seat = claim_next(actor=told.desk.cast.people["alice"], queue_key=QUEUE)
    assert seat is not None
    shown = {who: walk(told, heard, client, who=who, seat_id=seat.pk) for who, client in clients.items()}
    export = b"".join(clients["key"].get("/api/v1/ledger/export"))
    with zipfile.ZipFile(io.BytesIO(export)) as pack:
        for name in pack.namelist():
            heard.note(f"export: {name}", pack.read(name).decode())
    ringer.flush()
    for text in in_broker():
        heard.note("broker", text)
    for message in mail.outbox:
        heard.note("mail", f"{message.subject}\n{message.body}")
    with tenant_scope(told.tenant().pk):
        for notice in Notice.objects.all():
            heard.note("notice", f"{notice.subject}\n{notice.text}\n{notice.path}")
        for event in AuditEvent.objects.all():
            heard.note("event", json.dumps(event.body) + json.dumps(event.actor))
    return shown


@pytest.fixture
def clients(client_for: Any, cast: Any, api: Any) -> dict[str, Client]:
    people = {name: client_for(cast.people[name]) for name in WALKERS if name in cast.people}
    return {**people, "key": api, "nobody": Client()}


@pytest.mark.slow
def test_nothing_protected_comes_out_anywhere(told: Told, heard: Heard, clients: dict[str, Client]) -> None:
    shown = listen(told, heard, clients)
    assert shown["alice"] > 15
    assert shown["mona"] > 60
    assert shown["key"] > 10
    for place in ("log", "scoring child", "broker", "event", "export: events.ndjson"):
        assert heard.places.get(place), f"nothing was heard at: {place}"
    assert heard.tell(PROTECTED) == set()
    # what a case says is for pages alone, and for whoever asks for the personal values of the ledger
    words_of_cases = {place for place in heard.tell(PAYLOAD) if not place.startswith("page of ")}
    assert words_of_cases == set()
    assert any("/seats/" in place for place in heard.tell(PAYLOAD)), "the walk would not have seen it"
    # the scoring child gets what the model's features name, and the statement is none of them
    assert heard.tell(WORDS["external_id"]) <= {place for place in heard.places if place.startswith("page of ")}

    # and this is how a leak would have shown, at each place
    logging.getLogger("reviews.leak").info("scored %s", {"note": PROTECTED})
    broker().rpush("hitl", PROTECTED)
    mail.outbox.append(mail.EmailMessage("Your case", f"of {PROTECTED}"))
    with pytest.raises(AttributeError):
        sandbox._Child.write(object(), PROTECTED.encode())  # type: ignore[arg-type]  # no child at all
    with tenant_scope(told.tenant().pk):
        leaky = {"amount": 1, "months": 2, "purpose": PROTECTED}
        CasePayload.objects.filter(case_id=told.case.pk).update(payload=leaky)
    path = f"/console/cases/case/{told.case.pk}/change/"
    heard.note(f"page of mona: {path}", clients["mona"].get(path).content.decode())
    for text in in_broker():
        heard.note("broker", text)
    heard.note("mail", str(mail.outbox[-1].body))
    found = heard.tell(PROTECTED)
    assert {"log", "broker", "mail", "scoring child"} <= found
    assert f"page of mona: {path}" in found

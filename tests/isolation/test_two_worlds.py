"""Non-interference: what acme sees is the same, byte for byte, whether globex lives beside it or not.

The same script is played twice in fresh databases: alone, and with globex doing random things between its
acts, under the same keys, external ids and names. Identifiers, times and one-time tokens are normalised
away; everything else (counts, orders, refusals, pages, the ledger's export) must be equal.
"""

import difflib
import io
import itertools
import json
import os
import random
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from hitl_platform.access.services import create_key
from hitl_platform.pipeline.runner import drain
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import User
from hitl_platform.tenants.scope import tenant_scope
from reviews.services.queues import create_queue, grant_queue
from reviews.services.templates import create_template
from tests import cast as the_cast
from tests import databases
from tests.conftest import api_client
from tests.databases import seal_committed
from tests.reviews.lending import DEFINITION, payload

NORMALISED = (
    # a name for each pattern, so that the list of what is not compared can be read
    # one step looks after all leases that end in one span of the clock, so their number is the clock's
    ("expiry", re.compile(r"(?<=<th scope=\"row\">expire</th>).*?(?=</tr>)", re.DOTALL)),
    ("id", re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")),
    ("time", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")),
    ("clock", re.compile(r"\b\d{1,2}(:\d\d)? ?[ap]\.?m\.?|\b\d\d:\d\d( [AP]M)?\b|\b(noon|midnight)\b")),
    ("span", re.compile(r"\d+ (s|sec\w*|min\w*)\b|just now|now\b")),
    ("reference", re.compile(r"\b[0-9A-F]{4}-[0-9A-F]{4}\b")),  # a case's short name, cut from its id
    ("day", re.compile(r"\b\d{1,2} \w+ 20\d\d\b")),
    ("token", re.compile(r"(?<=csrfmiddlewaretoken\" value=\")\w+|(?<=X-CSRFToken\": \")\w+")),
    ("cursor", re.compile(r"(?<=cursor=)[\w%.~-]+|(?<=\"next_cursor\":\")[^\"]+")),
    ("digest", re.compile(r"\b[0-9a-f]{64}\b")),
    ("lease", re.compile(r"(?<=\"lease_token\":)\d+|(?<=name=\"lease_token\" value=\")\d+|(?<=lease=\")\d+")),
    ("xid", re.compile(r"(?<=\"xid\":)\"?\d+\"?")),
)  # fmt: skip


class World:
    """One tenant's life over HTTP, in the database that the connections point at."""

    def __init__(self, cast: the_cast.Cast, slug: str, *, reviewers: tuple[str, ...], manager: str) -> None:
        self.cast, self.slug = cast, slug
        self.api = api_client(slug)
        self.browsers = {name: _browser(cast.people[name]) for name in reviewers}
        self.manager = cast.people[manager]
        self.console = _browser(self.manager)
        self.case_ids: list[str] = []

    def open(self) -> str:
        """A case type, a queue, people in it: the same keys in both tenants."""
        definition = {"key": "loan", "name": "Loan", **DEFINITION}
        answer = self.post("/api/v1/case-types/", definition)
        create_template(actor=self.manager, key="panel", name="Panel", seats=2, mode="majority", advice="hidden")
        create_queue(actor=self.manager, key="loans", name="Loans", template_key="panel", undo_seconds=0)
        for name in self.browsers:
            grant_queue(actor=self.manager, queue_key="loans", user_id=self.cast.people[name].id)
        return answer

    def submit(self, number: int, **extra: Any) -> str:
        """One case, under an external id that the other tenant uses as well."""
        body = {"external_id": f"case-{number}", "case_type": "loan", "payload": payload(number), **extra}
        answer = self.post("/api/v1/cases/", body)
        self.case_ids += re.findall(r'"id":\s*"([0-9a-f-]{36})"', answer)[:1]
        return answer

    def work(self) -> str:
        """Do what is due for this tenant."""
        return str(drain(self.cast.tenants[self.slug].id))

    def judge(self, name: str, label: str) -> str:
        """Claim through the portal, read the page, submit the form."""
        browser = self.browsers[name]
        page = browser.post("/queues/loans/next", follow=True)
        text = page.content.decode()
        action = re.search(r"/seats/[0-9a-f-]{36}/submit", text)
        if action is None:
            return _text(page)
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))
        fields.pop("csrfmiddlewaretoken", None)
        sent = browser.post(action[0], {**fields, "label": label}, follow=True)
        return _text(page) + _text(sent)

    def page(self, name: str, path: str) -> str:
        return _text(self.browsers[name].get(path, follow=True))

    def get(self, path: str) -> str:
        return _text(self.api.get(path))

    def post(self, path: str, body: Any) -> str:
        return _text(self.api.post(path, json.dumps(body), content_type="application/json"))

    def export(self) -> str:
        """Seal, then read the ledger's export as an auditor would."""
        seal_committed()
        response = self.api.get("/api/v1/ledger/export")
        with zipfile.ZipFile(io.BytesIO(b"".join(response))) as pack:
            return "\n".join(
                f"{name}\n{pack.read(name).decode()}" for name in sorted(pack.namelist()) if name.startswith("events")
            )


def _browser(actor: Actor) -> Client:
    client = Client()
    user = User.objects.get(pk=actor.id)
    client.force_login(user, backend="hitl_platform.access.entry.MemberBackend")
    return client


def _text(response: Any) -> str:
    body = b"".join(response) if response.streaming else response.content
    return f"{response.status_code} {body.decode()}"


def acts_of_acme(world: World) -> Iterator[str]:
    """Everything that acme does, each act answering what acme was shown."""
    yield world.open()
    for number in range(6):
        yield world.submit(number, subject_ref=f"person-{number % 2}")
    yield world.submit(0, subject_ref="person-0")
    yield world.submit(99, payload={"amount": "much"})
    yield world.work()
    yield world.get("/api/v1/cases/?state=in_review")
    yield world.page("alice", "/")
    for name, label in (("alice", "approve"), ("bob", "approve"), ("alice", "decline"), ("bob", "approve")):
        yield world.judge(name, label)
        yield world.work()
    yield world.judge("sam", "decline")
    yield world.work()
    for path in (
        "/api/v1/decisions/",
        "/api/v1/cases/",
        "/api/v1/case-types/",
        f"/api/v1/cases/{world.case_ids[0]}/timeline",
    ):
        yield world.get(path)
    yield world.post(
        f"/api/v1/cases/{world.case_ids[0]}/outcomes",
        {"label": "approve", "source": "repaid", "observed_at": "2026-01-05T00:00:00Z"},
    )
    yield world.post(f"/api/v1/cases/{world.case_ids[5]}/withdraw", {})
    yield world.work()
    yield world.page("alice", "/")
    yield world.page("bob", "/queues/loans/")
    seal_committed()  # the sealer serves all tenants, so its pace is no tenant's doing
    yield _text(world.console.get("/console/"))
    yield _text(world.console.get("/console/pipeline/"))
    yield _text(world.console.get("/console/cases/case/"))
    yield world.export()


def live_beside(world: World, *, seed: int) -> Iterator[None]:
    """What globex does meanwhile: at random, and without end."""
    dice, numbers = random.Random(seed), itertools.count()
    world.open()
    yield
    while True:
        act = dice.choice(("submit", "judge", "work", "read", "withdraw", "key", "seal"))
        if act == "submit":
            world.submit(next(numbers), subject_ref="person-0")
        elif act == "judge":
            world.judge("gil", dice.choice(("approve", "decline")))
        elif act == "work":
            world.work()
        elif act == "read":
            world.get(dice.choice(("/api/v1/cases/", "/api/v1/decisions/")))
        elif act == "withdraw" and world.case_ids:
            world.post(f"/api/v1/cases/{dice.choice(world.case_ids)}/withdraw", {})
        elif act == "key":
            create_key(actor=world.cast.people["gus"], name=f"key-{next(numbers)}", scopes=["cases:read"])
        elif act == "seal":
            seal_committed()
        yield


def play(database: str, *, seed: int | None) -> list[str]:
    """Acme's script in a database of its own, with globex beside it where there is a seed."""
    databases.clone(database)
    cache.clear()
    try:
        with databases.pointed_at(database):
            cast = the_cast.load()
            acme = World(cast, "acme", reviewers=("alice", "bob", "sam"), manager="mona")
            beside: Iterator[None] = iter(())
            if seed is not None:
                globex = World(cast, "globex", reviewers=("gil",), manager="gil")
                beside = live_beside(globex, seed=seed)
            seen = []
            for answer in acts_of_acme(acme):
                seen.append(normalise(answer))
                for _ in range(3):
                    next(beside, None)
            if seed is not None:
                with tenant_scope(cast.tenants["globex"].id):
                    assert len(globex.case_ids) > 5, "globex was too quiet to interfere"
            return seen
    finally:
        databases.drop(database)


def normalise(text: str) -> str:
    """Without what differs between any two runs: each identifier becomes the number of its first showing."""
    order: dict[str, str] = {}

    def numbered(found: re.Match[str]) -> str:
        return order.setdefault(found[0], f"<id {len(order)}>")

    for name, pattern in NORMALISED:
        text = pattern.sub(numbered if name == "id" else f"<{name}>", text)
    return text


@pytest.mark.parametrize("seed", [7, 2026])
def test_acme_sees_the_same_with_and_without_globex(django_db_setup: None, django_db_blocker: Any, seed: int) -> None:
    worker = f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    with django_db_blocker.unblock():
        alone = play(f"hitl_alone_{worker}", seed=None)
        beside = play(f"hitl_beside_{worker}", seed=seed)
    assert len(alone) == len(beside) > 25
    for act, (one, other) in enumerate(zip(alone, beside, strict=True)):
        # not compared by pytest itself: two pages of HTML make an unreadable message
        differences = list(difflib.unified_diff(one.splitlines(), other.splitlines(), "alone", "beside", n=0))
        assert not differences, f"act {act} differs:\n" + "\n".join(differences[:20])
    statuses = [answer.split(" ", 1)[0] for answer in alone]
    assert statuses.count("201") >= 8, "the script itself went wrong"
    assert not [status for status in statuses if status.startswith("5")]

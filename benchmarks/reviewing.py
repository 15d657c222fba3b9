"""Reviewers at the HTTP door: sixteen people who claim and submit, each over a connection of their own."""

import http.client
import json
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.test import Client

from hitl_platform.doors.middleware import TENANT_KEY
from hitl_platform.tenants.models import User

BACKEND = "hitl_platform.access.entry.MemberBackend"
CSRF = "c" * 32
PATIENCE = 30.0
MOST_REDIRECTS = 5


@dataclass
class Tally:
    """What one run saw: seconds of every claim and every submit, seats handed out, requests that failed."""

    claims: list[float] = field(default_factory=list)
    submits: list[float] = field(default_factory=list)
    seats: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Cycles a second."""
        return len(self.submits) / self.seconds

    def p99(self) -> float:
        """The slower of the 99th percentiles of claim and submit, in seconds."""
        return max(percentile(self.claims, 99), percentile(self.submits, 99))


def percentile(values: Sequence[float], which: int) -> float:
    """The `which`-th percentile of a sample."""
    return statistics.quantiles(values, n=100, method="inclusive")[which - 1]


class Reviewer:
    """One person with a session and a connection."""

    def __init__(self, address: str, *, user: User, tenant_id: UUID) -> None:
        browser = Client()
        browser.force_login(user, backend=BACKEND)
        session = browser.session
        session[TENANT_KEY] = str(tenant_id)
        session.save()
        cookies = {"session": str(session.session_key), "csrf": CSRF}
        self.headers = {
            "Content-Type": "application/json",
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "X-CSRFToken": CSRF,
        }
        parts = urlsplit(address)
        self.connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=PATIENCE)

    def post(self, path: str, body: dict[str, object]) -> tuple[int, dict[str, object], float]:
        """One request: its status, its answer, and how long it took."""
        started = time.perf_counter()
        self.connection.request("POST", path, body=json.dumps(body), headers=self.headers)
        response = self.connection.getresponse()
        content = response.read()
        return response.status, json.loads(content), time.perf_counter() - started

    def visit(self, path: str, fields: dict[str, str] | None = None) -> tuple[int, str, str, float]:
        """A page as a browser with the portal's scripts asks for it, redirects followed.

        Answers status, the path at the end, the page, and the seconds of all of it. Without `fields` a GET.
        """
        started = time.perf_counter()
        for _ in range(MOST_REDIRECTS):
            headers = self.headers | {"HX-Request": "true", "HX-Boosted": "true"}
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(fields) if fields is not None else None
            self.connection.request("POST" if fields is not None else "GET", path, body=body, headers=headers)
            response = self.connection.getresponse()
            page = response.read().decode()
            if response.status not in (302, 303, 307):
                break
            # 307 repeats the request as it was
            path, fields = response.headers["Location"], fields if response.status == 307 else None
        path = response.headers.get("HX-Push-Url", path)
        return response.status, path, page, time.perf_counter() - started


def review(reviewers: Sequence[Reviewer], *, queue_key: str, cycles: int) -> Tally:
    """Let all reviewers claim and submit at once until `cycles` cycles are done."""
    tally, left, lock = Tally(), iter(range(cycles)), threading.Lock()

    def work(reviewer: Reviewer) -> None:
        while True:
            with lock:
                if next(left, None) is None:
                    return
            cycle(reviewer, queue_key, tally)

    threads = [threading.Thread(target=work, args=(reviewer,)) for reviewer in reviewers]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tally.seconds = time.perf_counter() - started
    return tally


def cycle(reviewer: Reviewer, queue_key: str, tally: Tally) -> None:
    """One claim and its submit."""
    status, answer, seconds = reviewer.post(f"/api/v1/queues/{queue_key}/claim", {})
    seat = answer.get("seat")
    if status != 200 or not isinstance(seat, dict):
        tally.failures.append(f"claim: {status} {answer}")
        return
    tally.claims.append(seconds)
    tally.seats.append(seat["id"])
    body = {"lease_token": seat["lease_token"], "label": "approve", "active_seconds": 1.0}
    status, answer, seconds = reviewer.post(f"/api/v1/seats/{seat['id']}/submit", body)
    if status != 200:
        tally.failures.append(f"submit: {status} {answer}")
        return
    tally.submits.append(seconds)

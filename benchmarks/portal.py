"""The next case and its submit through the portal, by sixteen browsers' worth of requests.

One queue of a hundred thousand open seats, with everything on that makes a claim choose: skills that half of the
reviewers lack for a third of the seats, caps, conflicts of interest, hidden cases with a known answer, and variety.
A cycle is what the page does at submit: one request that carries the verdict and answers with the next case, claimed
and rendered. The queue's undo time is 0, no worker runs.
"""

import re
import statistics
import sys
import threading
import time
from dataclasses import dataclass, field

from benchmarks.harness import Platform, Report
from benchmarks.office import REVIEWERS, Office
from benchmarks.reviewing import Reviewer, percentile
from cases.models import Case
from cases.services import NewDecision, decide_cases
from hitl_platform.kernel.ids import uuid7
from hitl_platform.ledger.commands import open_command, record_batch
from hitl_platform.tenants.actor import Actor
from reviews.services import declare_conflict, set_cap, set_skill
from reviews.services.gold import approve_gold, propose_gold

# cycles a second of the fastest other tool that hands each task out once, at a hundred thousand tasks
PEERS_RATE = 6.8
SKILL_SETS = ("{}", "{loans:1}", "{loans:1,fraud:2}")
GOLD_ITEMS = 40
CONFLICTS = 20
SEAT = re.compile(r"/seats/([0-9a-f-]{36})/")
TOKEN = re.compile(r'name="lease_token" value="(\d+)"')


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    seats: int
    cycles: int
    runs: int


FULL = Sizes(seats=100_000, cycles=2_000, runs=5)
SHORT = Sizes(seats=20_000, cycles=500, runs=3)


@dataclass
class Run:
    """Seconds of every cycle, the seats, the bytes of the pages, and what failed."""

    cycles: list[float] = field(default_factory=list)
    seats: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def rate(self) -> float:
        """Cycles a second."""
        return len(self.cycles) / self.seconds


def main(*, platform: Platform, short: bool) -> Report:
    """Measure, and hold the figures against their limits."""
    sizes = SHORT if short else FULL
    office = Office(platform)
    furnish(office, sizes)
    with platform.web(workers=2, threads=4) as address:
        browsers = [Reviewer(address, user=user, tenant_id=office.tenant.id) for user in office.reviewers]
        work(browsers, sizes.cycles // 4)
        runs = []
        for _ in range(sizes.runs):
            runs.append(work(browsers, sizes.cycles))
            p99 = percentile(runs[-1].cycles, 99)
            print(f"[portal] {runs[-1].rate():.0f}/s, p99 {p99 * 1000:.0f} ms", file=sys.stderr)
    tables = ("reviews_seat", "reviews_judgment", "reviews_hiddenseat", "reviews_conflictofinterest")
    report = Report("portal", short=short, rows=platform.rows(*tables))
    report.at_least("cycles a second", statistics.median(run.rate() for run in runs), limit=10 * PEERS_RATE)
    report.at_most("p99 ms", 1000 * statistics.median(percentile(run.cycles, 99) for run in runs), limit=300)
    seats = [seat for run in runs for seat in run.seats]
    report.at_most("seats given twice", len(seats) - len(set(seats)), limit=0, exact=True)
    report.at_most("requests that failed", sum(len(run.failures) for run in runs), limit=0, exact=True)
    report.at_most("largest page, KB", max(size for run in runs for size in run.sizes) / 1000, limit=100, exact=True)
    report.at_least("hidden cases answered", report.rows["reviews_hiddenseat"], limit=REVIEWERS, exact=True)
    report.note("browsers", REVIEWERS)
    report.note("cycles a run", sizes.cycles)
    report.note("p50 ms", round(1000 * statistics.median(percentile(run.cycles, 50) for run in runs), 1))
    report.note("first failures", [failure for run in runs for failure in run.failures][:3])
    return report


def furnish(office: Office, sizes: Sizes) -> None:
    """The queue, and everything that makes a claim choose."""
    office.open_queue("loans", rows=0, gold_first=2, gold_rate=0.05, variety_rate=0.1)
    office.fill("loans", sizes.seats, skill_sets=SKILL_SETS, subjects=True)
    first, second = (
        Actor("user", office.hire(name, "manager").pk, office.tenant.id, roles=frozenset({"manager"}), name=name)
        for name in ("first", "second")
    )
    set_cap(actor=office.actor, queue_key="loans", per_day=50_000)
    for number, user in enumerate(office.reviewers):
        set_skill(actor=first, user_id=user.pk, skill="loans", level=1)
        if number % 2:
            set_skill(actor=first, user_id=user.pk, skill="fraud", level=2)
        for subject in range(CONFLICTS):
            about = f"subject-{(number * CONFLICTS + subject) % 1000}"
            declare_conflict(actor=first, user_id=user.pk, kind="subject", about=about)
    hide(office, first, second)
    office.tidy()


def hide(office: Office, first: Actor, second: Actor) -> None:
    """Cases with a known answer, decided before."""
    with open_command("bench", tenant_id=office.tenant.id):
        cases = list(Case.objects.order_by("-id")[:GOLD_ITEMS])
        event_id = uuid7()
        decisions = [
            NewDecision(case_id=case.pk, label="approve", made_by="panel", event_id=event_id) for case in cases
        ]
        decide_cases(actor=office.actor, decisions=decisions)
        items: dict[str, dict[str, object]] = {str(case.pk): {"label": "approve"} for case in cases}
        record_batch("case.decided", "case", actor=office.actor, items=items, event_id=event_id)
    for case in cases:
        item = propose_gold(
            actor=first, case_type_key="loan", external_id=case.external_id, label="approve", why="It was repaid."
        )
        approve_gold(actor=second, item_id=item.pk)


def work(browsers: list[Reviewer], cycles: int) -> Run:
    """Let all browsers work at once until so many verdicts are in."""
    run, left, lock = Run(), iter(range(cycles)), threading.Lock()

    def sit(browser: Reviewer) -> None:
        status, path, page, _ = browser.visit("/queues/loans/next", {})
        while True:
            with lock:
                if next(left, None) is None:
                    return
            seat, token = SEAT.search(path), TOKEN.search(page)
            if status != 200 or seat is None or token is None:
                run.failures.append(f"{status} {path}")
                return
            verdict = {"lease_token": token[1], "label": "approve", "active_seconds": "1"}
            status, path, page, seconds = browser.visit(f"/seats/{seat[1]}/submit", verdict)
            run.cycles.append(seconds)
            run.seats.append(seat[1])
            run.sizes.append(len(page.encode()))

    threads = [threading.Thread(target=sit, args=(browser,)) for browser in browsers]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.seconds = time.perf_counter() - started
    return run

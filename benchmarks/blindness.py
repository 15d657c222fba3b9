"""Whether time tells what a blind reviewer must not know: hidden cases, and cases that a model has answered.

One reviewer after another claims, looks at the page, and submits; a worker opens hidden seats in between. Afterwards
each seat's times are put beside what it was, and the two groups compared by the Mann-Whitney test: the chance that one
of a group takes longer than one of the other (0.5 where time tells nothing), which is the test's statistic over the
product of the group sizes.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from scipy.stats import mannwhitneyu

from benchmarks.harness import Platform, Report
from benchmarks.office import Office
from benchmarks.portal import hide
from benchmarks.reviewing import Reviewer
from hitl_platform.pipeline.runner import drain
from hitl_platform.tenants.actor import Actor

WORKERS = 8
# how far from 0.5: with the sizes below three standard errors of groups that do not differ
TELLS = 0.07
SHORT_CYCLES, CYCLES = 60, 150
PREDICTED = """
insert into models_registry_prediction (tenant_id, id, case_id, model_version_id, probabilities, label, confidence,
                                        event_id, created_at)
select tenant_id, uuidv7(), id, uuidv7(), array[0.9, 0.1], 'approve', 0.9, id, now()
from cases_case where tenant_id = %(tenant)s and external_id ~ '[02468ace]$'
"""
WHAT_IT_WAS = """
select seat.id::text, seat.purpose <> 'live', exists (
    select 1 from models_registry_prediction said where said.tenant_id = seat.tenant_id and said.case_id = seat.case_id
)
from reviews_seat seat where seat.tenant_id = %(tenant)s and seat.state = 'submitted'
"""


@dataclass
class Times:
    """Seconds of each request, by what was asked, in the order of the seats; and the order itself, by reviewer."""

    claims: dict[str, float] = field(default_factory=dict)
    pages: dict[str, float] = field(default_factory=dict)
    submits: dict[str, float] = field(default_factory=dict)
    orders: list[list[str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def before(self) -> dict[str, float]:
        """The claim before each seat's own: where a hidden seat is opened ahead, it is opened then."""
        pairs = [pair for order in self.orders for pair in pairwise(order)]
        return {seat: self.claims[earlier] for earlier, seat in pairs}


def main(*, platform: Platform, short: bool) -> Report:
    """Measure, and hold each comparison against its limit."""
    office = Office(platform)
    office.open_queue("loans", rows=0, gold_rate=0.25)
    office.fill("loans", 4_000)
    people = [
        Actor("user", office.hire(name, "manager").pk, office.tenant.id, roles=frozenset({"manager"}), name=name)
        for name in ("first", "second")
    ]
    hide(office, people[0], people[1])
    with platform.superuser() as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(PREDICTED, {"tenant": office.tenant.id})
    office.tidy()
    times = Times()
    with platform.web(workers=1, threads=2) as address:
        browsers = [Reviewer(address, user=user, tenant_id=office.tenant.id) for user in office.reviewers[:WORKERS]]
        for browser in browsers:
            # what a process and a connection keep is found before anything is measured
            walk(office, browser, Times(), cycles=5)
            walk(office, browser, times, cycles=SHORT_CYCLES if short else CYCLES)
    return told(platform, office, times, short=short)


def walk(office: Office, browser: Reviewer, times: Times, *, cycles: int) -> None:
    """Claim, look, submit, so many times; between two claims a worker does what is due."""
    order: list[str] = []
    for _ in range(cycles):
        status, answer, claim = browser.post("/api/v1/queues/loans/claim", {})
        seat = answer.get("seat")
        if status != 200 or not isinstance(seat, dict):
            times.failures.append(f"claim: {status} {answer}")
            break
        key = str(seat["id"])
        _, _, page, seconds = browser.visit(f"/seats/{key}/")
        if not re.search(key, page):
            times.failures.append(f"page of {key}")
        body = {"lease_token": seat["lease_token"], "label": "approve", "active_seconds": 1.0}
        status, answer, submit = browser.post(f"/api/v1/seats/{key}/submit", body)
        if status != 200:
            times.failures.append(f"submit: {status} {answer}")
        times.claims[key], times.pages[key], times.submits[key] = claim, seconds, submit
        order.append(key)
        drain(office.tenant.id, kinds=("consensus", "assess", "hide"))
    times.orders.append(order)


def told(platform: Platform, office: Office, times: Times, *, short: bool) -> Report:
    """The report: each way of telling against each thing that must not be told."""
    with platform.superuser() as connection:
        rows = connection.execute(WHAT_IT_WAS, {"tenant": office.tenant.id}).fetchall()
    is_hidden = {seat: hidden for seat, hidden, _ in rows}
    is_predicted = {seat: predicted for seat, hidden, predicted in rows if not hidden}
    report = Report("blindness", short=short, rows=platform.rows("reviews_seat", "reviews_hiddenseat"))
    asked = {"claim": times.claims, "page": times.pages, "submit": times.submits, "claim before": times.before()}
    for what, groups in (("a hidden case", is_hidden), ("a prediction", is_predicted)):
        for name, seconds in asked.items():
            if what == "a prediction" and name == "claim before":
                continue
            found = defaultdict[bool, list[float]](list)
            for seat, taken in seconds.items():
                if seat in groups:
                    found[groups[seat]].append(taken)
            compare(report, f"{name} tells of {what}", found[True], found[False])
    report.at_most("requests that failed", len(times.failures), limit=0, exact=True)
    report.note("first failures", times.failures[:3])
    return report


def compare(report: Report, name: str, those: Sequence[float], others: Sequence[float]) -> None:
    """How far the chance that one of `those` takes longer than one of `others` is from even."""
    statistic, p_value = mannwhitneyu(those, others, alternative="two-sided")
    chance = float(statistic) / (len(those) * len(others))
    report.at_most(name, abs(chance - 0.5), limit=TELLS)
    report.note(name, {"longer": round(chance, 3), "p": round(float(p_value), 4), "n": [len(those), len(others)]})

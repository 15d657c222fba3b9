"""Claim → submit through HTTP by sixteen reviewers at once, on short and on very long queues.

Compared in one run: a queue of a million open seats with one of ten thousand, and a queue of which others hold
five thousand seats with one of which nobody does. Client, web server and database share the machine. The queues'
undo time is 0; consensus waits, no worker runs. The backlog is written by SQL, as it would have been left by
years of routing; claims and submits go through the door.
"""

import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from benchmarks.harness import Platform, Report
from benchmarks.reviewing import Reviewer, Tally, percentile, review
from cases.services import create_case_type
from hitl_platform.access.services import add_member, create_tenant, create_user
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.models import Tenant
from reviews.models import Queue
from reviews.services import create_queue, create_template, grant_queue

REVIEWERS = 16
PEERS_RATE = 7.0  # cycles a second of the fastest other tool that hands each task out once, on such a machine

DEFINITION = {
    "question": "Should this loan be granted?",
    "payload_schema": {"type": "object", "properties": {"amount": {"type": "number"}, "note": {"type": "string"}}},
    "labels": [{"key": "approve", "name": "Approve"}, {"key": "decline", "name": "Decline"}],
}

# One case, one panel and one open seat a row; a third of the seats each at priority 0, 1 and 2, half with a date.
BACKLOG = """
with new as materialized (
    select g, uuidv7() as case_id, uuidv7() as panel_id, uuidv7() as seat_id from generate_series(1, %(rows)s) g
), cases as (
    insert into cases_case (tenant_id, id, case_type_id, type_version_id, external_id, state, importance, priority,
                            subject_ref, created_at, event_ids)
    select %(tenant)s, case_id, %(case_type)s, %(version)s, case_id::text, 'in_review', 1, g %% 3, '', now(), '{}'
    from new
), payloads as (
    insert into cases_casepayload (tenant_id, case_id, payload, salt)
    select %(tenant)s, case_id, jsonb_build_object('amount', g, 'note', repeat('evidence ', 60)), '\\x00' from new
), panels as (
    insert into reviews_panel (tenant_id, id, case_id, case_type_id, queue_id, template_id, state, round, why,
                               opened_at, event_id)
    select %(tenant)s, panel_id, case_id, %(case_type)s, %(queue)s, %(template)s, 'open', 1, 'no_policy', now(), case_id
    from new
)
insert into reviews_seat (tenant_id, id, panel_id, case_id, queue_id, kind, state, advice, priority, due_at, opened_at,
                          lease_token)
select %(tenant)s, seat_id, panel_id, case_id, %(queue)s, 'reviewer', 'open', 'hidden', g %% 3,
    case when g %% 2 = 0 then now() + make_interval(mins => g) end, now(), 0
from new
"""
HELD = """
update reviews_seat set state = 'claimed', reviewer_id = %(holder)s, lease_token = 1, claimed_at = now(),
    lease_ends_at = now() + interval '6 hours'
where id in (select id from reviews_seat where queue_id = %(queue)s and state = 'open' limit %(rows)s)
"""


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    few: int
    many: int
    held: int
    cycles: int
    pairs: int


FULL = Sizes(few=10_000, many=1_000_000, held=5_000, cycles=2_000, pairs=5)
SHORT = Sizes(few=10_000, many=100_000, held=5_000, cycles=350, pairs=3)


class Office:
    """A tenant with reviewers and three queues: `few`, `many`, and `held` with leases of others."""

    def __init__(self, platform: Platform, sizes: Sizes) -> None:
        self.platform, self.sizes = platform, sizes
        self.tenant: Tenant = create_tenant(slug="bench", name="Bench")
        self.actor: Actor = system_actor(self.tenant.id, "bench")
        self.case_type = create_case_type(actor=self.actor, key="loan", name="Loan", definition=DEFINITION)
        self.template = create_template(actor=self.actor, key="one", name="One", seats=1, advice="hidden")
        self.people = [self.hire(f"reviewer{number}") for number in range(REVIEWERS)]
        self.queues = {key: self.open_queue(key) for key in ("few", "many", "held")}
        self.fill("few", sizes.few)
        self.fill("held", sizes.few + sizes.held)
        self.hold()
        self.fill("many", sizes.many)
        with platform.superuser() as connection:
            connection.execute("vacuum analyze")

    def hire(self, name: str) -> UUID:
        """A reviewer of the tenant."""
        user = create_user(email=f"{name}@bench.invalid", name=name, password=None)
        add_member(actor=self.actor, user=user, roles=["reviewer"])
        self.user_of = getattr(self, "user_of", {}) | {user.pk: user}
        return user.pk

    def open_queue(self, key: str) -> Queue:
        """A queue in which everybody works."""
        queue = create_queue(
            actor=self.actor, key=key, name=key, template_key="one", undo_seconds=0, lease_seconds=3600
        )
        for user_id in self.people:
            grant_queue(actor=self.actor, queue_key=key, user_id=user_id)
        return queue

    def fill(self, key: str, rows: int) -> None:
        """Add open seats to a queue."""
        with self.platform.superuser() as connection:
            connection.execute("set session_replication_role = replica")
            for _ in range(0, rows, 100_000):
                connection.execute(BACKLOG, self.ids(key) | {"rows": min(rows, 100_000)})

    def hold(self) -> None:
        """Let somebody else hold seats of the queue `held`."""
        holder = self.hire("elsewhere")
        with self.platform.superuser() as connection:
            connection.execute(HELD, self.ids("held") | {"holder": holder, "rows": self.sizes.held})

    def ids(self, key: str) -> dict[str, object]:
        """What the statements name."""
        return {
            "tenant": self.tenant.id,
            "case_type": self.case_type.pk,
            "version": self.case_type.current_version_id,
            "queue": self.queues[key].pk if hasattr(self, "queues") else None,
            "template": self.template.pk,
        }


def main(*, platform: Platform, short: bool) -> Report:
    """Measure, and hold the figures against their limits."""
    sizes = SHORT if short else FULL
    office = Office(platform, sizes)
    runs: dict[str, list[Tally]] = {"few": [], "many": [], "held": []}
    with platform.web(workers=2, threads=4) as address:
        reviewers = [
            Reviewer(address, user=office.user_of[user_id], tenant_id=office.tenant.id) for user_id in office.people
        ]

        def measure(key: str) -> float:
            office.fill(key, sizes.cycles if runs[key] else 0)
            tally = review(reviewers, queue_key=key, cycles=sizes.cycles)
            runs[key].append(tally)
            print(f"[claims] {key}: {tally.rate:.0f}/s, p99 {tally.p99() * 1000:.0f} ms", file=sys.stderr)
            return tally.p99()

        review(reviewers, queue_key="few", cycles=sizes.cycles // 4)
        length = ratio_of(measure, "many", "few", sizes.pairs)
        leases = ratio_of(measure, "held", "few", sizes.pairs)
    report = Report("claims", short=short, rows=platform.rows("reviews_seat", "reviews_judgment", "ledger_auditevent"))
    tallies = [tally for each in runs.values() for tally in each]
    report.at_most(f"p99 at {sizes.many:,} / p99 at {sizes.few:,} open seats", length, limit=1.3)
    report.at_most(f"p99 with {sizes.held:,} leases of others / with none", leases, limit=1.3)
    report.at_least("cycles a second", statistics.median(t.rate for t in tallies), limit=20 * PEERS_RATE)
    report.at_most("p99 ms", 1000 * statistics.median(tally.p99() for tally in runs["many"]), limit=250)
    seats = [seat for tally in tallies for seat in tally.seats]
    report.at_most("seats given twice", len(seats) - len(set(seats)), limit=0, exact=True)
    report.at_most("requests that failed", sum(len(tally.failures) for tally in tallies), limit=0, exact=True)
    tell(report, runs, sizes)
    return report


def ratio_of(measure: Callable[[str], float], first: str, second: str, pairs: int) -> float:
    """The median of `pairs` interleaved ratios first/second."""
    ratios = []
    for number in range(pairs):
        keys = (first, second) if number % 2 == 0 else (second, first)
        found = {key: measure(key) for key in keys}
        ratios.append(found[first] / found[second])
    return statistics.median(ratios)


def tell(report: Report, runs: dict[str, list[Tally]], sizes: Sizes) -> None:
    """Numbers without a limit: what each queue gave."""
    report.note("reviewers", REVIEWERS)
    report.note("cycles a run", sizes.cycles)
    report.note("undo seconds", 0)
    for key, tallies in runs.items():
        report.note(key, {"rate": median(t.rate for t in tallies)} | milliseconds(tallies))
    report.note("first failures", [failure for t in runs["few"] + runs["many"] for failure in t.failures][:3])


def milliseconds(tallies: Sequence[Tally]) -> dict[str, float]:
    """p50 and p99 of claim and submit, medians over the runs."""
    found = {}
    for which in (50, 99):
        found[f"claim p{which} ms"] = median(1000 * percentile(tally.claims, which) for tally in tallies)
        found[f"submit p{which} ms"] = median(1000 * percentile(tally.submits, which) for tally in tallies)
    return found


def median(values: Iterable[float]) -> float:
    """The median, rounded for reading."""
    return round(statistics.median(values), 1)

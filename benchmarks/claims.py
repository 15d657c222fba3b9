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

from benchmarks.harness import Platform, Report
from benchmarks.office import REVIEWERS, Office
from benchmarks.reviewing import Reviewer, Tally, percentile, review

PEERS_RATE = 7.0  # cycles a second of the fastest other tool that hands each task out once, on such a machine


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


def main(*, platform: Platform, short: bool) -> Report:
    """Measure, and hold the figures against their limits."""
    sizes = SHORT if short else FULL
    office = Office(platform)
    office.open_queue("few", rows=sizes.few)
    office.open_queue("held", rows=sizes.few + sizes.held)
    office.hold("held", sizes.held)
    office.open_queue("many", rows=sizes.many)
    office.tidy()
    runs: dict[str, list[Tally]] = {"few": [], "many": [], "held": []}
    with platform.web(workers=2, threads=4) as address:
        reviewers = [Reviewer(address, user=user, tenant_id=office.tenant.id) for user in office.reviewers]

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

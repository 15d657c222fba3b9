"""NDJSON through HTTP into validated, idempotent cases with their steps and events, against COPY of the bare rows.

Both sides carry the same payloads of about 1 KB in one run: the platform's client, web server, sealer and database
share the machine with each other, COPY has it for itself. Every submitted case is counted again afterwards: its
row, its payload, its facet, its place in an event and in a step.
"""

import http.client
import json
import random
import statistics
import string
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg

from benchmarks.harness import Platform, Report, interleaved, peak_memory, seconds_of, wait_for
from cases.services import create_case_type
from hitl_platform.access.services import create_key, create_tenant
from hitl_platform.embedded import ports, programs
from hitl_platform.kernel.ids import uuid7s
from hitl_platform.tenants.actor import system_actor

VARIETY = 1_000  # different payloads; external ids are all different
BLOCK = 1_000  # lines sent at once

PURPOSES = ("car", "furniture", "education", "repairs", "business")
DEFINITION = {
    "question": "Should this loan be granted?",
    "payload_schema": {
        "type": "object",
        "additionalProperties": False,
        "required": ["amount", "months", "purpose", "applicant", "history"],
        "properties": {
            "amount": {"type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000},
            "months": {"type": "integer", "minimum": 1, "maximum": 120},
            "purpose": {"enum": list(PURPOSES)},
            "applied_at": {"type": "string", "format": "date-time"},
            "applicant": {
                "type": "object",
                "required": ["employed_years", "housing"],
                "properties": {
                    "employed_years": {"type": "number", "minimum": 0},
                    "housing": {"enum": ["rent", "own", "free"]},
                    "city": {"type": "string", "maxLength": 100},
                    "telephone": {"type": "boolean"},
                },
            },
            "history": {
                "type": "array",
                "maxItems": 24,
                "items": {
                    "type": "object",
                    "required": ["month", "balance"],
                    "properties": {"month": {"type": "integer"}, "balance": {"type": "number"}},
                },
            },
            "note": {"type": "string", "maxLength": 5000},
        },
    },
    "labels": [{"key": "approve", "name": "Approve"}, {"key": "decline", "name": "Decline"}],
    "facets": [{"key": "amount", "type": "float"}],
}
LOST = """
select (select count(*) from cases_case where state = 'received'),
    (select count(*) from cases_casepayload), (select count(*) from cases_casefacet),
    (select sum((select count(*) from jsonb_object_keys(body -> 'items'))) from ledger_auditevent
        where verb = 'case.submitted'),
    (select sum(case_count) from pipeline_step where kind = 'score')
"""
LAG = """
select coalesce(extract(epoch from clock_timestamp() - min(e.at)), 0) from ledger_auditevent e
where not exists (select from ledger_auditleaf l where l.event_id = e.id)
"""


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    lines: int
    pairs: int
    few: int
    many: int


FULL = Sizes(lines=100_000, pairs=3, few=10_000, many=1_000_000)
SHORT = Sizes(lines=20_000, pairs=3, few=2_000, many=20_000)


def main(*, platform: Platform, short: bool) -> Report:
    """Measure, and hold the figures against their limits."""
    sizes = SHORT if short else FULL
    port = ports.free_port()
    address = f"http://{ports.LOOPBACK}:{port}"
    sender, report = Sender(address), Report("ingest", short=short)
    # one process, so that the memory looked at is that of the one that had the lines
    web = platform.running(programs.web(port, workers=1, threads=4), PUBLIC_URL=address)
    with web as pid, platform.sealer(), lag_of(platform) as lags:
        sender.send(sender.lines(sizes.few))
        memory = peak_memory(pid)
        measure_rate(report, platform, sender, sizes)
        sender.send(sender.lines(sizes.many))
        report.at_most("memory after many lines ÷ after few", peak_memory(pid) / memory, limit=1.15)
        again = sender.lines(sizes.few)
        sender.send(again)
        report.note("lines a second when all are there already", sizes.few / seconds_of(lambda: sender.send(again)))
        with platform.superuser() as connection:
            wait_for(lambda: lag(connection) == 0, patience=10)
    report.at_most("longest lag of the sealer, s", max(lags), limit=5)
    tell(report, platform, sender, sizes, memory)
    return report


def measure_rate(report: Report, platform: Platform, sender: "Sender", sizes: Sizes) -> None:
    """Submissions a second against rows a second of COPY, in alternating pairs."""
    with platform.superuser() as connection:
        connection.execute("create table bare_case (id uuid, tenant_id uuid, payload jsonb)")

        def copied() -> float:
            connection.execute("truncate bare_case")
            blocks = list(sender.rows(sizes.lines))
            return seconds_of(lambda: copy(connection, blocks))

        def sent() -> float:
            blocks = list(sender.lines(sizes.lines))
            return seconds_of(lambda: sender.send(blocks))

        copy_seconds, our_seconds, ratio = interleaved(copied, sent, pairs=sizes.pairs)
    report.at_least("our rate ÷ COPY's", ratio, limit=0.10)
    report.note("lines a second", round(sizes.lines / our_seconds))
    report.note("COPY's rows a second", round(sizes.lines / copy_seconds))


def copy(connection: "psycopg.Connection[object]", blocks: Iterable[bytes]) -> None:
    """The bare rows, by COPY, committed."""
    with connection.cursor().copy("copy bare_case from stdin") as target:
        for block in blocks:
            target.write(block)


class Sender:
    """A client with a key of a tenant of its own, and lines that no one sent before."""

    def __init__(self, address: str) -> None:
        tenant = create_tenant(slug="bench", name="Bench")
        actor = system_actor(tenant.id, "bench")
        create_case_type(actor=actor, key="loan", name="Loan", definition=DEFINITION)
        _, self.secret = create_key(actor=actor, name="bench", scopes=["cases:write"])
        self.host, self.tenant_id, self.sent = urlsplit(address).netloc, tenant.id, 0
        chance = random.Random(7)
        self.payloads = [json.dumps(payload(chance)) for _ in range(VARIETY)]

    def lines(self, count: int) -> list[bytes]:
        """Blocks of new lines."""
        blocks = []
        for start in range(self.sent, self.sent + count, BLOCK):
            numbers = range(start, min(start + BLOCK, self.sent + count))
            texts = (f'{{"external_id": "loan-{n:09d}", "payload": {self.payloads[n % VARIETY]}}}\n' for n in numbers)
            blocks.append("".join(texts).encode())
        self.sent += count
        return blocks

    def rows(self, count: int) -> Iterator[bytes]:
        """The same payloads as COPY takes them."""
        tenant, ids = str(self.tenant_id), uuid7s(count)
        escaped = [text.replace("\\", "\\\\") for text in self.payloads]
        for start in range(0, count, BLOCK):
            numbers = range(start, min(start + BLOCK, count))
            yield "".join(f"{ids[n]}\t{tenant}\t{escaped[n % VARIETY]}\n" for n in numbers).encode()

    def send(self, blocks: Iterable[bytes]) -> dict[str, int]:
        """Submit, and answer the summary; raises RuntimeError when anything was refused."""
        connection = http.client.HTTPConnection(self.host, timeout=600)
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/x-ndjson"}
        path = "/api/v1/case-types/loan/cases/bulk"
        connection.request("POST", path, body=iter(blocks), headers=headers, encode_chunked=True)
        *_, last = connection.getresponse().read().splitlines()
        connection.close()
        summary: dict[str, int] = json.loads(last).get("summary", {})
        if not summary or summary["rejected"] or "stopped" in summary:
            raise RuntimeError(f"lines were refused: {last.decode()}")
        return summary


def payload(chance: random.Random) -> dict[str, object]:
    """One applicant's loan, about 1 KB as JSON."""
    return {
        "amount": round(chance.uniform(250, 20_000), 2),
        "months": chance.randint(4, 72),
        "purpose": chance.choice(PURPOSES),
        "applied_at": f"2026-0{chance.randint(1, 9)}-{chance.randint(10, 28)}T10:22:33Z",
        "applicant": {
            "employed_years": round(chance.uniform(0, 30), 1),
            "housing": chance.choice(["rent", "own", "free"]),
            "city": "Zürich",
            "telephone": chance.random() < 0.5,
        },
        "history": [{"month": n, "balance": round(chance.gauss(0, 2_000), 2)} for n in range(8)],
        "note": "".join(chance.choices(string.ascii_letters + " " * 12, k=480)),
    }


@contextmanager
def lag_of(platform: Platform) -> Iterator[list[float]]:
    """The age of the oldest event without a leaf, in seconds, looked at four times a second all along."""
    lags, over = [0.0], threading.Event()

    def watch() -> None:
        with platform.superuser() as connection:
            while not over.wait(0.25):
                lags.append(lag(connection))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield lags
    finally:
        over.set()
        watcher.join()


def lag(connection: "psycopg.Connection[object]") -> float:
    """The age of the oldest committed event that has no leaf; 0 without one."""
    row = connection.execute(LAG).fetchone()
    return float(row[0]) if row else 0.0  # type: ignore[index]  # a row is a tuple here


def tell(report: Report, platform: Platform, sender: Sender, sizes: Sizes, memory: int) -> None:
    """What stands in the tables, and whether it is all that was sent."""
    with platform.superuser() as connection:
        found = connection.execute(LOST).fetchone()
    report.at_most(
        "lines sent and not found in every table", max(sender.sent - n for n in found or (0,)), limit=0, exact=True
    )
    report.rows = platform.rows(
        "cases_case", "cases_casepayload", "cases_casefacet", "pipeline_step", "ledger_auditevent", "ledger_auditleaf"
    )
    mean = statistics.fmean(len(text) for text in sender.payloads)
    report.note("bytes of a payload", round(mean))
    report.note("lines in one file", sizes.lines)
    report.note("memory after few lines, MiB", round(memory / 2**20, 1))
    report.note("few and many lines", [sizes.few, sizes.many])

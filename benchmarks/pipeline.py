"""Submitted to decided, sealed: one worker process, against what the machine itself needs for the same work.

The clock runs from the first doorbell, with every case submitted and its step waiting, until every case has its
decision and every event its leaf; worker, sealer and database share the machine. The yardstick, in the same run:
`predict_proba` of the same model over all cases in one call, and multi-row INSERT, 1,000 rows a statement, of every
row that the pipeline left, into index-free logged copies of its tables. Rows of the submission (payloads, its own
events and steps) are on neither side; the row of the case, which the pipeline writes anew, is on both.
"""

import io
import random
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import psycopg
import skops.io

from benchmarks.harness import Platform, Report, seconds_of, wait_for
from cases.services import create_case_type, open_bulk, submit_lines
from hitl_platform.access.services import add_member, create_key, create_tenant, create_user
from hitl_platform.celery import app
from hitl_platform.kernel.ids import uuid7
from hitl_platform.pipeline import doorbell
from hitl_platform.tenants.actor import Actor, system_actor
from models_registry.artifacts import ESTIMATORS, LOADERS
from models_registry.services import create_model, promote_version, register_version
from models_registry.training import train
from reviews.services import activate_policy, approve_policy, create_queue, create_template, draft_policy

INSERT_ROWS = 1_000
PURPOSES = ("car", "furniture", "education", "repairs", "business")
HOUSING = ("rent", "own", "free")
LABELS = ("approve", "decline")
NUMBERS = ("amount", "months", "age", "rate", "credits")
DEFINITION: dict[str, Any] = {
    "question": "Should this loan be granted?",
    "payload_schema": {
        "type": "object",
        "additionalProperties": False,
        "required": [*NUMBERS, "purpose", "housing"],
        "properties": {name: {"type": "number"} for name in NUMBERS}
        | {"purpose": {"enum": list(PURPOSES)}, "housing": {"enum": list(HOUSING)}},
    },
    "labels": [{"key": label, "name": label.title()} for label in LABELS],
}
FEATURES = {
    "features": [{"name": name, "type": "number"} for name in NUMBERS]
    + [{"name": "purpose", "type": "category"}, {"name": "housing", "type": "category"}]
}
# One rule that no case meets, then a threshold that every case passes: all is decided, and all is asked.
POLICY = {
    "rules": [{"name": "very large", "when": "case.amount > 1000000", "action": "review"}],
    "thresholds": dict.fromkeys(LABELS, 0.01),
    "otherwise": {"queue": "loans", "template": "one"},
}
# The tables that the pipeline writes, and which of their rows are its own.
_EVENTS = "id > '{marker}' and verb in ('case.scored', 'case.decided')"
LEFT = {
    "models_registry_prediction": "id > '{marker}'",
    "reviews_routingrecord": "id > '{marker}'",
    "cases_decision": "id > '{marker}'",
    "cases_case": "id > '{marker}'",
    "ledger_auditevent": _EVENTS,
    "ledger_auditleaf": f"event_id in (select id from ledger_auditevent where {_EVENTS})",
    "pipeline_step": "id > '{marker}' and kind = 'route'",
}
UNFINISHED = """
select exists(select from pipeline_step where state = 'ready' and kind in ('score', 'route'))
    or exists(select from pipeline_step where state = 'leased')
    or exists(select from ledger_auditevent event
              where not exists (select from ledger_auditleaf leaf where leaf.event_id = event.id))
"""


@dataclass(frozen=True)
class Sizes:
    """How many cases: for the rate, and for the growth from few to many."""

    rate: int
    few: int
    many: int
    patience: float


FULL = Sizes(rate=50_000, few=10_000, many=200_000, patience=1_200)
SHORT = Sizes(rate=10_000, few=2_000, many=10_000, patience=120)


class Lender:
    """A tenant whose model and policy decide every loan."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.tenant = create_tenant(slug="bench", name="Bench")
        self.actor = system_actor(self.tenant.id, "bench")
        create_case_type(actor=self.actor, key="loan", name="Loan", definition=DEFINITION)
        first, second = self.hire("first", "manager"), self.hire("second", "manager")
        engineer = self.hire("engineer", "ml_engineer")
        self.artifact = self.crown(engineer, first)
        create_template(actor=first, key="one", name="One", seats=1)
        create_queue(actor=first, key="loans", name="Loans", template_key="one", case_type_key="loan")
        policy = draft_policy(actor=first, case_type_key="loan", definition=POLICY)
        approve_policy(actor=second, policy_id=policy.pk)
        activate_policy(actor=first, policy_id=policy.pk)
        key, _ = create_key(actor=self.actor, name="bench", scopes=["cases:write"])
        self.integrator = Actor("key", key.pk, self.tenant.id, scopes=frozenset(key.scopes), name="bench")
        self.dice, self.numbers = random.Random(1), 0

    def hire(self, name: str, role: str) -> Actor:
        """A member with one role."""
        user = create_user(email=f"{name}@bench.invalid", name=name, password=None)
        add_member(actor=self.actor, user=user, roles=[role])
        return Actor("user", user.pk, self.tenant.id, roles=frozenset({role}), name=name)

    def crown(self, engineer: Actor, manager: Actor) -> bytes:
        """Train a model, register it, and let it be champion; its artifact."""
        dice = random.Random(2)
        rows = [payload(dice) for _ in range(2_000)]
        labels = [LABELS[row["amount"] / 10_000 + row["rate"] / 4 + dice.gauss(0, 0.5) > 1.5] for row in rows]
        trained = train(rows, labels, feature_schema=FEATURES)
        create_model(actor=engineer, case_type_key="loan", key="risk", name="Risk")
        version = register_version(
            actor=engineer,
            model_key="risk",
            artifact=trained.artifact,
            feature_schema=FEATURES,
            labels=list(LABELS),
            metrics={},
        )
        promote_version(actor=manager, version_id=version.pk)
        return trained.artifact

    def submit(self, count: int) -> list[dict[str, Any]]:
        """Submit cases in bulk; their payloads. Nobody works on them yet: their doorbells are taken away."""
        rows = [payload(self.dice) for _ in range(count)]
        version = open_bulk(actor=self.integrator, case_type_key="loan")
        told = list(submit_lines(actor=self.integrator, version=version, lines=self.lines(rows)))
        if told[-1]["summary"]["accepted"] != count:
            raise RuntimeError(f"not every case was accepted: {told[:3]}")
        app.control.purge()
        return rows

    def lines(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, bytes]]:
        """Submissions as lines."""
        for number, row in enumerate(rows, 1):
            self.numbers += 1
            yield number, orjson.dumps({"external_id": f"loan-{self.numbers}", "payload": row})

    def decide(self, *, patience: float) -> float:
        """Ring, and wait until all is decided and sealed; seconds from the one to the other."""
        with self.platform.superuser() as connection:

            def finished() -> bool:
                row = connection.execute(UNFINISHED).fetchone()
                return row is not None and not row[0]

            started = time.perf_counter()
            doorbell.ring("score", tenant_id=self.tenant.id)
            wait_for(finished, patience=patience, every=0.1)
            return time.perf_counter() - started


def main(*, platform: Platform, short: bool) -> Report:
    """Measure, and hold the figures against their limits."""
    sizes, report = SHORT if short else FULL, Report("pipeline", short=short)
    lender = Lender(platform)
    with platform.sealer(), platform.worker(concurrency=1):
        lender.submit(1_000)
        lender.decide(patience=sizes.patience)
        few = [run(lender, sizes.few, sizes) for _ in range(3)]
        marker = uuid7()
        payloads = lender.submit(sizes.rate)
        seconds = lender.decide(patience=sizes.patience)
        say(f"{sizes.rate:,} cases in {seconds:.1f} s")
        yardstick = {"predict_proba": predicting(lender.artifact, payloads)} | inserting(platform, marker)
        many = seconds / sizes.rate if sizes.many == sizes.rate else run(lender, sizes.many, sizes)
    bound = sum(yardstick.values())
    report.at_least("our rate / the sum of predict_proba and INSERT", bound / seconds, limit=0.3)
    growth = many / statistics.median(few)
    report.at_most(f"time per case at {sizes.many:,} / at {sizes.few:,}", growth, limit=1.2)
    report.at_most("cases that were not decided once", decided_otherwise(platform), limit=0, exact=True)
    report.rows = platform.rows(*LEFT)
    report.note("cases a second", round(sizes.rate / seconds))
    report.note(f"cases a second, {sizes.few:,}", [round(1 / each) for each in few])
    report.note(f"cases a second, {sizes.many:,}", round(1 / many))
    report.note("yardstick, seconds", {name: round(value, 2) for name, value in yardstick.items()})
    return report


def run(lender: Lender, count: int, sizes: Sizes) -> float:
    """Seconds a case for a backlog of `count`."""
    lender.submit(count)
    seconds = lender.decide(patience=sizes.patience)
    say(f"{count:,} cases in {seconds:.1f} s")
    return seconds / count


def payload(dice: random.Random) -> dict[str, Any]:
    """One application."""
    return {
        "amount": round(dice.uniform(250, 20_000), 2),
        "months": dice.randint(6, 72),
        "age": dice.randint(19, 75),
        "rate": dice.randint(1, 4),
        "credits": dice.randint(1, 4),
        "purpose": dice.choice(PURPOSES),
        "housing": dice.choice(HOUSING),
    }


def predicting(artifact: bytes, payloads: Sequence[Mapping[str, Any]]) -> float:
    """Seconds of one call over all rows."""
    trusted = sorted(ESTIMATORS | LOADERS["TypeNode"] | LOADERS["DTypeNode"] | LOADERS["NdArrayNode"])
    model = skops.io.load(io.BytesIO(artifact), trusted=trusted)
    names = [feature["name"] for feature in FEATURES["features"]]
    matrix = np.array([[row[name] for name in names] for row in payloads], dtype=object)
    return seconds_of(lambda: model.predict_proba(matrix))


def inserting(platform: Platform, marker: UUID) -> dict[str, float]:
    """Seconds to insert what the run after `marker` left into copies without an index, table by table."""
    found: dict[str, float] = {}
    with platform.superuser() as connection:
        for table, own in LEFT.items():
            statements = statements_of(connection, table, own.format(marker=marker))
            connection.execute("checkpoint")
            found[f"insert {table}"] = seconds_of(partial(execute_all, connection, statements))
    return found


def statements_of(connection: "psycopg.Connection[Any]", table: str, own: str) -> list[str]:
    """Multi-row INSERTs of the rows of `table` that are `own`, into an empty copy of it."""
    connection.execute(f"create table copy_of_{table} as table {table} with no data")
    described = connection.execute(f"select * from {table} limit 0").description or []
    values = ", ".join(f"quote_nullable({column.name}::text)" for column in described)
    rows = connection.execute(f"select concat_ws(',', {values}) from {table} where {own}").fetchall()
    return [
        f"insert into copy_of_{table} values " + ", ".join(f"({row[0]})" for row in rows[start : start + INSERT_ROWS])
        for start in range(0, len(rows), INSERT_ROWS)
    ]


def execute_all(connection: "psycopg.Connection[Any]", statements: Sequence[str]) -> None:
    """Each statement, a transaction of its own."""
    for statement in statements:
        connection.execute(statement)


def decided_otherwise(platform: Platform) -> int:
    """How many cases have no decision, or more than one."""
    query = (
        "select count(*) from cases_case c where 1 <> (select count(*) from cases_decision d where d.case_id = c.id)"
    )
    with platform.superuser() as connection:
        row = connection.execute(query).fetchone()
    return int(row[0]) if row else -1


def say(sentence: str) -> None:
    """Progress goes to stderr."""
    print(f"[pipeline] {sentence}", file=sys.stderr, flush=True)

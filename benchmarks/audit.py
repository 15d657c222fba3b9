"""`manage.py bench audit`: an audit of a million decisions, from arrays and from the frozen table, beside fairlearn's.

Three attributes of six, two and five groups, all their intersections, three deciders, every rate with its interval.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from django.utils import timezone

from audits.fairness import CubeBuilder, Plan, audit, document_bytes
from audits.models import BiasAudit
from audits.tallying import AI, FINAL, HUMANS, count_cube, population_of
from benchmarks import fairness_libraries
from benchmarks.audit_columns import AXES, SINGLE, SIZES, same_metrics, simulated_columns, whole_audit
from benchmarks.harness import Platform, Report, seconds_of
from benchmarks.office import DEFINITION
from cases.services import create_case_type
from hitl_platform.access.services import create_tenant
from hitl_platform.bootstrap import ROOT
from hitl_platform.tenants.actor import system_actor
from hitl_platform.tenants.scope import tenant_scope

FULL, SHORT, REPEATS = 1_000_000, 100_000, 5
# people decide every third case, the model the others
_FROZEN = """
insert into audits_frozendecision (tenant_id, id, audit_id, case_id, groups, ai, human, first, panel, final, appealed,
    truth, score, routed, propensity, seconds, overturned)
select %(tenant)s, md5('frozen ' || n)::uuid, %(audit)s, md5('case ' || n)::uuid,
    array[n * 7919 %% 6 + 1, n * 104729 %% 2 + 1, n * 1299709 %% 5 + 1]::smallint[],
    ai, human, human, human, final, final, case when random() < 0.8 then 1 + (random() < 0.5)::int end,
    score, human is not null, 1, 40 + 1000 * random(), false
from (
    select *, coalesce(human, ai) as final from (
        select n, score, 1 + (score < 0.6)::int as ai, case when n %% 3 = 0 then 1 + (random() < 0.4)::int end as human
        from (select n, random() as score from generate_series(1, %(rows)s::bigint) n) scored
    ) judged
) told
"""


def main(*, platform: Platform, short: bool) -> Report:
    """Measure, and hold the figures against their limits."""
    n = SHORT if short else FULL
    report = Report("audit", short=short)
    columns = simulated_columns(n)
    measure_arrays(report, columns=columns)
    measure_frozen(report, platform=platform, rows=n)
    measure_memory(report, rows=n)
    compare(report, columns=columns)
    report.rows = {"decisions": n, **platform.rows("audits_frozendecision")}
    return report


def median_seconds(work: Callable[[], object]) -> float:
    """The middle of several runs, after one that warms up."""
    work()
    return statistics.median(seconds_of(work) for _ in range(REPEATS))


def measure_arrays(report: Report, *, columns: dict[str, np.ndarray]) -> None:
    """From arrays in memory to the document."""
    report.at_most("seconds from arrays to the document", median_seconds(lambda: whole_audit(columns)), limit=1.5)
    builder = CubeBuilder(AXES)
    report.note("seconds_of_counting", median_seconds(lambda: builder.add(columns)))


def measure_frozen(report: Report, *, platform: Platform, rows: int) -> None:
    """From the frozen table to the document: counted by the database, computed here."""
    tenant = create_tenant(slug="bench", name="Bench")
    actor = system_actor(tenant.pk, "bench")
    case_type = create_case_type(actor=actor, key="loan", name="Loan", definition=DEFINITION)
    with tenant_scope(tenant.pk):
        frozen = BiasAudit.objects.create(
            tenant_id=tenant.pk, case_type=case_type, title="Bench", definition=asked(), codebook=codebook(),
            known_on=timezone.now(),
        )  # fmt: skip
    with platform.superuser() as connection:
        connection.execute(_FROZEN, {"tenant": tenant.pk, "audit": frozen.pk, "rows": rows})
        connection.execute("vacuum analyze audits_frozendecision")
    plan = Plan(deciders=(AI, HUMANS, FINAL))

    def count() -> dict[str, Any]:
        with tenant_scope(tenant.pk):
            return count_cube(frozen)

    def counted_and_audited() -> None:
        frozen.cube = count()
        document_bytes(audit(population_of(frozen), plan=plan))

    report.at_most("seconds from the frozen table to the document", median_seconds(counted_and_audited), limit=1.5)
    report.note("seconds_of_counting_in_the_database", median_seconds(count))


def asked() -> dict[str, Any]:
    """The definition of an audit, as far as its counting reads it."""
    return {"truth": "outcomes", "favourable": ["approve"], "unfavourable": ["decline"], "attributes": list(SIZES)}


def codebook() -> dict[str, Any]:
    """What the codes of the frozen rows stand for."""
    groups = {name: [str(code) for code in range(size)] for name, size in SIZES.items()}
    return {"labels": ["approve", "decline"], "attributes": groups, "factors": {}}


def measure_memory(report: Report, *, rows: int) -> None:
    """What an audit takes beyond its columns, as the system sees it; ten times the rows may take no more."""
    for times in (1, 10):
        command = [sys.executable, "-m", "benchmarks.audit_memory", str(rows * times)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        extra = json.loads(ran.stdout)["extra_mib"]
        report.at_most(f"extra memory at {rows * times:,} rows, MiB", extra, limit=100)


def compare(report: Report, *, columns: dict[str, np.ndarray]) -> None:
    """fairlearn's MetricFrame against the same metrics of ours, in one run."""
    given = {name: columns[name] for name in (*SIZES, "truth")} | {"decision": columns["final"]}
    _, theirs = fairness_libraries.measured("fairlearn", columns=given, sets=SINGLE)
    ours = median_seconds(lambda: same_metrics(columns))
    report.at_least("fairlearn's time ÷ ours, same metrics", theirs / ours, limit=50)
    report.note("seconds_of_fairlearn", theirs)
    report.note("seconds_of_ours", ours)

"""The state of a tenant's work in the text format that a Prometheus server scrapes.

Every label is a key that a manager chose (case type, queue, kind of step) or a word of the lifecycle: nothing of a
case or a person is ever a label.
"""

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.utils import timezone
from prometheus_client.core import CollectorRegistry, CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from audits import performance_permissions
from hitl_platform.kernel.errors import require
from hitl_platform.ledger.queries import oldest_unsealed_at
from hitl_platform.pipeline.queries import LIVE
from hitl_platform.pipeline.states import StepState
from hitl_platform.tenants.actor import Actor

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_CASES = """
select kind.key, known.state, count(*) from cases_case known
join cases_casetype kind on kind.tenant_id = known.tenant_id and kind.id = known.case_type_id
where known.tenant_id = %(tenant)s group by 1, 2 order by 1, 2
"""
_DECISIONS = """
select kind.key, decision.made_by, count(*) from cases_decision decision
join cases_case known on known.tenant_id = decision.tenant_id and known.id = decision.case_id
join cases_casetype kind on kind.tenant_id = known.tenant_id and kind.id = known.case_type_id
where decision.tenant_id = %(tenant)s group by 1, 2 order by 1, 2
"""
_SEATS = """
select queue.key, seat.state, count(*),
    extract(epoch from statement_timestamp() - min(seat.opened_at)),
    count(*) filter (where seat.due_at < statement_timestamp())
from reviews_seat seat join reviews_queue queue on queue.tenant_id = seat.tenant_id and queue.id = seat.queue_id
where seat.tenant_id = %(tenant)s and seat.state in ('open', 'claimed', 'answered', 'held') group by 1, 2 order by 1, 2
"""
_CLOCKS = """
select queue.key, count(*) from reviews_slaclock clock
join reviews_queue queue on queue.tenant_id = clock.tenant_id and queue.id = clock.queue_id
where clock.tenant_id = %(tenant)s and clock.breach_told_at is not null group by 1 order by 1
"""
_STEPS = """
select kind, state, count(*), extract(epoch from statement_timestamp() - min(run_at))
from pipeline_step where tenant_id = %(tenant)s and state = any(%(states)s) group by 1, 2 order by 1, 2
"""


class _Tenant:
    """What one scrape of one tenant collects."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def collect(self) -> Iterator[Metric]:
        yield from self._cases()
        yield from self._work()
        yield from self._steps()
        oldest = oldest_unsealed_at()
        lag = GaugeMetricFamily("hitl_ledger_unsealed_seconds", "Age of the oldest event that is not sealed yet.")
        lag.add_metric([], (timezone.now() - oldest).total_seconds() if oldest else 0.0)
        yield lag

    def _cases(self) -> Iterator[Metric]:
        cases = GaugeMetricFamily("hitl_cases", "Cases by where they stand.", labels=["case_type", "state"])
        for case_type, state, count in self._rows(_CASES):
            cases.add_metric([case_type, state], count)
        yield cases
        made = CounterMetricFamily("hitl_decisions", "Decisions by who made them.", labels=["case_type", "made_by"])
        for case_type, made_by, count in self._rows(_DECISIONS):
            made.add_metric([case_type, made_by], count)
        yield made

    def _work(self) -> Iterator[Metric]:
        labels = ["queue", "state"]
        seats = GaugeMetricFamily("hitl_seats", "Places on panels that wait or are in somebody's hands.", labels=labels)
        ages = GaugeMetricFamily("hitl_oldest_seat_seconds", "Age of the oldest of them.", labels=labels)
        late = GaugeMetricFamily("hitl_seats_overdue", "Of them, those whose case is past its due time.", labels=labels)
        for queue, state, count, age, overdue in self._rows(_SEATS):
            for family, value in ((seats, count), (ages, age), (late, overdue)):
                family.add_metric([queue, state], float(value))
        yield from (seats, ages, late)
        breached = CounterMetricFamily(
            "hitl_service_level_breaches", "Panels past their service level.", labels=["queue"]
        )
        for queue, count in self._rows(_CLOCKS):
            breached.add_metric([queue], count)
        yield breached

    def _steps(self) -> Iterator[Metric]:
        labels = ["kind", "state"]
        steps = GaugeMetricFamily("hitl_steps", "Steps of the pipeline that are not done.", labels=labels)
        ages = GaugeMetricFamily(
            "hitl_step_late_seconds", "How long the oldest has been due; negative where it is due later.", labels=labels
        )
        for kind, state, count, late in self._rows(_STEPS):
            steps.add_metric([kind, state], count)
            ages.add_metric([kind, state], float(late))
        yield from (steps, ages)

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        asked: dict[str, Any] = {"tenant": self.actor.tenant_id, "states": [*LIVE, StepState.DEAD]}
        with connection.cursor() as cursor:
            cursor.execute(statement, asked)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def exposition(actor: Actor) -> bytes:
    """One scrape: what stands and waits at the actor's tenant, six statements."""
    require(performance_permissions.can_see_performance(actor))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Tenant(actor))
    return generate_latest(registry)

"""Reads of the figures that people steer by, for those who may see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from audits import performance, performance_permissions, performance_statements
from audits.models import Baseline
from audits.performance import Counts, Figure, Money, Rates
from cases.models import CaseType
from hitl_platform.kernel.errors import Invalid, require
from hitl_platform.tenants.actor import Actor
from reviews.models import Queue

EVERY = ("day", "week", "month")
# `grouping(bucket, case_type, queue)`: a bit for each that a row does not tell
_ALL, _BY_BUCKET, _BY_TYPE, _BY_QUEUE, _BY_BUCKET_AND_TYPE = 0b111, 0b011, 0b101, 0b110, 0b001
DEFAULT_DAYS = 30
MOST_DAYS = 800
PAGE = 50
_START = datetime.min.time()


@dataclass(frozen=True, slots=True)
class Period:
    """What is looked at: days from `since` to `until`, both whole and in UTC, narrowed to a type and a queue."""

    since: date
    until: date
    by: str = "week"
    case_type: CaseType | None = None
    queue: Queue | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The figures of a part of the cases: a stretch of time, a case type, a queue."""

    name: str
    key: str
    figures: dict[str, Figure]
    bucket: date | None = None


@dataclass(frozen=True, slots=True)
class Performance:
    """The figures of a period: all together, over time, and by case type and queue."""

    period: Period
    figures: dict[str, Figure]
    over_time: Sequence[Part]
    by_type: Sequence[Part]
    by_queue: Sequence[Part]


@dataclass(frozen=True, slots=True)
class CaseBehind:
    """One case that a figure counts."""

    case_id: UUID
    external_id: str
    case_type: str
    queue: str
    label: str
    made_by: str
    automatic: bool
    stands: str
    truth: str | None
    decided_at: datetime
    seconds: float
    case_type_id: UUID


def read_period(actor: Actor, given: Mapping[str, str]) -> Period:
    """The period that the query names: `from`, `to`, `by`, `case_type`, `queue`; Invalid naming what is wrong."""
    require(performance_permissions.can_see_performance(actor))
    fields: dict[str, list[str]] = {}
    today = timezone.now().date()
    until = _day(given, "to", today, fields)
    since = _day(given, "from", until - timedelta(days=DEFAULT_DAYS - 1), fields)
    if not fields and since > until:
        fields["from"] = ["The first day comes before the last."]
    elif not fields and (until - since).days >= MOST_DAYS:
        fields["from"] = [f"At most {MOST_DAYS} days at once."]
    by = given.get("by") or ("day" if (until - since).days < 14 else "week")
    if by not in EVERY:
        fields["by"] = [f"One of {', '.join(EVERY)}."]
    case_type = _named(CaseType, given, "case_type", fields)
    queue = _named(Queue, given, "queue", fields)
    if fields:
        raise Invalid("The query is not valid.", fields=fields)
    return Period(since, until, by, case_type, queue)


def performance_of(actor: Actor, period: Period) -> Performance:
    """The figures of a period: four statements, whatever it holds."""
    require(performance_permissions.can_see_performance(actor))
    with connection.cursor() as cursor:
        cursor.execute(performance_statements.COUNTS, _asked(actor, period))
        rows = cursor.fetchall()
    return _Reading(period, rows).performance()


@dataclass(slots=True)
class _Reading:
    """The rows of COUNTS: grouping, bucket, case type, queue, and one column a field of `Counts`."""

    period: Period
    rows: Sequence[tuple[Any, ...]]
    rates: dict[str, Rates] = field(default_factory=dict)
    keys: dict[UUID, str] = field(default_factory=dict)

    def performance(self) -> Performance:
        types = {each.pk: each for each in CaseType.objects.all()}
        queues = {each.pk: each for each in Queue.objects.all()}
        self.rates, self.keys = rates_of(), {key: each.key for key, each in types.items()}
        total = next((Counts(*row[4:]) for row in self.of(_ALL)), Counts())
        return Performance(
            self.period,
            performance.figures(total, money=self.money()),
            [
                Part(f"{row[1].day} {row[1]:%b %Y}", str(row[1]), self.figures(row, bucket=row[1]), row[1])
                for row in self.of(_BY_BUCKET)
            ],
            [
                Part(types[row[2]].name, types[row[2]].key, self.figures(row, case_type=row[2]))
                for row in self.of(_BY_TYPE)
            ],
            [
                # what work costs is declared by case type, and a queue may have several
                Part(queues[row[3]].name, queues[row[3]].key, performance.figures(Counts(*row[4:])))
                if row[3]
                else Part("No queue", "", performance.figures(Counts(*row[4:])))
                for row in self.of(_BY_QUEUE)
            ],
        )

    def of(self, which: int) -> list[tuple[Any, ...]]:
        return [row for row in self.rows if row[0] == which]

    def figures(self, row: tuple[Any, ...], **only: Any) -> dict[str, Figure]:
        return performance.figures(Counts(*row[4:]), money=self.money(**only))

    def money(self, *, bucket: date | None = None, case_type: UUID | None = None) -> Money | None:
        counted = (
            (self.keys[row[2]], Counts(*row[4:]))
            for row in self.of(_BY_BUCKET_AND_TYPE)
            if (bucket is None or row[1] == bucket) and (case_type is None or row[2] == case_type)
        )
        return performance.money_of(counted, rates=self.rates)


def cases_behind(actor: Actor, period: Period, *, kind: str, page: int) -> tuple[list[CaseBehind], int]:
    """A page of the cases that a figure counts, the latest first, and how many there are."""
    require(performance_permissions.can_see_performance(actor))
    if kind not in performance_statements.CASES_BEHIND:
        raise Invalid(
            "The query is not valid.", fields={"kind": [f"One of {', '.join(performance_statements.CASES_BEHIND)}."]}
        )
    with connection.cursor() as cursor:
        asked = _asked(actor, period) | {"rows": PAGE, "skip": PAGE * max(0, page - 1)}
        cursor.execute(performance_statements.CASES_BEHIND[kind], asked)
        rows = cursor.fetchall()
    return [CaseBehind(*row[:-1]) for row in rows], rows[0][-1] if rows else 0


def rates_of() -> dict[str, Rates]:
    """The declared baseline of each case type that has one, by the type's key."""
    standing = (
        Baseline.objects.order_by("case_type_id", "-version").distinct("case_type_id").select_related("case_type")
    )
    return {
        each.case_type.key: Rates(
            each.currency, float(each.cost_per_decision), float(each.cost_per_hour), float(each.cost_per_automatic)
        )
        for each in standing.select_related("case_type")
    }


def _asked(actor: Actor, period: Period) -> dict[str, Any]:
    return {
        "tenant": actor.tenant_id,
        "since": timezone.make_aware(datetime.combine(period.since, _START)),
        "until": timezone.make_aware(datetime.combine(period.until + timedelta(days=1), _START)),
        "by": period.by,
        "case_type": period.case_type.pk if period.case_type else None,
        "queue": period.queue.pk if period.queue else None,
    }


def _day(given: Mapping[str, str], name: str, default: date, fields: dict[str, list[str]]) -> date:
    text = given.get(name, "")
    try:
        return date.fromisoformat(text) if text else default
    except ValueError:
        fields[name] = ["A day as 2026-11-22."]
        return default


def _named(model: Any, given: Mapping[str, str], name: str, fields: dict[str, list[str]]) -> Any:
    key = given.get(name, "")
    found = model.objects.filter(key=key).first() if key else None
    if key and found is None:
        fields[name] = [f"There is no {name.replace('_', ' ')} with this key."]
    return found

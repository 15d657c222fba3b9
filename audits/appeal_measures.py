"""How appeals end and how long they take, by case type; and by group, for those who look after fairness."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from uuid import UUID

from audits import permissions
from audits.models import Appeal, AppealOutcome
from audits.states import AppealState
from cases.models import CaseAttributes
from hitl_platform.kernel.errors import require
from hitl_platform.tenants.actor import Actor
from reviews.quality.intervals import Share, share_of

# a group with fewer answered appeals than this is not told: it would tell of single people
LEAST_TOLD = 5
UNKNOWN = "unknown"
_CHANGED = (AppealOutcome.REVERSED, AppealOutcome.PARTLY)


@dataclass(frozen=True, slots=True)
class AppealMeasure:
    """Of one kind of appeals: `received` ever, how many of the answered were `reversed` (wholly or partly), the
    median time from arrival to answer, and how many were answered in time."""

    name: str
    received: int
    reversed: Share
    time_to_answer: timedelta | None
    in_time: Share


@dataclass(frozen=True, slots=True)
class GroupMeasure:
    """Answered appeals of one group and how many were reversed; None where the group is too small to be told."""

    group: str
    answered: int | None
    reversed: Share | None


def measures_by_case_type() -> list[AppealMeasure]:
    """One row a case type with appeals; in a scope."""
    rows: dict[str, list[tuple[str, str, timedelta | None, bool]]] = {}
    columns = ("case_type__name", "state", "outcome", "received_at", "decided_at", "due_at")
    for name, state, outcome, received_at, decided_at, due_at in Appeal.objects.values_list(*columns).order_by(
        "case_type__name", "id"
    ):
        took = decided_at - received_at if decided_at else None
        rows.setdefault(name, []).append((state, outcome, took, bool(decided_at and decided_at <= due_at)))
    return [_measure(name, each) for name, each in rows.items()]


def reversals_by_group(actor: Actor, *, case_type_id: UUID, attribute: str) -> list[GroupMeasure]:
    """Reversals of answered appeals by one protected attribute; groups below LEAST_TOLD appeals are not told.

    Raises Forbidden for all but those who audit.
    """
    require(permissions.can_audit(actor))
    answered = Appeal.objects.filter(case_type_id=case_type_id, state=AppealState.DECIDED)
    outcomes = dict(answered.values_list("case_id", "outcome"))
    attributes: Mapping[UUID, dict[str, str]] = dict(
        CaseAttributes.objects.filter(case_id__in=outcomes).values_list("case_id", "attributes")
    )
    by_group: dict[str, list[bool]] = {}
    for case_id, outcome in outcomes.items():
        group = str(attributes.get(case_id, {}).get(attribute) or UNKNOWN)
        by_group.setdefault(group, []).append(outcome in _CHANGED)
    return [
        GroupMeasure(group, len(changed), share_of(sum(changed), len(changed)))
        if len(changed) >= LEAST_TOLD
        else GroupMeasure(group, None, None)
        for group, changed in sorted(by_group.items())
    ]


def median_time(times: Sequence[timedelta]) -> timedelta | None:
    """The median of spans of time; None of none."""
    return timedelta(seconds=median(each.total_seconds() for each in times)) if times else None


def _measure(name: str, rows: list[tuple[str, str, timedelta | None, bool]]) -> AppealMeasure:
    answered = [row for row in rows if row[0] == AppealState.DECIDED]
    times = [took for _, _, took, _ in answered if took is not None]
    return AppealMeasure(
        name=name,
        received=len(rows),
        reversed=share_of(sum(outcome in _CHANGED for _, outcome, _, _ in answered), len(answered)),
        time_to_answer=median_time(times),
        in_time=share_of(sum(in_time for _, _, _, in_time in answered), len(answered)),
    )

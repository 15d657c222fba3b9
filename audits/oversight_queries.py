"""Counts of a period's oversight: fixed queries, whatever the period holds."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from audits import appeal_permissions, permissions
from audits.models import Appeal, AppealOutcome
from audits.oversight import Line, median_of, override_lines
from hitl_platform.kernel.errors import require
from hitl_platform.tenants.actor import Actor
from reviews.quality.intervals import share_of

# Judgments whose reviewer saw what the model said when the panel opened.
_ADVISED = """
select said.confidence, judged.label <> said.label,
    judged.first_label is not null and judged.first_label <> said.label,
    judged.first_label is not null and judged.first_label <> said.label and judged.label = said.label
from reviews_judgment judged
join reviews_panel panel on panel.tenant_id = %(tenant)s and panel.id = judged.panel_id
join models_registry_prediction said on said.tenant_id = %(tenant)s and said.id = panel.prediction_id
where judged.tenant_id = %(tenant)s and judged.superseded_at is null and judged.purpose = 'live'
  and judged.judged_at >= %(since)s and judged.judged_at < %(until)s and judged.advice_shown
  and (%(type)s::uuid is null or judged.case_type_id = %(type)s::uuid)
"""
# How often each whole number of seconds at work was, by queue.
_SECONDS = """
select queue.name, greatest(round(judged.active_seconds)::int, 0), count(*)
from reviews_judgment judged
join reviews_panel panel on panel.tenant_id = %(tenant)s and panel.id = judged.panel_id
join reviews_queue queue on queue.tenant_id = %(tenant)s and queue.id = panel.queue_id
where judged.tenant_id = %(tenant)s and judged.superseded_at is null and judged.purpose = 'live'
  and judged.judged_at >= %(since)s and judged.judged_at < %(until)s and judged.active_seconds is not null
  and (%(type)s::uuid is null or judged.case_type_id = %(type)s::uuid)
group by 1, 2
"""
# A decision is automatic where the model made it and nobody had taken a seat on its case before.
_DECIDED = """
select kind.name, decided.made_by, not exists (
        select 1 from reviews_seat seat
        join reviews_panel panel on panel.tenant_id = %(tenant)s and panel.id = seat.panel_id
        where panel.tenant_id = %(tenant)s and panel.case_id = decided.case_id and seat.tenant_id = %(tenant)s
          and coalesce(seat.first_viewed_at, seat.claimed_at) < decided.decided_at
    ) as unseen, count(*)
from cases_decision decided
join cases_case known on known.tenant_id = %(tenant)s and known.id = decided.case_id
join cases_casetype kind on kind.tenant_id = %(tenant)s and kind.id = known.case_type_id
where decided.tenant_id = %(tenant)s and decided.decided_at >= %(since)s and decided.decided_at < %(until)s
  and (%(type)s::uuid is null or known.case_type_id = %(type)s::uuid)
group by 1, 2, 3
"""
# Who judged in the period, and who of them was flagged for work in it.
_FLAGGED = """
select queue.name, count(distinct judged.reviewer_id), count(distinct flag.reviewer_id)
from reviews_judgment judged
join reviews_panel panel on panel.tenant_id = %(tenant)s and panel.id = judged.panel_id
join reviews_queue queue on queue.tenant_id = %(tenant)s and queue.id = panel.queue_id
left join reviews_stampflag flag on flag.tenant_id = %(tenant)s and flag.queue_id = queue.id
    and flag.reviewer_id = judged.reviewer_id and flag.since < %(until)s and flag.until > %(since)s
where judged.tenant_id = %(tenant)s and judged.superseded_at is null and judged.purpose = 'live'
  and judged.judged_at >= %(since)s and judged.judged_at < %(until)s
  and (%(type)s::uuid is null or judged.case_type_id = %(type)s::uuid)
group by 1
"""


@dataclass(frozen=True, slots=True)
class Period:
    """From when (included) to when (not included), of one case type or all."""

    since: datetime
    until: datetime
    case_type_id: UUID | None = None


def oversight_lines(actor: Actor, period: Period) -> list[Line]:
    """Every figure of a period's oversight, in the order of the report. Raises Forbidden."""
    require(permissions.can_audit(actor) or appeal_permissions.can_handle_appeals(actor))
    values: dict[str, Any] = {
        "tenant": actor.tenant_id, "since": period.since, "until": period.until, "type": period.case_type_id
    }  # fmt: skip
    advised = _rows(_ADVISED, values)
    gave_way = share_of(sum(row[3] for row in advised), sum(row[2] for row in advised))
    return [
        *_automation(_rows(_DECIDED, values)),
        *override_lines([(row[0], row[1]) for row in advised]),
        Line("gave_way", "Gave way", "first answers other than the model's", gave_way),
        *_times(_rows(_SECONDS, values)),
        *(
            Line("flagged", "Flagged for not looking", f"reviewers in {queue}", share_of(flagged, judges))
            for queue, judges, flagged in sorted(_rows(_FLAGGED, values))
        ),
        *_appeals(period),
    ]


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _automation(rows: Sequence[tuple[Any, ...]]) -> list[Line]:
    automatic: dict[str, int] = defaultdict(int)
    decided: dict[str, int] = defaultdict(int)
    for name, made_by, unseen, count in rows:
        decided[name] += count
        automatic[name] += count if made_by == "model" and unseen else 0
    whole = share_of(sum(automatic.values()), sum(decided.values()))
    lines = [Line("automation", "Decided automatically", "all decisions", whole)]
    if len(decided) < 2:
        return lines
    return lines + [
        Line("automation_by_case_type", "Decided automatically", name, share_of(automatic[name], count))
        for name, count in sorted(decided.items())
    ]


def _times(rows: Sequence[tuple[Any, ...]]) -> list[Line]:
    by_queue: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    whole: dict[int, int] = defaultdict(int)
    for queue, seconds, count in rows:
        by_queue[queue][seconds] += count
        whole[seconds] += count
    lines = [Line("time", "Time at work", "all judgments", median=median_of(whole))]
    return lines + [
        Line("time_by_queue", "Time at work", f"judgments in {queue}", median=median_of(counts))
        for queue, counts in sorted(by_queue.items())
    ]


def _appeals(period: Period) -> list[Line]:
    answered = Appeal.objects.filter(decided_at__gte=period.since, decided_at__lt=period.until)
    if period.case_type_id is not None:
        answered = answered.filter(case_type_id=period.case_type_id)
    outcomes = list(answered.values_list("outcome", "received_at", "decided_at"))
    changed = sum(outcome != AppealOutcome.UPHELD for outcome, _, _ in outcomes)
    took: dict[int, int] = defaultdict(int)
    for _, received_at, decided_at in outcomes:
        if decided_at is not None:
            took[int((decided_at - received_at).total_seconds())] += 1
    return [
        Line("appeals_reversed", "Appeals reversed", "answered appeals", share_of(changed, len(outcomes))),
        Line("appeals_time", "Time to answer an appeal", "answered appeals", median=median_of(took)),
    ]

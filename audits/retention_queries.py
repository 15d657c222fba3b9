"""Reads of rules of retention, holds and runs, always for an actor; and which cases a rule would let go."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from audits import retention_permissions
from audits.models import LegalHold, RetentionRule, RetentionRun
from audits.retention import months_before
from cases.models import Case
from cases.queries import visible_cases
from hitl_platform.kernel.errors import Invalid, NotFound
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership

# Why a case stays although its time is over, or somebody asks for its erasure.
_STAYS = """
        when exists (select 1 from audits_legalhold hold where hold.tenant_id = %(tenant)s and hold.case_id = due.id
            and hold.lifted_at is null) then 'hold'
        when exists (select 1 from audits_appeal appeal where appeal.tenant_id = %(tenant)s
            and appeal.case_id = due.id and appeal.state not in ('decided', 'withdrawn')) then 'appeal'
        when exists (select 1 from reviews_golditem item where item.tenant_id = %(tenant)s
            and item.known_case_id = due.id and item.state <> 'retired') then 'gold'
        when exists (select 1 from reviews_panel panel where panel.tenant_id = %(tenant)s
            and panel.case_id = due.id and panel.state in ('open', 'disputed')) then 'in_hand'
"""
# No index knows when a case was closed: decided cases are most cases, and this reads them once a day.
_DUE = f"""
with closed as materialized (
    select known.id, known.external_id, known.reduced_at, known.erased_at, known.state,
        case known.state when 'decided' then known.decided_at else known.withdrawn_at end as closed_at
    from cases_case known
    where known.tenant_id = %(tenant)s and known.case_type_id = %(case_type)s and known.id > %(after)s
      and known.state in ('decided', 'withdrawn') and known.erased_at is null
      and (%(among)s::uuid[] is null or known.id = any(%(among)s::uuid[]))
)
select due.id, due.external_id, due.closed_at,
    case when due.closed_at <= %(erase_before)s then 'erase' else 'reduce' end,
    case
        {_STAYS}
        else ''
    end
from closed due
where due.closed_at <= %(erase_before)s or (due.closed_at <= %(reduce_before)s and due.reduced_at is null)
order by due.id limit %(most)s
"""  # noqa: S608 - made of this file's own constants
_KEPT_BACK = f"""
select due.id,
    case
        when due.erased_at is not null then 'erased'
        when due.state not in ('decided', 'withdrawn') then 'open'
        {_STAYS}
    end
from cases_case due where due.tenant_id = %(tenant)s and due.id = any(%(cases)s)
"""  # noqa: S608 - made of this file's own constants
KEPT_BECAUSE = {
    "hold": "under legal hold",
    "appeal": "under appeal",
    "gold": "known case of a queue: retire it there first",
    "in_hand": "judged once more just now",
}
_NOT_CLOSED = {"erased": "erased already", "open": "open still: withdrawn first"}
MOST_NAMED = 501
_UUID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_NOWHERE = UUID(int=0)
# what one dry run counts and one real run plans; the rest follows the day after
MOST_PLANNED = 50_000


@dataclass(frozen=True, slots=True)
class Due:
    """A case whose time is over: what the rule does with it (`erase`, `reduce`), or why it stays after all."""

    case_id: UUID
    external_id: str
    closed_at: datetime
    what: str
    kept_because: str

    @property
    def because(self) -> str:
        """Why it stays, in words."""
        return KEPT_BECAUSE.get(self.kept_because, "")


def visible_rules(actor: Actor) -> QuerySet[RetentionRule]:
    """Rules with their case types, by case type, newest version first."""
    rules = RetentionRule.objects.select_related("case_type").order_by("case_type__key", "-version")
    return rules if retention_permissions.can_keep(actor) else rules.none()


def get_rule(actor: Actor, rule_id: UUID, *, lock: bool = False) -> RetentionRule:
    """One rule, or NotFound."""
    found = visible_rules(actor).filter(pk=rule_id)
    rule = (found.select_for_update(no_key=True, of=("self",)) if lock else found).first()
    if rule is None:
        raise NotFound
    return rule


def visible_holds(actor: Actor) -> QuerySet[LegalHold]:
    """Holds with their cases, newest first."""
    holds = LegalHold.objects.select_related("case__case_type").order_by("-id")
    return holds if retention_permissions.can_keep(actor) else holds.none()


def visible_runs(actor: Actor) -> QuerySet[RetentionRun]:
    """Runs with their rules, newest first."""
    runs = RetentionRun.objects.select_related("rule__case_type").order_by("-id")
    return runs if retention_permissions.can_keep(actor) else runs.none()


def held_cases(case_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the cases that are under a legal hold now. In a scope."""
    holds = LegalHold.objects.filter(case_id__in=case_ids, lifted_at__isnull=True)
    return set(holds.values_list("case_id", flat=True))


def due_cases(
    rule: RetentionRule,
    *,
    at: datetime,
    after: UUID = _NOWHERE,
    most: int = MOST_PLANNED,
    among: Sequence[UUID] | None = None,
) -> list[Due]:
    """The closed cases whose time under `rule` is over at `at`, oldest first, those that stay after all included.

    `after` is where an earlier page ended; `among` asks about these cases alone. In a scope.
    """
    values: dict[str, Any] = {
        "tenant": rule.tenant_id,
        "case_type": rule.case_type_id,
        "after": after,
        "among": None if among is None else list(among),
        "erase_before": _before(at, rule.erase_after_months),
        "reduce_before": _before(at, rule.reduce_after_months),
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DUE, values)
        return [Due(*row) for row in cursor.fetchall()]


def counted(due: Sequence[Due]) -> dict[str, int]:
    """How many cases would be erased and reduced, and how many stay for which reason."""
    counts = Counter(each.kept_because or each.what for each in due)
    return {name: counts[name] for name in ("erase", "reduce", *KEPT_BECAUSE)}


def _before(at: datetime, months: int | None) -> datetime | None:
    return None if months is None else months_before(at, months=months)


def kept_back(actor: Actor, case_ids: Sequence[UUID]) -> dict[str, list[UUID]]:
    """Why cases cannot be erased now, in words, and which; empty where all can."""
    with connection.cursor() as cursor:
        cursor.execute(_KEPT_BACK, {"tenant": actor.tenant_id, "cases": list(case_ids)})
        found: dict[str, list[UUID]] = {}
        for case_id, why in cursor.fetchall():
            if why is None:
                continue
            found.setdefault({**KEPT_BECAUSE, **_NOT_CLOSED}[why], []).append(case_id)
    return found


def named_cases(actor: Actor, name: str, *, by: str = "case") -> list[Case]:
    """The case of this id or reference, or `by` "subject" all about one; raises Invalid where that is not plain."""
    cases, name = visible_cases(actor).select_related("case_type"), name.strip()
    if by == "subject":
        found = list(cases.filter(subject_ref=name).exclude(subject_ref="")[:MOST_NAMED])
    else:
        wanted = Q(pk=UUID(name)) if _UUID.fullmatch(name) else Q(external_id=name)
        found = list(cases.filter(wanted)[:2])
    reasons = {0: "There is no such case." if by == "case" else "No case is about this subject."}
    if by == "case":
        reasons[2] = "Cases of two types have this reference: give the id."
    if len(found) in reasons:
        raise Invalid(reasons[len(found)], fields={by: [reasons[len(found)]]})
    return found


def former_member(actor: Actor, address: str) -> Membership:
    """The membership of somebody who has left, by address; raises Invalid where there is none."""
    left = Membership.objects.select_related("user").filter(user__email__iexact=address.strip(), is_active=False)
    member = left.first() if retention_permissions.can_keep(actor) else None
    if member is None:
        raise Invalid("Nobody of this address has left.", fields={"which": ["An owner ends a membership first."]})
    return member

"""Reads of staffing: what is known of a person before a claim, why a queue gives them nothing, who may take a seat."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from cases.models import CaseFacet
from hitl_platform.kernel.bound_cursor import bound_cursor, long_cursor
from hitl_platform.kernel.errors import NotFound
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership
from reviews import claim_statements, permissions, queries, statements, waiting_statements
from reviews.models import Absence, ConflictOfInterest, InterestKind, Purpose, Queue, QueueUserPermission, Seat
from reviews.states import SeatState

# A share of a day's work binds only from here on: of the first few cases anybody's share is large.
SHARE_BINDS_FROM = 10
_FACTS_OF_QUEUE = f"""
select {claim_statements.FACTS} from reviews_queue queue {claim_statements.FACTS_FROM}
where queue.tenant_id = %(tenant)s and queue.id = %(queue)s
"""  # noqa: S608 - made of constants
_FACTS_OF_QUEUES = f"""
select queue.id, {claim_statements.FACTS} from reviews_queue queue {claim_statements.FACTS_FROM}
where queue.tenant_id = %(tenant)s and queue.id = any(%(queues)s::uuid[])
"""  # noqa: S608 - made of constants
_QUEUE_AND_FACTS = statements.QUEUE.format(
    queue=queries.QUEUE_COLUMNS, facts="," + claim_statements.FACTS, beside=claim_statements.FACTS_FROM
)
_QUEUE_TO_CLAIM = statements.QUEUE.format(
    queue=queries.QUEUE_COLUMNS,
    facts=f", {statements.ONE_CLAIM_AT_A_TIME}, {claim_statements.FACTS}",
    beside=claim_statements.FACTS_FROM,
)
# A seat in hand is reserved for its holder or for nobody. A hidden one is handed on like any other, to a stranger to
# its case: what could be handed to no one would be known for what it is.
_IS_TAKEABLE = f"""
select seat.skills <@ %(skills)s::text[]
    and not {claim_statements.OWN} and not {claim_statements.JUDGED} and not {claim_statements.SKIPPED}
    and not {claim_statements.CONFLICTED_SEAT} and {claim_statements.CROWDED} is not true
    and (seat.purpose = 'live' or not exists (
        select 1 from reviews_panel panel
        join reviews_seat sat on sat.tenant_id = %(tenant)s and sat.panel_id = panel.id
        where panel.tenant_id = %(tenant)s and panel.case_id = seat.case_id and sat.reviewer_id = %(me)s
          and sat.id <> seat.id
    ))
from reviews_seat seat
where seat.tenant_id = %(tenant)s and seat.id = %(seat)s
"""  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class ReviewerFacts:
    """What a claim asks of a person once.

    `skills` are "skill:level" for every level up to one's own, unexpired. `capped` and `paused` are words, empty
    where neither is so. `taken` counts the seats ever handed out in this queue. `conflicted` says that some case
    might be in conflict with the person, so that each seat is asked.
    """

    skills: list[str]
    team: str
    group: str
    capped: str
    paused: str
    absent_until: datetime | None
    taken: int
    conflicted: bool
    in_hand: bool

    @property
    def absent(self) -> bool:
        """Whether an absence of the person runs now."""
        return self.absent_until is not None

    @property
    def stopped(self) -> bool:
        """Whether nothing new goes to the person in this queue, whatever waits."""
        return bool(self.absent or self.paused or self.capped)

    @property
    def parameters(self) -> dict[str, Any]:
        """What `claim_statements.TAKEABLE` asks."""
        return {"skills": self.skills, "team": self.team, "group": self.group, "conflicted": self.conflicted}


@dataclass(frozen=True, slots=True)
class EmptyReasons:
    """Why nothing in a queue can go to this person now; all zero where the queue has no open seat.

    Counts stop at MOST_COUNTED. `missing_skills` are those that the seats `outside_skills` ask for. `skipped_until`
    is when the first of the seats `skipped` is offered again. `capped`, `paused` and `absent_until` hold for the
    queue as a whole, `over_cap` counts what would be theirs without a cap.
    """

    leased_by_others: int = 0
    held_by_others: int = 0
    already_judged: int = 0
    own_cases: int = 0
    conflicts: int = 0
    skipped: int = 0
    reserved_for_others: int = 0
    of_your_team: int = 0
    outside_skills: int = 0
    over_cap: int = 0
    for_adjudicators: int = 0
    for_reviewers: int = 0
    missing_skills: Sequence[str] = ()
    skipped_until: datetime | None = None
    capped: str = ""
    paused: str = ""
    absent_until: datetime | None = None


def reviewer_facts(actor: Actor, queue: Queue) -> ReviewerFacts:
    """What is known of a person before a claim in a queue: one statement."""
    with bound_cursor() as cursor:
        cursor.execute(_FACTS_OF_QUEUE, {"tenant": actor.tenant_id, "me": actor.id, "queue": queue.pk})
        return _facts(cursor.fetchone())


def stopped_in(actor: Actor, queue_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those of these queues in which nothing new goes to the person, whatever waits: one statement."""
    with bound_cursor() as cursor:
        cursor.execute(_FACTS_OF_QUEUES, {"tenant": actor.tenant_id, "me": actor.id, "queues": list(queue_ids)})
        return frozenset(row[0] for row in cursor.fetchall() if _facts(row[1:]).stopped)


def queue_and_facts(actor: Actor, key: str, *, one_claim_at_a_time: bool = False) -> tuple[Queue, ReviewerFacts]:
    """One visible queue with the actor's facts in it, or NotFound.

    With `one_claim_at_a_time` the claims of one person wait for each other here, until the transaction ends:
    two tabs are one lease.
    """
    asked: dict[str, Any] = {"tenant": actor.tenant_id, "me": actor.id, "key": key}
    if one_claim_at_a_time:
        asked["line"] = claim_line(actor.tenant_id, actor.id)
    with long_cursor() as cursor:
        cursor.execute(_QUEUE_TO_CLAIM if one_claim_at_a_time else _QUEUE_AND_FACTS, asked)
        queue, beside = queries.queue_of(actor, cursor.fetchone())
    return queue, _facts(beside[1:] if one_claim_at_a_time else beside)


def stand_in_line(tenant_id: UUID, user_id: UUID) -> None:
    """Wait for a person's claims, absences and what is handed to them, and have later ones wait, until the end."""
    with bound_cursor() as cursor:
        line = {"line": claim_line(tenant_id, user_id)}
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%(line)s, 0))", line)


def claim_line(tenant_id: UUID, user_id: UUID) -> str:
    """What the claims of one person, and whatever takes their seats from them, wait in line for."""
    return f"claim:{tenant_id}:{user_id}"


def empty_reasons(actor: Actor, queue: Queue) -> EmptyReasons:
    """Why a claim finds nothing for this person: two statements of bounded cost."""
    facts = reviewer_facts(actor, queue)
    with connection.cursor() as cursor:
        cursor.execute(
            waiting_statements.EMPTY_REASONS,
            {
                "tenant": actor.tenant_id,
                "me": actor.id,
                "queue": queue.pk,
                "kinds": permissions.kinds_for(actor),
                "most": queries.MOST_COUNTED,
            },
        )
        leased, held, told, outside, missing, skipped_until = cursor.fetchone()
    counts: dict[str, int] = orjson.loads(told)
    takeable = counts.pop("takeable", 0)
    return EmptyReasons(
        leased_by_others=leased,
        held_by_others=held,
        outside_skills=outside,
        missing_skills=tuple(_outermost(missing)),
        skipped_until=skipped_until,
        over_cap=takeable if facts.capped else 0,
        capped=facts.capped,
        paused=facts.paused,
        absent_until=facts.absent_until,
        **counts,
    )


def is_takeable(actor: Actor, seat: Seat, facts: ReviewerFacts) -> bool:
    """Whether a claim would give this seat to this person, were it open and reserved for nobody else."""
    with bound_cursor() as cursor:
        asked = {"tenant": actor.tenant_id, "me": actor.id, "seat": seat.pk}
        cursor.execute(_IS_TAKEABLE, asked | facts.parameters)
        return bool(cursor.fetchone()[0])


def reviewer_of(actor: Actor, user_id: UUID) -> Actor:
    """A member of the actor's tenant as who they would be at the door; NotFound for a stranger or one who left."""
    member = Membership.objects.filter(user_id=user_id, is_active=True, user__is_active=True).first()
    if member is None:
        raise NotFound
    return Actor("user", user_id, actor.tenant_id, roles=frozenset(member.roles))


def granted_to(user_id: UUID, queue_id: UUID) -> frozenset[str]:
    """What somebody else was granted on a queue."""
    given = QueueUserPermission.objects.filter(user_id=user_id, content_object_id=queue_id)
    return frozenset(given.values_list("permission__codename", flat=True))


def visible_absences(actor: Actor) -> QuerySet[Absence]:
    """A person's own absences, or everybody's for managers; newest first."""
    absences = Absence.objects.order_by("-id")
    return absences if permissions.can_staff(actor) else absences.filter(user_id=actor.id)


def visible_conflicts(actor: Actor) -> QuerySet[ConflictOfInterest]:
    """A person's own declared conflicts of interest, or everybody's for managers; newest first."""
    conflicts = ConflictOfInterest.objects.order_by("-id")
    return conflicts if permissions.can_staff(actor) else conflicts.filter(user_id=actor.id)


def held_by(user_id: UUID) -> int:
    """How many seats are in a person's hands, or reserved for them: what goes back when an absence begins."""
    held = Q(reviewer_id=user_id, state__in=queries.IN_HAND)
    reserved = Q(reserved_for=user_id, state=SeatState.OPEN, purpose=Purpose.LIVE)
    return Seat.objects.filter(held | reserved).count()


def held_near(user_id: UUID, *, kind: str, about: str, facet_key: str) -> int:
    """How many seats in a person's hands would go back, were this conflict of interest declared."""
    held = Seat.objects.filter(reviewer_id=user_id, state__in=queries.IN_HAND)
    if kind == InterestKind.SUBJECT:
        return held.filter(case__subject_ref=about).count()
    if kind == InterestKind.PARTY:
        named = CaseFacet.objects.filter(case_id=OuterRef("case_id"), key=facet_key, text_value=about)
        return held.filter(Exists(named)).count()
    try:
        person = UUID(about)
    except ValueError:
        return 0
    return held.filter(Q(submitter_id=person) | Q(subject_user_id=person)).count()


def get_absence(actor: Actor, absence_id: UUID) -> Absence:
    """One absence, for whom it concerns and for managers; NotFound for others. Locked."""
    absence = Absence.objects.select_for_update(no_key=True).filter(pk=absence_id).first()
    if absence is None or not (absence.user_id == actor.id or permissions.can_staff(actor)):
        raise NotFound
    return absence


def get_conflict(actor: Actor, conflict_id: UUID) -> ConflictOfInterest:
    """One declared conflict of interest, for whom it concerns and for managers; NotFound for others. Locked."""
    conflict = ConflictOfInterest.objects.select_for_update(no_key=True).filter(pk=conflict_id).first()
    if conflict is None or not (conflict.user_id == actor.id or permissions.can_staff(actor)):
        raise NotFound
    return conflict


def _facts(row: Sequence[Any]) -> ReviewerFacts:
    skills, team, group, day_cap, day_share, cap, share, today, taken, here, of_queue, until, pause, *flags = row
    conflicted, in_hand = flags
    capped = ""
    if day_cap is not None and today >= day_cap:
        capped = f"You have had the {_cases(day_cap)} that one day may bring you."
    elif cap is not None and here >= cap:
        capped = f"You have had the {_cases(cap)} of this queue that one day may bring you."
    elif over_share(here, of_queue or 0, min((each for each in (day_share, share) if each is not None), default=1.0)):
        capped = "You have had your share of what this queue handed out today."
    return ReviewerFacts(
        skills, team or "", group or "", capped, pause or "", until, taken, conflicted=conflicted, in_hand=in_hand
    )


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases"


def over_share(mine: int, handed_out: int, share: float) -> bool:
    """Whether one case more would be more than a share of what a queue hands out in a day."""
    return share < 1 and mine >= max(SHARE_BINDS_FROM, math.ceil(share * (handed_out + 1)))


def _outermost(skills: Sequence[str]) -> list[str]:
    """Of each skill the lowest level that is missing, in words."""
    least: dict[str, int] = {}
    for each in skills:
        name, _, level = each.rpartition(":")
        least[name] = min(least.get(name, 9), int(level))
    return [f"{name} (level {level})" for name, level in sorted(least.items())]

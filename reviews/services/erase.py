"""Letting go of what people wrote of cases. Who judged what, and when, stays.

Writes inside an open command of a floor above, which knows whether a case may go and records it.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from hitl_platform.tenants.actor import Actor

_PANELS = "select id from reviews_panel where tenant_id = %(tenant)s and case_id = any(%(cases)s)"
_OF_PANELS = (
    """update reviews_judgment set rationale = '', evidence = '[]'
        where tenant_id = %(tenant)s and panel_id = any(%(panels)s)""",
    """delete from reviews_seatdraft where tenant_id = %(tenant)s and seat_id in (
        select id from reviews_seat where tenant_id = %(tenant)s and panel_id = any(%(panels)s))""",
    "delete from reviews_casecomment where tenant_id = %(tenant)s and panel_id = any(%(panels)s)",
    """update reviews_seat set subject_user_id = null, priority_cause = ''
        where tenant_id = %(tenant)s and panel_id = any(%(panels)s)""",
    "update reviews_panelpause set why = '' where tenant_id = %(tenant)s and panel_id = any(%(panels)s)",
    "update reviews_seatskip set reason = '' where tenant_id = %(tenant)s and panel_id = any(%(panels)s)",
    "update reviews_slaclock set because = '[]' where tenant_id = %(tenant)s and panel_id = any(%(panels)s)",
    "update reviews_escalation set facts = '{}', why = '' where tenant_id = %(tenant)s and panel_id = any(%(panels)s)",
    """update reviews_goldcontest set reason = '', answer = '' where tenant_id = %(tenant)s and judgment_id in (
        select id from reviews_judgment where tenant_id = %(tenant)s and panel_id = any(%(panels)s))""",
)
_OF_CASES = (
    "update reviews_panel set plea = '' where tenant_id = %(tenant)s and case_id = any(%(cases)s) and plea <> ''",
    "update reviews_golditem set why = '' where tenant_id = %(tenant)s and known_case_id = any(%(cases)s)",
    # conditions tell the values that decided, in words
    "update reviews_routingrecord set conditions = '[]' where tenant_id = %(tenant)s and case_id = any(%(cases)s)",
)
_NEAR = """
update reviews_conflictofinterest set about = 'erased-' || id, note = '', lifted_at = coalesce(lifted_at, now())
where tenant_id = %(tenant)s and kind = 'subject' and about = any(%(subjects)s) returning id
"""
_LEFT = (
    "update reviews_absence set note = '' where tenant_id = %(tenant)s and user_id = %(user)s returning id",
    """update reviews_conflictofinterest set about = 'erased-' || id, note = '', lifted_at = coalesce(lifted_at, now())
        where tenant_id = %(tenant)s and user_id = %(user)s returning id""",
    """update reviews_stampflag set answer = '', conclusion = ''
        where tenant_id = %(tenant)s and reviewer_id = %(user)s and closed_at is not null returning id""",
)


def forget_words(*, actor: Actor, case_ids: Sequence[UUID]) -> None:
    """Erase rationale, marks, drafts, comments and reasons that people wrote of these cases."""
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"tenant": actor.tenant_id, "cases": list(case_ids)}
        cursor.execute(_PANELS, values)
        values["panels"] = [row[0] for row in cursor.fetchall()]
        for statement in (*_OF_PANELS, *_OF_CASES) if values["panels"] else _OF_CASES:
            cursor.execute(statement, values)


def forget_subjects(*, actor: Actor, subject_refs: Sequence[str]) -> list[UUID]:
    """End the conflicts of interest that name these subjects; answers them."""
    with connection.cursor() as cursor:
        cursor.execute(_NEAR, {"tenant": actor.tenant_id, "subjects": list(subject_refs)})
        return [row[0] for row in cursor.fetchall()]


def forget_member(*, actor: Actor, user_id: UUID) -> list[UUID]:
    """Erase what is told of somebody who has left: notes of absences, conflicts, closed flags; answers these rows."""
    gone: list[UUID] = []
    with connection.cursor() as cursor:
        for statement in _LEFT:
            cursor.execute(statement, {"tenant": actor.tenant_id, "user": user_id})
            gone += [row[0] for row in cursor.fetchall()]
    return gone

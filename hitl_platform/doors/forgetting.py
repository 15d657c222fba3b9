"""Letting go of kept answers that name a case."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from hitl_platform.tenants.actor import Actor

# one pass over what is kept for three days, however many cases there are
_FORGET = """
delete from doors_idempotencyrecord
where tenant_id = %s and (created_at < now() - interval '72 hours' or convert_from(body, 'UTF8') ~ %s)
"""


def forget_answers(*, actor: Actor, case_ids: Sequence[UUID]) -> int:
    """Delete the answers under an `Idempotency-Key` that name these cases, and those past their time. In a command."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [actor.tenant_id, "|".join(map(str, case_ids))])
        return int(cursor.rowcount)

"""Letting go of what cases say: a part of it, or all. Their rows, their decisions and their events stay.

These write inside an open command of a floor above, which knows whether a case may go and records it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from cases.models import EvidenceFile
from cases.states import EVIDENCE_FILE, FileState
from hitl_platform.pipeline.services import NewStep, enqueue_many
from hitl_platform.tenants.actor import Actor

# in the order of ids, as every statement that locks cases
_LOCK = """
select id, subject_ref from cases_case
where tenant_id = %(tenant)s and id = any(%(cases)s) and state in ('decided', 'withdrawn') and erased_at is null
order by id for no key update
"""
_ERASE = (
    """
    update cases_case set external_id = 'erased-' || id, subject_ref = '', subject_user_id = null,
        reduced_at = coalesce(reduced_at, %(now)s), erased_at = %(now)s, event_ids = event_ids || %(event)s::uuid
    where tenant_id = %(tenant)s and id = any(%(cases)s)
    """,
    """
    update cases_casepayload set payload = '{}', salt = '' where tenant_id = %(tenant)s and case_id = any(%(cases)s)
    """,
    "delete from cases_caseattributes where tenant_id = %(tenant)s and case_id = any(%(cases)s)",
    "delete from cases_casefacet where tenant_id = %(tenant)s and case_id = any(%(cases)s)",
    "update cases_outcome set source = '' where tenant_id = %(tenant)s and case_id = any(%(cases)s)",
)
# the salt goes as well: with it, the digest in the ledger would tell a short field that is gone to whoever guesses
_REDUCE = (
    """
    update cases_case set reduced_at = %(now)s, event_ids = event_ids || %(event)s::uuid
    where tenant_id = %(tenant)s and id = any(%(cases)s)
    """,
    """
    update cases_casepayload set salt = '', payload = (
        select coalesce(jsonb_object_agg(part.key, part.value), '{}') from jsonb_each(payload) part
        where part.key = any(%(fields)s)
    ) where tenant_id = %(tenant)s and case_id = any(%(cases)s)
    """,
    """
    update cases_caseattributes set attributes = (
        select coalesce(jsonb_object_agg(part.key, part.value), '{}') from jsonb_each(attributes) part
        where part.key = any(%(attributes)s)
    ) where tenant_id = %(tenant)s and case_id = any(%(cases)s)
    """,
    """
    delete from cases_caseattributes
    where tenant_id = %(tenant)s and case_id = any(%(cases)s) and attributes = '{}'
    """,
    """
    delete from cases_casefacet
    where tenant_id = %(tenant)s and case_id = any(%(cases)s) and key <> all(%(fields)s)
    """,
    "update cases_outcome set source = '' where tenant_id = %(tenant)s and case_id = any(%(cases)s)",
)
_LOSING = """
select told.case_id from cases_caseattributes told
where told.tenant_id = %(tenant)s and told.case_id = any(%(cases)s)
  and exists (select 1 from jsonb_object_keys(told.attributes) name where name <> all(%(attributes)s))
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays of a case that is reduced: top-level fields of its payload, and protected attributes."""

    fields: Sequence[str] = ()
    attributes: Sequence[str] = ()


def lock_closed(*, actor: Actor, case_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Lock those of the cases that are closed and not yet erased; answers their subjects."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, {"tenant": actor.tenant_id, "cases": list(case_ids)})
        return dict(cursor.fetchall())


def losing_attributes(*, actor: Actor, case_ids: Sequence[UUID], kept: Kept) -> list[UUID]:
    """Those of the cases that have a protected attribute which is not kept."""
    values: dict[str, Any] = {"tenant": actor.tenant_id, "cases": list(case_ids), "attributes": list(kept.attributes)}
    with connection.cursor() as cursor:
        cursor.execute(_LOSING, values)
        return [row[0] for row in cursor.fetchall()]


def erase_contents(*, actor: Actor, case_ids: Sequence[UUID], event_id: UUID) -> int:
    """Erase payloads, attributes, facets, references and files of locked cases; answers how many files went."""
    _run(_ERASE, actor, case_ids, event_id)
    return _erase_files(actor, case_ids)


def reduce_contents(*, actor: Actor, case_ids: Sequence[UUID], event_id: UUID, kept: Kept) -> int:
    """Reduce payloads, attributes and facets of locked cases to what is kept, and erase their files."""
    _run(_REDUCE, actor, case_ids, event_id, fields=list(kept.fields), attributes=list(kept.attributes))
    return _erase_files(actor, case_ids)


def _run(statements: Sequence[str], actor: Actor, case_ids: Sequence[UUID], event_id: UUID, **more: Any) -> None:
    values = {"tenant": actor.tenant_id, "cases": list(case_ids), "event": event_id, "now": timezone.now(), **more}
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, values)


def _erase_files(actor: Actor, case_ids: Sequence[UUID]) -> int:
    """What is known of the files goes now, their bytes by the steps that this leaves."""
    files = EvidenceFile.objects.filter(case_id__in=case_ids, state__in=EVIDENCE_FILE.sources("erase"))
    gone = list(files.select_for_update(no_key=True).order_by("pk").values_list("pk", "case_id", "storage_key"))
    EvidenceFile.objects.filter(pk__in=[pk for pk, _, _ in gone]).update(
        state=FileState.ERASED, name="", source_url="", problem="", sha256=None, erased_at=timezone.now()
    )
    shredded = [NewStep(pk, (case_id,)) for pk, case_id, key in gone if key is not None]
    enqueue_many("shred_file", tenant_id=actor.tenant_id, rows=shredded)
    return len(gone)

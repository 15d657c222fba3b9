"""Reads of case types, cases, decisions and outcomes, always for an actor."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from django.db.models import F, Prefetch, QuerySet

from cases import permissions
from cases.layouts import File
from cases.models import Case, CaseType, CaseTypeVersion, Decision, EvidenceFile, Outcome
from cases.states import FileState
from hitl_platform.kernel.bound_cursor import chunk_cursor
from hitl_platform.kernel.errors import NotFound
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import current_tenant_id

# far more files than a case may have: a number in an address must fit the database's
MOST_NUMBERED = 100_000

_PAYLOADS = """
select asked.id, stored.payload from unnest(%(cases)b::uuid[]) as asked (id)
cross join lateral (
    select payload::text from cases_casepayload where tenant_id = %(tenant)s and case_id = asked.id offset 0
) stored
"""


def visible_case_types(actor: Actor) -> QuerySet[CaseType]:
    """The tenant's case types: everybody in it may know them."""
    return CaseType.objects.all()


def get_case_type(actor: Actor, key: str, *, lock: bool = False) -> CaseType:
    """The case type with this key, or NotFound."""
    found = visible_case_types(actor).filter(key=key)
    case_type = (found.select_for_update(no_key=True) if lock else found).first()
    if case_type is None:
        raise NotFound
    return case_type


def get_current_version(actor: Actor, key: str) -> CaseTypeVersion:
    """The version in force of the case type with this key, its `case_type` loaded, or NotFound."""
    found = CaseTypeVersion.objects.select_related("case_type").filter(
        case_type__key=key, id=F("case_type__current_version_id")
    )
    version = found.first()
    if version is None:
        raise NotFound
    return version


def visible_cases(actor: Actor) -> QuerySet[Case]:
    """The cases that the actor may list, newest first."""
    cases = Case.objects.order_by("-id")
    return cases if permissions.can_read_cases(actor) else cases.none()


def get_case(actor: Actor, case_id: UUID, *, lock: bool = False) -> Case:
    """One visible case, or NotFound. To be written to (`lock`) it need not be the actor's to read."""
    if lock and permissions.can_name_cases(actor):
        case = Case.objects.filter(pk=case_id).select_for_update(no_key=True).first()
    else:
        case = visible_cases(actor).filter(pk=case_id).first()
    if case is None:
        raise NotFound
    return case


def get_full_case(actor: Actor, case_id: UUID) -> Case:
    """One visible case with its payload, decisions and outcomes loaded, or NotFound."""
    decisions = Decision.objects.select_related("case__case_type").order_by("sequence")
    case = (
        visible_cases(actor)
        .select_related("case_type", "type_version", "stored_payload")
        .prefetch_related(Prefetch("decisions", decisions), Prefetch("outcomes", Outcome.objects.order_by("id")))
        .filter(pk=case_id)
        .first()
    )
    if case is None:
        raise NotFound
    return case


def payloads(case_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """The payloads of cases, by case: for steps, inside a scope."""
    with chunk_cursor() as cursor:
        cursor.execute(_PAYLOADS, {"tenant": current_tenant_id(), "cases": list(case_ids)})
        return {case_id: orjson.loads(payload) for case_id, payload in cursor.fetchall()}


def visible_decisions(actor: Actor) -> QuerySet[Decision]:
    """The decisions that the actor may list, newest first."""
    decisions = Decision.objects.select_related("case__case_type").order_by("-id")
    return decisions if permissions.can_read_cases(actor) else decisions.none()


def decisions_of(case: Case) -> QuerySet[Decision]:
    """A case's decisions, first to last."""
    return Decision.objects.select_related("case__case_type").filter(case=case).order_by("sequence")


def outcomes_of(case: Case) -> QuerySet[Outcome]:
    """A case's outcomes, first to last; the last one stands."""
    return Outcome.objects.filter(case=case).order_by("id")


def files_of(case: Case) -> QuerySet[EvidenceFile]:
    """The evidence files of a case that are there or on their way, or were refused; not those that were erased."""
    return EvidenceFile.objects.filter(case=case).exclude(state=FileState.ERASED).order_by("id")


def get_file(actor: Actor, file_id: UUID, *, lock: bool = False) -> EvidenceFile:
    """One evidence file of a case that the actor may read, or NotFound."""
    files = EvidenceFile.objects.filter(pk=file_id)
    file = (files.select_for_update(no_key=True) if lock else files).first()
    if file is None or not permissions.can_read_cases(actor):
        raise NotFound
    return file


def shown_files(case_id: UUID, *, seat_id: UUID | None = None) -> dict[str, File]:
    """The stored files of a case by name, for `layouts.lay_out`; whoever shows them has asked who may see the case.

    With `seat_id` each has an address of that seat, which tells nothing of the case: a file's id holds the time at
    which it came, and a case that comes again would be known by it.
    """
    files = EvidenceFile.objects.filter(case_id=case_id).order_by("id")
    return {
        file.name: File(file.name, f"/files/{seat_id}/{number}" if seat_id else file_address(file.pk), file.media_type)
        for number, file in enumerate(files, 1)
        if file.state == FileState.STORED
    }


def numbered_file(case_id: UUID, number: int) -> EvidenceFile | None:
    """The stored file of a case with this number of `shown_files`, if there is one."""
    if not 1 <= number <= MOST_NUMBERED:
        return None
    file = EvidenceFile.objects.filter(case_id=case_id).order_by("id")[number - 1 : number].first()
    return file if file is not None and file.state == FileState.STORED else None


def file_address(file_id: UUID) -> str:
    """Where the bytes of a file are served to those who read cases."""
    return f"/files/{file_id}"

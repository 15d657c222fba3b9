"""Bringing cases in. One case or a thousand: the same statements, one round trip each."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from cases import permissions, queries
from cases.models import Case, CaseTypeVersion
from cases.payloads import payload_digest
from cases.submissions import FacetValue, Submission, intake_of, read_submission
from hitl_platform.kernel.bound_cursor import chunk_cursor
from hitl_platform.kernel.errors import Conflict, Invalid, NotFound, require
from hitl_platform.kernel.ids import uuid7, uuid7s
from hitl_platform.ledger.commands import command, record_batch
from hitl_platform.pipeline.services import enqueue
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership

SALT_BYTES = 16

# a case that is there already is left alone: who submits a thing twice asks for it once
_INSERT_CASES = """
insert into cases_case (tenant_id, case_type_id, type_version_id, state, priority, submitter_id, created_at, event_ids,
    id, external_id, importance, due_at, subject_user_id, subject_ref)
select %(tenant)s, %(case_type)s, %(version)s, 'received', 0, %(submitter)s, %(now)s, array[%(event)s::uuid], each.*
from unnest(%(ids)b::uuid[], %(external_ids)b::text[], %(importances)b::float8[], %(dues)b::timestamptz[],
    %(subjects)b::uuid[], %(refs)b::text[]) each
on conflict on constraint no_case_submitted_twice do nothing
returning id
"""
_INSERT_PAYLOADS = """
insert into cases_casepayload (tenant_id, case_id, payload, salt)
select %s, case_id, payload::jsonb, salt
from unnest(%b::uuid[], %b::text[], %b::bytea[]) as each (case_id, payload, salt)
"""
_INSERT_ATTRIBUTES = """
insert into cases_caseattributes (tenant_id, case_id, attributes)
select %s, case_id, attributes::jsonb from unnest(%b::uuid[], %b::text[]) as each (case_id, attributes)
"""
_INSERT_FACETS = """
insert into cases_casefacet (tenant_id, case_type_id, id, case_id, key, text_value, float_value, time_value)
select %s, %s, each.* from unnest(%b::uuid[], %b::uuid[], %b::text[], %b::text[], %b::float8[], %b::timestamptz[]) each
"""
# `limit 1` keeps the planner at one look into each index a line, however many cases there are
_COMPARE = """
select each.ordinality - 1, stored.id, kept.payload = each.payload::jsonb,
    apart.attributes is not distinct from each.attributes::jsonb, stored.importance = each.importance,
    stored.due_at is not distinct from each.due_at, stored.subject_ref = each.subject_ref
from unnest(%(external_ids)b::text[], %(payloads)b::text[], %(attributes)b::text[], %(importances)b::float8[],
    %(dues)b::timestamptz[], %(refs)b::text[])
    with ordinality as each (external_id, payload, attributes, importance, due_at, subject_ref, ordinality)
cross join lateral (
    select * from cases_case where tenant_id = %(tenant)s and case_type_id = %(case_type)s
        and external_id = each.external_id limit 1
) stored
cross join lateral (
    select * from cases_casepayload where tenant_id = %(tenant)s and case_id = stored.id limit 1
) kept
left join lateral (
    select * from cases_caseattributes where tenant_id = %(tenant)s and case_id = stored.id limit 1
) apart on true
"""
Given = tuple[UUID, Submission]
_COMPARED = ("payload", "attributes", "importance", "due_at", "subject_ref")


@dataclass(slots=True)
class Intaken:
    """What became of submissions: the case of each, by its place; which are new; which contradict a stored one."""

    cases: dict[int, UUID] = field(default_factory=dict)
    new: set[int] = field(default_factory=set)
    differing: dict[int, list[str]] = field(default_factory=dict)


@command
def submit_case(*, actor: Actor, case_type_key: str, submission: Any) -> tuple[Case, bool]:
    """The case that `submission` describes, and whether it is new.

    Submitting the same content again answers the case that is there. Raises Invalid naming fields, and
    Conflict where the external id belongs to a case with other content.
    """
    require(permissions.can_submit_cases(actor))
    try:
        version = queries.get_current_version(actor, case_type_key)
    except NotFound:
        reason = "There is no such case type."
        raise Invalid("The submission is not valid.", fields={"case_type": [reason]}) from None
    taken = submit_chunk(
        actor=actor, version=version, submissions=[read_submission(submission, intake=intake_of(version))]
    )
    if taken.differing:
        raise Conflict(
            f"Case {taken.cases[0]} has this external id and another {', '.join(taken.differing[0])}.",
            code="external_id_taken",
        )
    case = Case.objects.select_related("case_type", "type_version").get(pk=taken.cases[0])
    return case, bool(taken.new)


@command
def submit_chunk(*, actor: Actor, version: CaseTypeVersion, submissions: Sequence[Submission]) -> Intaken:
    """Store at most 1,000 submissions of one case type with one event and one step for all that are new."""
    require(permissions.can_submit_cases(actor))
    ids, event_id = uuid7s(len(submissions)), uuid7()
    # all who submit lock external ids in one order, so that none waits for one who waits for it
    given = sorted(zip(ids, submissions, strict=True), key=lambda pair: pair[1].external_id)
    stored = _insert_cases(actor, version, given, event_id)
    cases = {at: case_id for at, case_id in enumerate(ids) if case_id in stored}
    taken = Intaken(cases, new=set(cases))
    if cases:
        record_batch(
            "case.submitted",
            "case",
            actor=actor,
            items=_insert_contents(actor, version, [(case_id, submissions[at]) for at, case_id in cases.items()]),
            body={"case_type": version.case_type.key, "type_version": version.version},
            event_id=event_id,
        )
        case_ids = list(cases.values())
        subject = case_ids[0] if len(case_ids) == 1 else event_id
        enqueue("score", tenant_id=actor.tenant_id, subject_id=subject, case_ids=case_ids)
    if len(cases) < len(submissions):
        _compare(version, submissions, taken)
    return taken


def _insert_cases(actor: Actor, version: CaseTypeVersion, given: Sequence[Given], event_id: UUID) -> set[UUID]:
    """Insert the Case rows; the ids of those that were not there before."""
    ids, submissions = zip(*given, strict=True)
    members = _members_among({each.subject_ref for each in submissions if "@" in each.subject_ref})
    with chunk_cursor() as cursor:
        cursor.execute(
            _INSERT_CASES,
            {
                "tenant": actor.tenant_id,
                "case_type": version.case_type_id,
                "version": version.pk,
                "submitter": actor.id if actor.kind == "user" else None,
                "now": timezone.now(),
                "event": event_id,
                "ids": list(ids),
                "external_ids": [each.external_id for each in submissions],
                "importances": [float(each.importance) for each in submissions],
                "dues": [each.due_at for each in submissions],
                "subjects": [members.get(each.subject_ref.lower()) for each in submissions],
                "refs": [each.subject_ref for each in submissions],
            },
        )
        return {row[0] for row in cursor.fetchall()}


def _insert_contents(actor: Actor, version: CaseTypeVersion, new: Sequence[Given]) -> dict[str, dict[str, Any]]:
    """Payloads, attributes and facets of new cases; what the event says of each: its digests."""
    items: dict[str, dict[str, Any]] = {}
    salts = os.urandom(SALT_BYTES * len(new))
    payloads, attributes, facets = [], [], []
    for nth, (case_id, each) in enumerate(new):
        salt = salts[SALT_BYTES * nth : SALT_BYTES * (nth + 1)]
        item = items[str(case_id)] = {"payload_sha256": payload_digest(salt, each.payload).hex()}
        payloads.append((case_id, each.payload.decode(), salt))
        if each.attributes is not None:
            item["attributes_sha256"] = payload_digest(salt, each.attributes).hex()
            attributes.append((case_id, each.attributes.decode()))
        if each.facets:
            facets += [(case_id, key, *_typed(value)) for key, value in each.facets.items()]
    with chunk_cursor() as cursor:
        cursor.execute(_INSERT_PAYLOADS, [actor.tenant_id, *_columns(payloads)])
        if attributes:
            cursor.execute(_INSERT_ATTRIBUTES, [actor.tenant_id, *_columns(attributes)])
        if facets:
            cursor.execute(
                _INSERT_FACETS, [actor.tenant_id, version.case_type_id, uuid7s(len(facets)), *_columns(facets)]
            )
    return items


def _compare(version: CaseTypeVersion, submissions: Sequence[Submission], taken: Intaken) -> None:
    """Tell which of the submissions that were there already say the same as the stored case."""
    others = [at for at in range(len(submissions)) if at not in taken.new]
    with chunk_cursor() as cursor:
        cursor.execute(
            _COMPARE,
            {
                "tenant": version.tenant_id,
                "case_type": version.case_type_id,
                "external_ids": [submissions[at].external_id for at in others],
                "payloads": [submissions[at].payload.decode() for at in others],
                "attributes": [
                    None if (stored := submissions[at].attributes) is None else stored.decode() for at in others
                ],
                "importances": [float(submissions[at].importance) for at in others],
                "dues": [submissions[at].due_at for at in others],
                "refs": [submissions[at].subject_ref for at in others],
            },
        )
        for place, case_id, *same in cursor.fetchall():
            taken.cases[others[place]] = case_id
            differing = [part for part, equal in zip(_COMPARED, same, strict=True) if not equal]
            if differing:
                taken.differing[others[place]] = differing


def _members_among(references: set[str]) -> dict[str, UUID]:
    """The members whose email address is among references, by the address in lower case."""
    if not references:
        return {}
    addresses = {reference.lower() for reference in references}
    found = Membership.objects.filter(user__email__in=addresses | references).values_list("user__email", "user_id")
    return {email.lower(): user_id for email, user_id in found}


def _typed(value: FacetValue) -> tuple[str | None, float | None, datetime | None]:
    if isinstance(value, str):
        return value, None, None
    return (None, value, None) if isinstance(value, float) else (None, None, value)


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]

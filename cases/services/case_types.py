"""Creating and revising case types."""

import hashlib
from dataclasses import asdict
from typing import Any

from django.db import IntegrityError, transaction

from cases import permissions, queries
from cases.definitions import Definition, read_definition
from cases.models import CaseType, CaseTypeVersion
from cases.payloads import canonical_payload
from hitl_platform.kernel.errors import Conflict, Invalid, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor


@command
def create_case_type(*, actor: Actor, key: str, name: str, definition: dict[str, Any]) -> CaseType:
    """A new case type with its first version; raises Invalid for a bad definition, Conflict for a taken key."""
    require(permissions.can_define_case_types(actor))
    content = read_definition(definition)
    if not name.isprintable() or not name.strip():
        raise Invalid("The name of the case type is not valid.", fields={"name": ["It must not be blank."]})
    case_type = CaseType(tenant_id=actor.tenant_id, key=key, name=name)
    try:
        with transaction.atomic():
            case_type.save(force_insert=True)
    except IntegrityError:
        raise Conflict(f"There is a case type {key!r} already.", code="case_type_exists") from None
    version = _add_version(case_type, 1, content)
    record("case_type.created", case_type, actor=actor, body=_told(version, content) | {"key": key})
    return case_type


@command
def revise_case_type(*, actor: Actor, case_type_key: str, definition: dict[str, Any]) -> CaseTypeVersion:
    """The next version of a case type, in force for what is submitted from now on; old cases keep theirs."""
    require(permissions.can_define_case_types(actor))
    case_type = queries.get_case_type(actor, case_type_key, lock=True)
    content = read_definition(definition)
    last = CaseTypeVersion.objects.filter(case_type=case_type).order_by("-version").values_list("version", flat=True)[0]
    version = _add_version(case_type, last + 1, content)
    record("case_type.revised", case_type, actor=actor, body=_told(version, content))
    return version


def _add_version(case_type: CaseType, number: int, content: Definition) -> CaseTypeVersion:
    version = CaseTypeVersion.objects.create(
        tenant_id=case_type.tenant_id, case_type=case_type, version=number, **asdict(content)
    )
    case_type.current_version_id = version.pk
    case_type.save(update_fields=["current_version_id"])
    return version


def _told(version: CaseTypeVersion, content: Definition) -> dict[str, Any]:
    """What the ledger keeps of a version: which it is, and the digest of all that it says."""
    digest = hashlib.sha256(canonical_payload(asdict(content))).hexdigest()
    return {"version": version.version, "version_id": str(version.pk), "definition_sha256": digest}

"""A case's story, as the ledger tells it."""

from dataclasses import dataclass, field
from uuid import UUID

from hitl_platform.kernel.ids import uuid7
from hitl_platform.ledger.commands import open_command, record, record_batch
from hitl_platform.ledger.queries import case_events
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Tenant
from hitl_platform.tenants.scope import tenant_scope


@dataclass
class ACase:
    pk: UUID = field(default_factory=uuid7)
    event_ids: list[UUID] = field(default_factory=list)


def test_it_holds_the_cases_own_events_and_its_part_of_batches(acme: Tenant, olga: Actor, gil: Actor) -> None:
    case, other = ACase(), ACase()
    items = {str(case.pk): {"label": "repaid"}, str(other.pk): {"label": "default"}}
    with open_command("submit", tenant_id=acme.pk):
        case.event_ids.append(record_batch("case.submitted", "case", actor=olga, items=items, body={"batch": 1}))
    with open_command("note", tenant_id=acme.pk):
        record("tenant.noted", acme, actor=olga, case_id=case.pk, body={"text": "mine"})
        record("tenant.noted", acme, actor=olga, case_id=other.pk)
    with tenant_scope(acme.pk):
        submitted, noted = case_events(olga, case)
    assert (submitted.verb, submitted.body) == ("case.submitted", {"batch": 1, "label": "repaid"})
    assert (noted.verb, noted.body) == ("tenant.noted", {"text": "mine"})
    with tenant_scope(gil.tenant_id):
        assert case_events(gil, case) == []

"""A case's story, as the ledger tells it."""

from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest

from hitl_platform.kernel.ids import uuid7
from hitl_platform.ledger.commands import open_command, record, record_batch
from hitl_platform.ledger.disclosure import WITHHELD
from hitl_platform.ledger.queries import case_events
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Tenant
from hitl_platform.tenants.scope import tenant_scope


@dataclass
class ACase:
    pk: UUID = field(default_factory=uuid7)
    event_ids: list[UUID] = field(default_factory=list)
    is_open: bool = False


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


@pytest.mark.parametrize("roles", [("manager", "reviewer"), ("compliance_officer", "adjudicator")])
def test_a_judge_reads_what_was_said_of_a_case_once_it_is_closed(
    acme: Tenant, olga: Actor, roles: tuple[str, ...]
) -> None:
    case = ACase(is_open=True)
    items = {str(case.pk): {"label": "repaid"}, str(uuid7()): {"label": "default"}}
    with open_command("judge", tenant_id=acme.pk):
        case.event_ids.append(record_batch("case.scored", "case", actor=olga, items=items))
        record("tenant.noted", acme, actor=olga, case_id=case.pk, body={"label": "repaid"})
    judge = replace(olga, roles=frozenset(roles))
    with tenant_scope(acme.pk):
        assert [event.body for event in case_events(judge, case)] == [WITHHELD, WITHHELD]
        assert [event.body for event in case_events(olga, case)] == [{"label": "repaid"}] * 2
        case.is_open = False
        assert [event.body for event in case_events(judge, case)] == [{"label": "repaid"}] * 2

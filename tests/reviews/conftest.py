"""A small lending office: a case type, panels, queues with people in them, and cases that reach them.

Everything is made by services, and cases arrive as in life: submitted, scored by nobody, routed to people.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from cases.models import Case, CaseType
from cases.services import create_case_type, submit_case
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.pipeline.runner import drain
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Tenant
from hitl_platform.tenants.scope import tenant_scope
from reviews.models import Panel, PanelTemplate, Queue, Seat
from reviews.services import create_queue, create_template, grant_queue
from tests.reviews.lending import DEFINITION, payload


@pytest.fixture
def loan_type(mona: Actor) -> CaseType:
    return create_case_type(actor=mona, key="loan", name="Loan", definition=DEFINITION)


@dataclass
class Office:
    """What a test of reviews stands on: one queue at acme, with everybody in it."""

    tenant: Tenant
    manager: Actor
    integrator: Actor
    queue: Queue
    template: PanelTemplate

    def submit(self, count: int = 1, **fields: Any) -> list[Case]:
        """Cases, routed to this queue: there is no model and no policy, so that people decide."""
        done = []
        for number in range(count):
            submission = {"external_id": f"loan-{Case.__name__}-{id(self)}-{_next()}", "payload": payload(number), **fields}
            case, _ = submit_case(actor=self.integrator, case_type_key="loan", submission=submission)
            done.append(case)
        drain(self.tenant.id, kinds=["score", "route"])
        return done

    def seats(self, case: Case) -> list[Seat]:
        """The seats of a case, in the order of their making."""
        with tenant_scope(self.tenant.id):
            return list(Seat.objects.filter(case=case).order_by("pk"))

    def panel(self, case: Case) -> Panel:
        """The newest panel of a case."""
        with tenant_scope(self.tenant.id):
            return Panel.objects.filter(case=case).order_by("-round")[0]

    def case(self, case: Case) -> Case:
        """A case as it stands now."""
        with tenant_scope(self.tenant.id):
            return Case.objects.get(pk=case.pk)

    def verbs(self, case_id: UUID | None = None) -> list[str]:
        """What the ledger tells of a case (or of everything), in order."""
        with tenant_scope(self.tenant.id):
            events = AuditEvent.objects.order_by("id")
            return [event.verb for event in (events.filter(case_id=case_id) if case_id else events)]


_numbers = iter(range(10**9))


def _next() -> int:
    return next(_numbers)


@pytest.fixture
def open_office(
    acme: Tenant, mona: Actor, integrator: Actor, loan_type: CaseType, cast: Any
) -> Callable[..., Office]:
    """Make an office: `seats`, `mode` and `advice` of its panels, lease and undo time of its queue."""

    def make(
        *, seats: int = 1, mode: str = "majority", advice: str = "hidden", undo_seconds: int = 10, lease_seconds: int = 900
    ) -> Office:
        template = create_template(actor=mona, key="panel", name="Panel", seats=seats, mode=mode, advice=advice)
        queue = create_queue(
            actor=mona,
            key="loans",
            name="Loans",
            template_key="panel",
            case_type_key="loan",
            undo_seconds=undo_seconds,
            lease_seconds=lease_seconds,
        )
        for name in ("alice", "bob", "carol", "dave", "sam"):
            grant_queue(actor=mona, queue_key="loans", user_id=cast.people[name].id)
        return Office(acme, mona, integrator, queue, template)

    return make


@pytest.fixture
def office(open_office: Callable[..., Office]) -> Office:
    """An office whose panels have one seat and no advice."""
    return open_office()

"""A small lending office: a case type, panels, queues with people in them, and cases that reach them.

Everything is made by services, and cases arrive as in life: submitted, scored, routed to people.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from cases.models import Case, CaseType, Decision
from cases.services import create_case_type, submit_case
from hitl_platform.kernel.errors import DomainError
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.pipeline.runner import drain
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Tenant
from hitl_platform.tenants.scope import tenant_scope
from models_registry.models import ModelVersion
from models_registry.services import create_model, promote_version, register_version
from reviews.models import Judgment, Panel, Queue, RoutingPolicy, Seat
from reviews.services import (
    Verdict,
    activate_policy,
    answer_seat,
    approve_policy,
    claim_next,
    create_queue,
    create_template,
    draft_policy,
    grant_queue,
    submit_judgment,
)
from tests.reviews import lending

REVIEWERS = ("alice", "bob", "carol", "dave", "sam")
POLICY: dict[str, Any] = {
    "rules": [],
    "thresholds": {"approve": 0.9, "decline": 0.9},
    "otherwise": {"queue": "loans", "template": "panel"},
}


@dataclass
class Office:
    """What a test of reviews stands on: one queue at acme, with everybody in it."""

    tenant: Tenant
    manager: Actor
    second_manager: Actor
    integrator: Actor
    people: dict[str, Actor]
    queue: Queue
    numbers: Iterator[int] = field(default_factory=count)

    def submit(self, *amounts: float, **fields: Any) -> list[Case]:
        """A case for each amount (one, if none is given), submitted and nothing more."""
        return [
            submit_case(
                actor=self.integrator,
                case_type_key="loan",
                submission={
                    "external_id": f"loan-{next(self.numbers)}",
                    "payload": lending.payload(amount),
                    **fields,
                },
            )[0]
            for amount in amounts or (1_000,)
        ]

    def bring(self, *amounts: float, **fields: Any) -> list[Case]:
        """Submit cases and let the pipeline take them where they go: to people, unless a policy decides."""
        cases = self.submit(*amounts, **fields)
        self.drain("score", "route")
        return cases

    def drain(self, *kinds: str) -> int:
        """Let the workers do what is due."""
        return drain(self.tenant.id, kinds=kinds or ("score", "route", "consensus", "withdraw", "expire"))

    def claim(self, actor: Actor, **fields: Any) -> Seat:
        """The next seat, which must be there."""
        seat = claim_next(actor=actor, queue_key="loans", **fields)
        assert seat is not None, "nothing to claim"
        return seat

    def judge(self, actor: Actor, label: str = "approve", **fields: Any) -> Judgment:
        """Claim and submit."""
        seat = self.claim(actor)
        if seat.advice == "after_answer":
            answer_seat(actor=actor, seat_id=seat.pk, lease_token=seat.lease_token, label=label)
        return self.submit_to(seat, actor, label, **fields)

    def submit_to(self, seat: Seat, actor: Actor, label: str = "approve", **fields: Any) -> Judgment:
        """Submit on a seat in hand."""
        verdict = Verdict(label=label, **fields)
        return submit_judgment(actor=actor, seat_id=seat.pk, lease_token=seat.lease_token, verdict=verdict)

    def seat(self, seat: Seat) -> Seat:
        """A seat as it stands now."""
        with self.scope():
            return Seat.objects.get(pk=seat.pk)

    def seats(self, case: Case) -> list[Seat]:
        """The seats of a case, in the order of their making."""
        with self.scope():
            return list(Seat.objects.filter(case=case).order_by("pk"))

    def panel(self, case: Case) -> Panel:
        """The newest panel of a case."""
        with self.scope():
            return Panel.objects.filter(case=case).order_by("-round")[0]

    def case(self, case: Case) -> Case:
        """A case as it stands now."""
        with self.scope():
            return Case.objects.get(pk=case.pk)

    def decision(self, case: Case) -> Decision | None:
        """The decision that stands, if there is one."""
        with self.scope():
            return Decision.objects.filter(case=case).order_by("-sequence").first()

    def events(self, verb: str, **filters: Any) -> list[AuditEvent]:
        """What the ledger tells under one verb, in order."""
        with self.scope():
            return list(AuditEvent.objects.filter(verb=verb, **filters).order_by("id"))

    def end_leases(self) -> None:
        """Let the time of every lease be over."""
        with self.scope(), connection.cursor() as cursor:
            cursor.execute("update reviews_seat set lease_ends_at = now() - interval '1 s' where state = 'claimed'")

    def make_due(self) -> None:
        """Let the time of every waiting step have come."""
        with self.scope(), connection.cursor() as cursor:
            cursor.execute("update pipeline_step set run_at = now() - interval '1 s' where state = 'ready'")

    def let_undo_pass(self) -> None:
        """Let the undo time of every judgment be over, and the consensus steps come."""
        with self.scope(), connection.cursor() as cursor:
            cursor.execute("update reviews_seat set submitted_at = submitted_at - interval '11 s'")
        self.make_due()

    def scope(self) -> Any:
        """The tenant's scope, for reading."""
        return tenant_scope(self.tenant.id)

    def activate(self, **changes: Any) -> RoutingPolicy:
        """A policy in force, drafted and approved by two people."""
        policy = draft_policy(actor=self.manager, case_type_key="loan", definition={**POLICY, **changes})
        approve_policy(actor=self.second_manager, policy_id=policy.pk)
        return activate_policy(actor=self.manager, policy_id=policy.pk)


@pytest.fixture
def other_manager(cast: Any) -> Actor:
    """A manager who manages no queue of the office."""
    return cast.people["max"]


@pytest.fixture
def loan_type(mona: Actor) -> CaseType:
    return create_case_type(actor=mona, key="loan", name="Loan", definition=lending.DEFINITION)


@pytest.fixture
def open_office(
    acme: Tenant, mona: Actor, other_manager: Actor, integrator: Actor, loan_type: CaseType, cast: Any
) -> Callable[..., Office]:
    """Make an office: `seats`, `mode` and `advice` of its panels, lease and undo time of its queue."""

    def make(
        *,
        seats: int = 1,
        mode: str = "majority",
        advice: str = "hidden",
        undo_seconds: int = 0,
        lease_seconds: int = 900,
    ) -> Office:
        create_template(actor=mona, key="panel", name="Panel", seats=seats, mode=mode, advice=advice)
        queue = create_queue(
            actor=mona,
            key="loans",
            name="Loans",
            template_key="panel",
            case_type_key="loan",
            undo_seconds=undo_seconds,
            lease_seconds=lease_seconds,
        )
        for name in REVIEWERS:
            grant_queue(actor=mona, queue_key="loans", user_id=cast.people[name].id)
        return Office(acme, mona, other_manager, integrator, cast.people, queue)

    return make


@pytest.fixture
def office(open_office: Callable[..., Office]) -> Office:
    """An office whose panels have one seat and no advice, without undo time, model or policy."""
    return open_office()


@pytest.fixture(scope="session")
def artifact() -> bytes:
    return lending.artifact()


@pytest.fixture
def crown(mel: Actor, mona: Actor, artifact: bytes) -> Callable[[], ModelVersion]:
    """Let the model be champion of the loan type."""

    def make() -> ModelVersion:
        create_model(actor=mel, case_type_key="loan", key="risk", name="Risk")
        version = register_version(
            actor=mel, model_key="risk", artifact=artifact, feature_schema=lending.FEATURES, labels=lending.LABELS
        )
        return promote_version(actor=mona, version_id=version.pk)

    return make


def code_of(refusal: pytest.ExceptionInfo[DomainError]) -> str:
    """The code of a refusal that was caught."""
    return refusal.value.code


def ids(rows: list[Any]) -> list[UUID]:
    """The keys of rows."""
    return [row.pk for row in rows]

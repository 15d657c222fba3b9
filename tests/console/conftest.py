from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from cases.services import create_case_type, submit_case
from hitl_platform.pipeline import runner
from hitl_platform.pipeline.models import Step
from hitl_platform.pipeline.services import enqueue
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from reviews.services.policies import draft_policy
from reviews.services.queues import create_queue
from reviews.services.templates import create_template

DEFINITION = {
    "question": "Shall this loan be granted?",
    "payload_schema": {
        "type": "object",
        "properties": {"amount": {"type": "number"}, "purpose": {"type": "string"}, "note": {"type": "string"}},
        "required": ["amount"],
    },
    "labels": [{"key": "approve", "name": "Approve"}, {"key": "decline", "name": "Decline"}],
    "facets": [{"key": "purpose", "type": "text"}],
}
POLICY = {
    "rules": [],
    "thresholds": {"approve": 0.9, "decline": 0.9},
    "otherwise": {"queue": "loans", "template": "pair"},
    "consensus": "majority",
}


@pytest.fixture
def furnish() -> Callable[[Actor, Actor], SimpleNamespace]:
    """Give a tenant one of each thing that its manager and a key can make, through services."""

    def make(manager: Actor, key: Actor, *, external_id: str = "L-1", note: str = "") -> SimpleNamespace:
        case_type = create_case_type(actor=manager, key="loan", name="Loan", definition=DEFINITION)
        template = create_template(actor=manager, key="pair", name="Pair", seats=2)
        queue = create_queue(actor=manager, key="loans", name="Loans", template_key="pair", case_type_key="loan")
        policy = draft_policy(actor=manager, case_type_key="loan", definition=POLICY)
        submission = {"external_id": external_id, "payload": {"amount": 900, "purpose": "car", "note": note}}
        case, _ = submit_case(actor=key, case_type_key="loan", submission=submission)
        return SimpleNamespace(case_type=case_type, template=template, queue=queue, policy=policy, case=case)

    return make


@pytest.fixture
def acme_things(furnish: Any, mona: Actor, integrator: Actor) -> SimpleNamespace:
    """One of each thing at acme."""
    things: SimpleNamespace = furnish(mona, integrator)
    return things


@pytest.fixture
def dead_step(acme: Any, settings: Any) -> Step:
    """A step at acme that failed as often as its kind allows."""
    terms = {"handler": "tests.console.conftest.fail", "cases": 1, "lease_seconds": 60, "max_attempts": 2}
    settings.STEP_KINDS = {**settings.STEP_KINDS, "doomed": terms}
    with tenant_scope(acme.id):
        enqueue("doomed", tenant_id=acme.id, subject_id=acme.id, case_ids=())
        Step.objects.update(attempt=1)
    runner.run_batch("doomed", tenant_id=acme.id)
    with tenant_scope(acme.id):
        return Step.objects.get(kind="doomed", state="dead")


def fail(steps: Any, finish: Any) -> None:
    """A handler that always fails."""
    raise ArithmeticError("the applicant earns 1234")


@pytest.fixture
def console(client_for: Callable[[Actor], Client], mona: Actor) -> Client:
    """Mona, manager at acme, at her browser."""
    return client_for(mona)

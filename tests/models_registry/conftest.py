"""A loan type with an honest model at acme, and the same at globex: everything through services."""

from dataclasses import dataclass
from typing import Any

import pytest

from cases.models import Case, CaseType
from cases.services import create_case_type, submit_case
from hitl_platform.pipeline import runner
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from models_registry.models import ModelVersion
from models_registry.services import create_model, promote_version, register_version
from tests.models_registry import crafted

DEFINITION = {
    "question": "May this loan be given?",
    "payload_schema": {
        "type": "object",
        "properties": {
            "loan": {"type": "object"},
            "months": {"type": ["number", "null"]},
            "purpose": {"type": "string"},
            "text": {"type": "string"},
            "x": {"type": "number"},
        },
    },
    "labels": [{"key": "approve", "name": "Approve"}, {"key": "decline", "name": "Decline"}],
    "attributes_schema": {"sex": {"title": "Sex"}},
}


@dataclass
class Registry:
    """One tenant's loan type, and what its people do to models."""

    integrator: Actor
    manager: Actor
    engineer: Actor
    case_type_key: str = "loan"

    def create_type(self) -> CaseType:
        return create_case_type(actor=self.manager, key=self.case_type_key, name="Loan", definition=DEFINITION)

    def create_model(self, key: str = "risk") -> Any:
        return create_model(actor=self.engineer, case_type_key=self.case_type_key, key=key, name="Risk")

    def register(self, model: Any = None, *, schema: Any = None, model_key: str = "risk", **more: Any) -> ModelVersion:
        return register_version(
            **{
                "actor": self.engineer,
                "model_key": model_key,
                "artifact": crafted.artifact(model or crafted.loan_model()),
                "feature_schema": schema or crafted.LOAN_FEATURES,
                "labels": crafted.LABELS,
                "metrics": {"accuracy": 0.9},
                **more,
            }
        )

    def crown(self, model: Any = None, **more: Any) -> ModelVersion:
        """Register and promote by two people."""
        version = self.register(model, **more)
        return promote_version(actor=self.manager, version_id=version.pk)

    def submit(self, payloads: list[Any], *, start: int = 0) -> list[Case]:
        return [
            submit_case(
                actor=self.integrator,
                case_type_key=self.case_type_key,
                submission={"external_id": f"case-{start + at}", "payload": payload},
            )[0]
            for at, payload in enumerate(payloads)
        ]

    def score(self) -> int:
        return runner.drain(self.integrator.tenant_id, kinds=["score"])

    def scope(self) -> Any:
        return tenant_scope(self.integrator.tenant_id)


@pytest.fixture
def registry(integrator, mona, mel) -> Registry:
    made = Registry(integrator, mona, mel)
    made.create_type()
    made.create_model()
    return made


@pytest.fixture
def foreign_registry(foreign_integrator, gil, gus) -> Registry:
    made = Registry(foreign_integrator, gil, gus)
    made.create_type()
    made.create_model()
    return made

"""A case type that the suite decides about, made through services alone."""

import copy
from typing import Any

from cases.models import Case, CaseType
from cases.services import create_case_type, submit_case
from hitl_platform.tenants.actor import Actor, system_actor

LOAN: dict[str, Any] = {
    "question": "Should this loan be granted?",
    "payload_schema": {
        "type": "object",
        "required": ["amount", "purpose"],
        "additionalProperties": False,
        "properties": {
            "amount": {"type": "number", "exclusiveMinimum": 0},
            "purpose": {"type": "string", "maxLength": 500},
            "applied_on": {"type": ["string", "null"], "format": "date"},
            "note": {"type": "string"},
            "history": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["month"],
                    "properties": {"month": {"type": "integer"}, "balance": {"type": "number"}},
                },
            },
        },
    },
    "labels": [
        {"key": "approve", "name": "Approve", "shortcut": "1"},
        {"key": "decline", "name": "Decline", "shortcut": "2"},
    ],
    "costs": {"decline": {"approve": 5}},
    "reason_codes": [{"key": "income", "name": "Income too low", "labels": ["decline"]}],
    "layout": {"sections": [{"title": "Loan", "style": "figures", "fields": [{"key": "amount", "unit": "€"}]}]},
    "attributes_schema": {"sex": {"title": "Sex", "values": ["female", "male"]}, "age_band": {"title": "Age band"}},
    "facets": [
        {"key": "amount", "type": "float"},
        {"key": "purpose", "type": "text"},
        {"key": "applied_on", "type": "time"},
    ],
}


def loan_definition(**changes: Any) -> dict[str, Any]:
    """The loan's definition with parts replaced."""
    return copy.deepcopy(LOAN) | changes


def submission(external_id: str = "L-1", **changes: Any) -> dict[str, Any]:
    """A valid loan; keywords replace parts of the submission."""
    loan = {"external_id": external_id, "payload": {"amount": 1200.5, "purpose": "car", "applied_on": "2026-03-01"}}
    return loan | changes


def make_loan_type(tenant_id: Any, *, key: str = "loan") -> CaseType:
    """The loan case type in a tenant."""
    return create_case_type(actor=system_actor(tenant_id, "setup"), key=key, name="Loan", definition=loan_definition())


def make_case(actor: Actor, external_id: str = "L-1", **changes: Any) -> Case:
    """A submitted loan."""
    return submit_case(actor=actor, case_type_key="loan", submission=submission(external_id, **changes))[0]

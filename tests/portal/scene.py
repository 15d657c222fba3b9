"""A credit desk at acme, set up through services: a case type with a layout, a queue, people, cases that wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cases.models import Case, Decision
from cases.services import create_case_type, submit_case
from hitl_platform.pipeline.runner import drain
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from models_registry.services.registration import create_model, register_version
from models_registry.services.versions import promote_version
from models_registry.training import train
from reviews.models import Advice, Mode
from reviews.services.queues import create_queue, grant_queue
from reviews.services.templates import create_template
from tests.cast import Cast

CASE_TYPE = "credit"
QUEUE = "credit"
# words that no page of a blind reviewer may hold, each of its own source
PROTECTED = "protected-attribute-of-this-applicant"
EXTERNAL_ID = "external-id-of-the-integrator"
DEFINITION: dict[str, Any] = {
    "question": "Should this applicant get the credit on the terms asked for?",
    "payload_schema": {
        "type": "object",
        "required": ["amount", "months"],
        "properties": {
            "amount": {"type": "number", "title": "Amount"},
            "months": {"type": "integer", "title": "Term"},
            "purpose": {"type": "string", "title": "Purpose"},
            "statement": {"type": "string", "title": "Statement"},
            "past": {
                "type": "array",
                "title": "Earlier credits",
                "items": {"type": "object", "required": ["year", "lender", "amount", "paid"]},
            },
        },
    },
    "labels": [
        {"key": "approve", "name": "Approve"},
        {"key": "decline", "name": "Decline"},
        {"key": "ask", "name": "Ask for documents"},
    ],
    "reason_codes": [
        {"key": "income", "name": "Income does not carry the instalment", "labels": ["decline"]},
        {"key": "missing", "name": "Proof of income is missing", "labels": ["ask"]},
        {"key": "other", "name": "Something else, see the rationale"},
    ],
    "layout": {
        "sections": [
            {
                "title": "Key figures",
                "style": "figures",
                "fields": [{"key": "amount", "unit": "DM"}, {"key": "months", "unit": "months"}],
            },
            {"title": "Application", "fields": [{"key": "purpose"}, {"key": "past"}]},
            {"title": "In their words", "style": "text", "fields": [{"key": "statement"}]},
        ]
    },
    "attributes_schema": {"note": {"title": "Protected note"}},
}
FEATURES = {"features": [{"name": "amount", "type": "number"}, {"name": "months", "type": "number"}]}


@dataclass(frozen=True)
class Desk:
    """The desk as it was set up; `cases` in the order in which they wait."""

    cast: Cast
    cases: list[Case]

    def submit(self, **payload: Any) -> Case:
        """One more case for the queue."""
        return submit(self.cast, number=len(self.cases) + 1, **payload)

    def run(self) -> None:
        """Do what is due: score, route, settle."""
        drain(self.cast.tenants["acme"].id)

    def decided(self) -> list[str]:
        """The labels decided so far, in the order of the cases."""
        with tenant_scope(self.cast.tenants["acme"].id):
            return list(Decision.objects.order_by("case_id").values_list("label", flat=True))


def open_desk(
    cast: Cast,
    *,
    cases: int = 3,
    advice: str = Advice.HIDDEN,
    seats: int = 1,
    mode: str = Mode.MAJORITY,
    with_model: bool = False,
    undo_seconds: int = 10,
    lease_seconds: int = 900,
    definition: dict[str, Any] | None = None,
    template: dict[str, Any] | None = None,
    reviewers: Sequence[str] = ("alice", "bob", "carol", "sam"),
) -> Desk:
    """Set the desk up and bring `cases` cases to its queue."""
    mona = cast.people["mona"]
    create_case_type(actor=mona, key=CASE_TYPE, name="Credit", definition=definition or DEFINITION)
    create_template(actor=mona, key="desk", name="Desk", seats=seats, mode=mode, advice=advice, **(template or {}))
    create_queue(
        actor=mona, key=QUEUE, name="Credit applications", template_key="desk", case_type_key=CASE_TYPE,
        undo_seconds=undo_seconds, lease_seconds=lease_seconds, instructions="Decide on what the applicant can carry.",
    )  # fmt: skip
    for name in reviewers:
        grant_queue(actor=mona, queue_key=QUEUE, user_id=cast.people[name].id)
    if with_model:
        _champion(cast.people["mel"], cast.people["mia"])
    desk = Desk(cast, [submit(cast, number=number) for number in range(1, cases + 1)])
    desk.run()
    return desk


def submit(cast: Cast, *, number: int, subject: str = "", **payload: Any) -> Case:
    """One case, by the integrator, with a protected attribute, about somebody if `subject` names them."""
    content = {"amount": 1000 * number + 200, "months": 12 + number, "purpose": "Used car", **payload}
    submission = {"external_id": f"{EXTERNAL_ID}-{number}", "payload": content, "attributes": {"note": PROTECTED}}
    submission |= {"subject_ref": subject} if subject else {}
    case, _ = submit_case(actor=cast.keys["acme"], case_type_key=CASE_TYPE, submission=submission)
    return case


def _champion(author: Actor, second: Actor) -> None:
    payloads = [{"amount": 100 * number, "months": number % 48 + 6} for number in range(120)]
    labels = [("approve", "decline", "ask")[number // 40] for number in range(120)]
    trained = train(payloads, labels, feature_schema=FEATURES)
    create_model(actor=author, case_type_key=CASE_TYPE, key="credit", name="Credit")
    version = register_version(
        actor=author, model_key="credit", artifact=trained.artifact, feature_schema=FEATURES,
        labels=sorted(set(labels)), metrics=trained.metrics,
    )  # fmt: skip
    promote_version(actor=second, version_id=version.pk)

"""Seeded worlds of decided cases, written as rows: who they are is known, and where a disparity enters is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from cases.models import Case, CaseAttributes, CaseFacet, CaseType, Decision, Outcome
from cases.services import create_case_type
from hitl_platform.kernel.ids import uuid7
from hitl_platform.tenants.scope import tenant_scope
from models_registry.models import Model, ModelVersion, Prediction
from reviews.models import Consensus, Judgment, Panel, PanelTemplate, Queue, RoutingRecord, Seat
from tests.cast import Cast

BEGIN = datetime(2026, 5, 1, tzinfo=UTC)
PERIOD = {"from": "2026-05-01T00:00:00Z", "to": "2026-06-01T00:00:00Z"}
SEXES, RACES = ("female", "male"), ("asian", "black", "white")
DEFINITION: dict[str, Any] = {
    "question": "Should this loan be granted?",
    "payload_schema": {"type": "object", "properties": {"amount": {"type": "number"}, "product": {"type": "string"}}},
    "labels": [
        {"key": "approve", "name": "Approve", "favourable": True},
        {"key": "decline", "name": "Decline"},
        {"key": "ask", "name": "Ask for documents"},
    ],
    "attributes_schema": {"sex": {"title": "Sex", "values": list(SEXES)}, "race": {"title": "Race"}},
    "facets": [{"key": "amount", "type": "float"}, {"key": "product", "type": "text"}],
}
ASKED: dict[str, Any] = {
    "case_type": "loan", "attributes": ["sex", "race"], "period": PERIOD, "unfavourable": ["decline"],
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """What was made: the case type, the ids of the cases in order, the queue, the reviewers."""

    case_type: CaseType
    cases: list[UUID]
    queue: Queue
    reviewers: list[UUID]


def make_world(
    cast: Cast,
    *,
    cases: int = 600,
    seed: int = 7,
    routing: float = 0.0,
    reviewing: float = 0.0,
    reviewers: Sequence[str] = ("alice", "bob"),
    active: float | None = None,
) -> World:
    """Cases decided through May 2026 by a model that knows no group.

    `routing`: how much more often women are sent to people, who approve less; `reviewing`: how much less often
    reviewers approve women. Both are probabilities added. `active`: seconds of a reviewer's time a judgment.
    """
    tenant = cast.tenants["acme"]
    case_type = create_case_type(actor=cast.people["mona"], key="loan", name="Loan", definition=DEFINITION)
    rng = np.random.default_rng(seed)
    with tenant_scope(tenant.id):
        made = _surroundings(cast, case_type) | {"active": active}
        people = [cast.people[name].id for name in reviewers]
        rows = [_story(made, rng, at, people, routing=routing, reviewing=reviewing) for at in range(cases)]
        for model in (
            Case, CaseAttributes, CaseFacet, Prediction, RoutingRecord, Panel, Seat, Judgment, Consensus, Decision,
            Outcome,
        ):  # fmt: skip
            model.objects.bulk_create([each for row in rows for each in row if type(each) is model])
    return World(case_type, [row[0].pk for row in rows], made["queue"], people)


def _surroundings(cast: Cast, case_type: CaseType) -> dict[str, Any]:
    tenant_id = cast.tenants["acme"].id
    template = PanelTemplate.objects.create(tenant_id=tenant_id, key="one", version=1, name="One", seats=1, seats_max=1)
    queue = Queue.objects.create(
        tenant_id=tenant_id, key="loans", name="Loans", case_type=case_type, template_key="one"
    )
    model = Model.objects.create(tenant_id=tenant_id, case_type=case_type, key="risk", name="Risk")
    version = ModelVersion.objects.create(
        tenant_id=tenant_id, model=model, case_type=case_type, version=1, sha256="0" * 64, feature_schema={},
        labels=["approve", "decline"], is_linear=True, registered_by=cast.people["mel"].id,
    )  # fmt: skip
    return {"tenant_id": tenant_id, "case_type": case_type, "template": template, "queue": queue, "version": version}


def _story(
    made: dict[str, Any], rng: np.random.Generator, at: int, people: list[UUID], *, routing: float, reviewing: float
) -> list[Any]:
    """The rows of one case, submitted, scored, routed, perhaps judged, and decided."""
    base = {"tenant_id": made["tenant_id"]}
    sex, race = SEXES[at % 2], RACES[int(rng.choice(3, p=[0.2, 0.3, 0.5]))]
    score, amount = float(np.round(rng.uniform(0.05, 0.95), 3)), float(rng.integers(1, 50) * 500)
    decided_at = BEGIN + timedelta(minutes=65 * (at % 600) + 5)
    case = Case(
        **base, case_type=made["case_type"], type_version_id=made["case_type"].current_version_id,
        external_id=f"W-{at}", state="decided", created_at=decided_at - timedelta(hours=1 + at % 5),
        decided_at=decided_at, decision_id=uuid7(),
    )  # fmt: skip
    is_female = sex == "female"
    advised = "approve" if score >= 0.5 else "decline"
    is_sent = rng.uniform() < 0.4 + (routing if is_female else 0)
    rows = [case, *_known(base, case, made, sex, race, amount, rng)]
    prediction = Prediction(
        **base, case=case, model_version=made["version"], probabilities=[score, 1 - score], label=advised,
        confidence=max(score, 1 - score), event_id=uuid7(), created_at=decided_at - timedelta(minutes=50),
    )  # fmt: skip
    record = RoutingRecord(
        **base, case=case, prediction_id=prediction.pk, route="review" if is_sent else "auto",
        label=None if is_sent else advised, queue=made["queue"] if is_sent else None, cause="rule", conditions=[],
        thresholds={}, sampling_probability=1.0 if is_sent else 0.0, event_id=uuid7(),
        created_at=decided_at - timedelta(minutes=49),
    )  # fmt: skip
    label = advised
    if is_sent:
        # people approve less than the model, so that only sending more women to them is a disparity of its own
        less = 0.15 + (reviewing if is_female else 0)
        label = "approve" if rng.uniform() < max(0.0, (0.85 if advised == "approve" else 0.3) - less) else "decline"
        rows += _judged(base, case, made, people[(at // 2) % len(people)], label, decided_at)
    decision = Decision(
        **base, id=case.decision_id, case=case, sequence=1, label=label, made_by="panel" if is_sent else "model",
        decided_at=decided_at, event_id=uuid7(), model_version_id=made["version"].pk,
    )  # fmt: skip
    return [*rows, prediction, record, decision]


def _known(
    base: dict[str, Any], case: Case, made: dict[str, Any], sex: str, race: str, amount: float, rng: np.random.Generator
) -> list[Any]:
    attributes = {"sex": sex, "race": race} if rng.uniform() < 0.95 else {"race": race}
    facets = [
        CaseFacet(**base, case_type=made["case_type"], case=case, key="amount", float_value=amount),
        CaseFacet(**base, case_type=made["case_type"], case=case, key="product", text_value="car"),
    ]
    known = [CaseAttributes(**base, case=case, attributes=attributes), *facets]
    if rng.uniform() < 0.8:
        truth = "approve" if rng.uniform() < 0.6 else "decline"
        at = BEGIN + timedelta(days=40)
        known.append(Outcome(**base, case=case, label=truth, observed_at=at, source="ledger", created_at=at))
    return known


def _judged(
    base: dict[str, Any], case: Case, made: dict[str, Any], reviewer: UUID, label: str, at: datetime
) -> list[Any]:
    panel = Panel(
        **base, case=case, case_type=made["case_type"], queue=made["queue"], template=made["template"],
        state="settled", why="rule", opened_at=at - timedelta(minutes=40), settled_at=at, event_id=uuid7(),
    )  # fmt: skip
    seat = Seat(
        **base, panel=panel, case=case, queue=made["queue"], state="submitted", advice="hidden",
        reviewer_id=reviewer, submitted_at=at,
    )  # fmt: skip
    judgment = Judgment(
        **base, seat=seat, panel=panel, case=case, case_type=made["case_type"], reviewer_id=reviewer,
        kind="reviewer", label=label, advice_shown=False, claimed_at=at - timedelta(minutes=10),
        active_seconds=made["active"],
        judged_at=at - timedelta(minutes=2),
    )  # fmt: skip
    consensus = Consensus(
        **base, panel=panel, method="majority", posterior={label: 1}, label=label, confidence=1, agreement=1, votes=1,
        chosen=True, created_at=at - timedelta(minutes=1),
    )  # fmt: skip
    return [panel, seat, judgment, consensus]

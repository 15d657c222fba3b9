"""Storing what a step found out: predictions in bulk, and why cases have none. Inside a step's finish()."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import orjson
from numpy.typing import NDArray

from cases.models import Case
from cases.services import score_cases
from hitl_platform.kernel.bound_cursor import bound_cursor
from hitl_platform.kernel.ids import uuid7, uuid7s
from hitl_platform.ledger.commands import MAX_ITEMS, record, record_batch
from hitl_platform.tenants.actor import Actor
from models_registry.models import ModelVersion
from models_registry.outputs import Floats, Reply
from models_registry.scoring import INVALID_INPUT, Failure

# arrays of arrays are flat here, and cut into rows again by their place
_INSERT = """
insert into models_registry_prediction (tenant_id, model_version_id, event_id, created_at,
    id, case_id, label, confidence, baseline, contributions, probabilities)
select %(tenant)s, %(version)s, %(event)s, now(),
    each.id, each.case_id, each.label, each.confidence, each.baseline, each.contributions::jsonb,
    (%(probabilities)b::float8[])[(each.place - 1) * %(labels_each)s + 1 : each.place * %(labels_each)s]
from unnest(%(ids)b::uuid[], %(cases)b::uuid[], %(labels)b::text[], %(confidences)b::float8[],
    %(baselines)b::float8[], %(contributions)b::text[])
    with ordinality as each (id, case_id, label, confidence, baseline, contributions, place)
on conflict on constraint no_second_prediction_of_a_version do nothing
"""


def store_scores(*, actor: Actor, version: ModelVersion, case_ids: Sequence[UUID], reply: Reply) -> list[UUID]:
    """Move the cases to scored and keep their predictions; the ids of those that were still waiting."""
    moved: list[UUID] = []
    for start in range(0, len(case_ids), MAX_ITEMS):
        rows = slice(start, start + MAX_ITEMS)
        moved += _store_chunk(actor, version, case_ids[rows], _rows(reply, np.arange(len(case_ids))[rows]))
    return moved


def store_failures(*, actor: Actor, version: ModelVersion | None, failures: Mapping[UUID, Failure]) -> None:
    """Record why cases have no prediction: what concerns a case alone in its story, the rest by the chunk."""
    misfits = {case_id: failure for case_id, failure in failures.items() if failure.cause == INVALID_INPUT}
    of_model = {} if version is None else {"model_version": str(version.pk)}
    for case_id, failure in misfits.items():
        body = {"cause": failure.cause, "fields": dict(failure.fields), **of_model}
        record("case.not_scored", Case(pk=case_id), actor=actor, body=body)
    others = [(str(case_id), failure) for case_id, failure in failures.items() if case_id not in misfits]
    for start in range(0, len(others), MAX_ITEMS):
        chunk = dict(others[start : start + MAX_ITEMS])
        items = {case_id: {"cause": failure.cause, "detail": failure.detail} for case_id, failure in chunk.items()}
        record_batch("case.not_scored", "case", actor=actor, items=items, body=of_model)


def _store_chunk(actor: Actor, version: ModelVersion, case_ids: Sequence[UUID], reply: Reply) -> list[UUID]:
    event_id = uuid7()
    moved = score_cases(actor=actor, case_ids=case_ids, event_id=event_id)
    if not moved:
        return []
    if len(moved) < len(case_ids):
        still = set(moved)
        kept = [row for row, case_id in enumerate(case_ids) if case_id in still]
        case_ids, reply = [case_ids[row] for row in kept], _rows(reply, np.asarray(kept))
    labels = [version.labels[winner] for winner in reply.probabilities.argmax(axis=1).tolist()]
    with bound_cursor() as cursor:
        columns: dict[str, Any] = {"tenant": actor.tenant_id, "event": event_id, "cases": list(case_ids)}
        cursor.execute(_INSERT, columns | {"labels": labels} | _columns(version, reply))
    items = {
        str(case_id): {"label": label, "probabilities": [repr(p) for p in row]}
        for case_id, label, row in zip(case_ids, labels, reply.probabilities.tolist(), strict=True)
    }
    body = {"model_version": str(version.pk), "sha256": version.sha256, "labels": version.labels}
    record_batch("case.scored", "case", actor=actor, items=items, body=body, event_id=event_id)
    return list(case_ids)


def _columns(version: ModelVersion, reply: Reply) -> dict[str, Any]:
    nothing = [None] * len(reply.probabilities)
    names = [feature["name"] for feature in version.feature_schema["features"]]
    return {
        "version": version.pk,
        "ids": uuid7s(len(reply.probabilities)),
        "confidences": reply.probabilities.max(axis=1).tolist(),
        "baselines": nothing if reply.baseline is None else reply.baseline.tolist(),
        "contributions": nothing if reply.contributions is None else _named(names, reply.contributions),
        "probabilities": reply.probabilities.ravel().tolist(),
        "labels_each": len(version.labels),
    }


def _named(names: list[str], contributions: Floats) -> list[str]:
    return [orjson.dumps(dict(zip(names, row, strict=True))).decode() for row in contributions.tolist()]


def _rows(reply: Reply, rows: NDArray[np.intp]) -> Reply:
    return Reply(
        reply.probabilities[rows],
        None if reply.contributions is None else reply.contributions[rows],
        None if reply.baseline is None else reply.baseline[rows],
    )

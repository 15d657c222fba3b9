"""Reads of models, versions and predictions."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db.models import QuerySet

from cases.models import Case, Outcome
from cases.queries import payloads
from cases.states import CASE
from hitl_platform.kernel.bound_cursor import chunk_cursor
from hitl_platform.kernel.errors import NotFound
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import current_tenant_id
from models_registry import permissions
from models_registry.models import Model, ModelArtifact, ModelVersion, Prediction
from models_registry.states import VersionState

# by hand: a chunk has a thousand cases, and a row by the ORM costs more than its score
_WAITING = """
select waiting.* from (select id from unnest(%(cases)b::uuid[]) as asked (id) order by id) asked
cross join lateral (
    select known.id, known.case_type_id, stored.payload::text
    from cases_case known
    join cases_casepayload stored on stored.tenant_id = %(tenant)s and stored.case_id = asked.id
    where known.tenant_id = %(tenant)s and known.id = asked.id and known.state = any(%(states)s::text[])
    offset 0  -- a probe of the key for each, whatever the planner believes of a tenant that has just grown
) waiting
"""


@dataclass(frozen=True)
class Work:
    """Cases of one type that wait for their score, with the version that gives it; None where there is none."""

    version: ModelVersion | None
    case_ids: list[UUID]
    payloads: list[dict[str, Any]]


def visible_models(actor: Actor) -> QuerySet[Model]:
    """The tenant's models, by key."""
    models = Model.objects.select_related("case_type").order_by("key")
    return models if permissions.can_read_models(actor) else models.none()


def get_model(actor: Actor, key: str) -> Model:
    """The model with this key, or NotFound."""
    model = visible_models(actor).filter(key=key).first()
    if model is None:
        raise NotFound
    return model


def visible_versions(actor: Actor) -> QuerySet[ModelVersion]:
    """The versions of the tenant's models, newest first."""
    versions = ModelVersion.objects.select_related("model").order_by("-id")
    return versions if permissions.can_read_models(actor) else versions.none()


def get_version(actor: Actor, version_id: UUID) -> ModelVersion:
    """One visible version, or NotFound."""
    version = visible_versions(actor).filter(pk=version_id).first()
    if version is None:
        raise NotFound
    return version


def get_numbered_version(actor: Actor, model_key: str, *, number: int) -> ModelVersion:
    """The version of a model with this number, or NotFound."""
    version = visible_versions(actor).filter(model__key=model_key, version=min(number, 2**31 - 1)).first()
    if version is None:
        raise NotFound
    return version


def champions(case_type_ids: Sequence[UUID]) -> dict[UUID, ModelVersion]:
    """The version that scores, by case type: for steps, inside a scope."""
    found = ModelVersion.objects.filter(case_type_id__in=case_type_ids, state=VersionState.CHAMPION)
    return {version.case_type_id: version for version in found}


def artifact_of(version_id: UUID) -> bytes:
    """The stored artifact, as it is: whoever loads it checks its hash."""
    content = ModelArtifact.objects.filter(version_id=version_id).values_list("content", flat=True).first()
    return b"" if content is None else bytes(content)


def work_of(case_ids: Sequence[UUID]) -> list[Work]:
    """The cases among these that still wait for a score, by case type: for steps, inside a scope."""
    by_type: dict[UUID, list[tuple[UUID, str]]] = defaultdict(list)
    with chunk_cursor() as cursor:
        waiting: dict[str, Any] = {
            "tenant": current_tenant_id(),
            "cases": list(case_ids),
            "states": [*CASE.sources("score")],
        }
        cursor.execute(_WAITING, waiting)
        for case_id, case_type_id, payload in cursor.fetchall():
            by_type[case_type_id].append((case_id, payload))
    versions = champions(list(by_type))
    return [
        Work(
            versions.get(case_type_id),
            [case_id for case_id, _ in cases],
            [orjson.loads(payload) for _, payload in cases] if case_type_id in versions else [],
        )
        for case_type_id, cases in by_type.items()
    ]


def predictions_for(case_ids: Sequence[UUID]) -> dict[UUID, Prediction]:
    """The newest prediction of a version that was champion, by case, its `model_version` loaded.

    `contributions` are read when they are asked for. For steps and pages, inside a scope.
    """
    found = (
        Prediction.objects.filter(case_id__in=case_ids, model_version__promoted_at__isnull=False)
        .defer("contributions")
        .order_by("id")
    )
    # the last one of each case stands
    newest = {prediction.case_id: prediction for prediction in found}
    versions = ModelVersion.objects.in_bulk({prediction.model_version_id for prediction in newest.values()})
    for prediction in newest.values():
        prediction.model_version = versions[prediction.model_version_id]
    return newest


def labelled_payloads(case_type_id: UUID) -> tuple[list[dict[str, Any]], list[str]]:
    """What a model may learn from: payloads of cases whose outcome is known, and those outcomes.

    In order of external id, so that the same cases are the same rows whenever they came. The protected
    attributes of a case are in a table that this does not read.
    """
    outcomes = Outcome.objects.filter(case__case_type_id=case_type_id).order_by("id")
    label_of = dict(outcomes.values_list("case_id", "label"))
    cases = (
        Case.objects.filter(pk__in=label_of, reduced_at__isnull=True)
        .order_by("external_id")
        .values_list("pk", flat=True)
    )
    stored = payloads(list(cases))
    return [stored[case_id] for case_id in cases], [label_of[case_id] for case_id in cases]

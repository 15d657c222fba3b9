"""Bringing a model in: its name, and versions that were tried before they are stored."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import IntegrityError, transaction
from django.db.models import Max

from cases.definitions import label_keys
from cases.models import CaseTypeVersion
from cases.queries import get_case_type
from hitl_platform.kernel.errors import Conflict, Invalid, TooLarge, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import ServiceKey
from hitl_platform.tenants.scope import tenant_scope
from models_registry import permissions, queries
from models_registry.artifacts import MAX_BYTES, ArtifactRefused, fingerprint, inspect_artifact
from models_registry.faults import ModelFault
from models_registry.features import Feature, extract, parse_features
from models_registry.models import Model, ModelArtifact, ModelVersion
from models_registry.outputs import honest_rows
from models_registry.sandbox import ModelRef, shared_sandbox

KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
MAX_METRICS_BYTES = 64 << 10


@dataclass(frozen=True)
class _Candidate:
    """A version that passed every check."""

    artifact: bytes
    sha256: str
    feature_schema: Mapping[str, Any]
    labels: list[str]
    metrics: Mapping[str, Any]
    is_linear: bool


@command
def create_model(*, actor: Actor, case_type_key: str, key: str, name: str) -> Model:
    """A named predictor for a case type, without any version yet."""
    require(permissions.can_register_models(actor))
    case_type = get_case_type(actor, case_type_key)
    if not KEY.fullmatch(key):
        reason = "takes lower-case letters, digits, - and _, at most 63, the first a letter"
        raise Invalid("The key is wrong.", fields={"key": [reason]})
    if not 1 <= len(name.strip()) <= 200:
        raise Invalid("The name is wrong.", fields={"name": ["has 1 to 200 characters"]})
    model = Model(tenant_id=actor.tenant_id, case_type=case_type, key=key, name=name.strip())
    try:
        with transaction.atomic():
            model.save(force_insert=True)
    except IntegrityError:
        raise Conflict(f"There is a model {key!r} already.", code="model_exists") from None
    record("model.created", model, actor=actor, body={"key": key, "case_type": case_type_key})
    return model


def register_version(
    *,
    actor: Actor,
    model_key: str,
    artifact: bytes,
    feature_schema: Any,
    labels: Any,
    metrics: Any = None,
    example: Any = None,
    trained_by: UUID | None = None,
) -> ModelVersion:
    """A new version of a model, loaded in the sandbox and tried on one payload before it is stored.

    `example` is a payload to try it on; without one, the feature schema makes one up. Runs outside any
    transaction but the last, short one. Raises Invalid naming the field, TooLarge, NotFound, Conflict for an
    artifact that this model has already.
    """
    with tenant_scope(actor.tenant_id):
        require(permissions.can_register_models(actor))
        case_type = queries.get_model(actor, model_key).case_type
        definition = CaseTypeVersion.objects.get(pk=case_type.current_version_id)
    if len(artifact) > MAX_BYTES:
        raise TooLarge(f"An artifact has at most {MAX_BYTES >> 20} MiB.")
    features = parse_features(feature_schema)
    _require_in_payload(features, definition)
    wanted = _checked_labels(labels, definition)
    candidate = _Candidate(
        artifact=artifact,
        sha256=fingerprint(artifact),
        feature_schema=feature_schema,
        labels=wanted,
        metrics=_checked_metrics(metrics),
        is_linear=_try_out(artifact, features, wanted, example),
    )
    return _store_version(actor=actor, model_key=model_key, candidate=candidate, trained_by=trained_by)


@command
def _store_version(*, actor: Actor, model_key: str, candidate: _Candidate, trained_by: UUID | None) -> ModelVersion:
    model = queries.get_model(actor, model_key)
    # two registrations at once take turns at the number
    Model.objects.select_for_update(no_key=True).get(pk=model.pk)
    if ModelVersion.objects.filter(model=model, sha256=candidate.sha256).exists():
        raise Conflict("This model has this very artifact already.", code="artifact_registered")
    highest = ModelVersion.objects.filter(model=model).aggregate(highest=Max("version"))["highest"]
    version = ModelVersion(
        tenant_id=actor.tenant_id,
        model=model,
        case_type_id=model.case_type_id,
        version=(highest or 0) + 1,
        sha256=candidate.sha256,
        feature_schema=candidate.feature_schema,
        labels=candidate.labels,
        metrics=candidate.metrics,
        is_linear=candidate.is_linear,
        trained_by=trained_by,
        registered_by=_person_behind(actor),
    )
    version.save(force_insert=True)
    ModelArtifact(tenant_id=actor.tenant_id, version=version, content=candidate.artifact).save(force_insert=True)
    body = {"model": model.key, "version": version.version, "sha256": version.sha256, "labels": version.labels}
    record("model_version.registered", version, actor=actor, body=body)
    return version


def _person_behind(actor: Actor) -> UUID:
    """Who answers for what the actor does: of a key, the person who made it."""
    if actor.kind != "key":
        return actor.id
    return ServiceKey.objects.values_list("created_by", flat=True).get(pk=actor.id) or actor.id


def _require_in_payload(features: Sequence[Feature], definition: CaseTypeVersion) -> None:
    """Refuse features that no payload of the type can have; protected attributes are never in a payload."""
    known = definition.payload_schema.get("properties", {})
    fields = {
        f"feature_schema.{feature.name}": [f"The payload has no property {feature.path[0]!r}."]
        for feature in features
        if feature.path[0] not in known
    }
    if fields:
        raise Invalid("The features are not all in the payload.", code="feature_not_in_payload", fields=fields)


def _checked_labels(labels: Any, definition: CaseTypeVersion) -> list[str]:
    known = label_keys(definition.labels)
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise Invalid("The labels are wrong.", fields={"labels": ["is a list of label keys"]})
    strangers = [label for label in labels if label not in known]
    if strangers or len(set(labels)) != len(labels) or len(labels) < 2:
        reason = f"lists two or more of the case type's labels, each once; it has {', '.join(known)}"
        raise Invalid("The labels are wrong.", fields={"labels": [reason]})
    return list(labels)


def _checked_metrics(metrics: Any) -> dict[str, Any]:
    if metrics is None:
        return {}
    if not isinstance(metrics, dict) or len(orjson.dumps(metrics)) > MAX_METRICS_BYTES:
        raise Invalid("The metrics are wrong.", fields={"metrics": ["is an object of at most 64 KiB"]})
    return metrics


def _try_out(artifact: bytes, features: Sequence[Feature], labels: list[str], example: Any) -> bool:
    """Load the artifact and ask it once; returns whether it is linear."""
    try:
        inspect_artifact(artifact)
    except ArtifactRefused as refusal:
        raise _refused("artifact", str(refusal), "artifact_refused") from refusal
    payload = _made_up(features) if example is None else example
    if not isinstance(payload, Mapping):
        raise _refused("example", "is a payload, an object", "example_invalid")
    extraction = extract(features, [payload])
    if extraction.problems:
        reasons = ", ".join(f"{name} {reason}" for name, reason in extraction.problems[0].items())
        raise _refused("example", reasons, "example_invalid")
    ref = ModelRef(fingerprint(artifact), tuple(labels), len(features))
    try:
        is_linear = shared_sandbox().load(ref, content=artifact)
        reply = shared_sandbox().predict(ref, extraction.columns, fetch=lambda: artifact)
    except ModelFault as fault:
        raise _refused("artifact", f"{fault.message} {fault.said}".strip(), fault.cause) from fault
    if not honest_rows(reply).all():
        raise _refused("artifact", "It does not answer the example with probabilities.", "model_invalid_output")
    return is_linear


def _made_up(features: Sequence[Feature]) -> dict[str, Any]:
    """A payload that fits: ones, first values, given substitutes."""
    payload: dict[str, Any] = {}
    for feature in features:
        place = payload
        for key in feature.path[:-1]:
            place = place.setdefault(key, {})
        if feature.type == "number":
            place[feature.path[-1]] = 1.0
        else:
            place[feature.path[-1]] = min(feature.values) if feature.values else (feature.missing_value or "x")
    return payload


def _refused(field: str, reason: str, code: str) -> Invalid:
    return Invalid(f"The {field} is refused: {reason}", code=code, fields={field: [reason]})

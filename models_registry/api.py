"""The REST API of models and their versions: parse, one service, present."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.http import QueryDict
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response
from rest_framework.views import APIView

from cases.validation import require_valid, validator_of
from hitl_platform.doors.authentication import actor_of, scope_required
from hitl_platform.doors.cursors import given_parameters
from hitl_platform.doors.idempotency import idempotent
from hitl_platform.doors.openapi import IDEMPOTENCY_KEY, answers
from hitl_platform.doors.uploads import UploadView, refuse_by_length
from hitl_platform.kernel import strict_json
from hitl_platform.kernel.errors import Invalid
from hitl_platform.tenants.models import KeyScope, Role
from hitl_platform.tenants.scope import tenant_scope
from models_registry import permissions, queries, services
from models_registry.artifacts import MAX_BYTES
from models_registry.models import ModelVersion
from models_registry.serializers import (
    DEFINITION,
    MODEL,
    VERSION_UPLOAD,
    ModelSerializer,
    ModelVersionSerializer,
)

MODEL_BODY = validator_of(MODEL)
DEFINITION_BODY = validator_of(DEFINITION)
MAX_DEFINITION_BYTES = 1 << 20
MAX_UPLOAD_BYTES = MAX_BYTES + MAX_DEFINITION_BYTES + (1 << 16)

MayRead = scope_required(KeyScope.MODELS_WRITE, roles=permissions.READERS)
MayRegister = scope_required(KeyScope.MODELS_WRITE, roles=(Role.ML_ENGINEER,))


class Models(APIView):
    def get_permissions(self) -> list[Any]:
        return [MayRead() if self.request.method == "GET" else MayRegister()]

    @extend_schema(operation_id="list_models", responses=answers(ok=ModelSerializer(many=True)))
    def get(self, request: Any) -> Response:
        """All models, by key."""
        given_parameters(request)
        return Response(ModelSerializer(queries.visible_models(actor_of(request)), many=True).data)

    @extend_schema(
        operation_id="create_model",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": MODEL},
        responses=answers(404, 409, 413, 415, 422, created=ModelSerializer),
    )
    @idempotent
    def post(self, request: Any) -> Response:
        """A named predictor for a case type; its versions are registered next."""
        body = request.data
        require_valid(MODEL_BODY, body, what="The model")
        model = services.create_model(
            actor=actor_of(request), case_type_key=body["case_type"], key=body["key"], name=body["name"]
        )
        return Response(ModelSerializer(model).data, status=201)


class Versions(UploadView):
    """A registration tries the model out, which takes seconds: no transaction is open meanwhile."""

    own_transactions = True
    parser_classes = [MultiPartParser]

    def get_permissions(self) -> list[Any]:
        return [MayRead() if self.request.method == "GET" else MayRegister()]

    @extend_schema(operation_id="list_model_versions", responses=answers(404, ok=ModelVersionSerializer(many=True)))
    def get(self, request: Any, key: str) -> Response:
        """The versions of a model, newest first."""
        given_parameters(request)
        actor = actor_of(request)
        with tenant_scope(actor.tenant_id):
            model = queries.get_model(actor, key)
            versions = queries.visible_versions(actor).filter(model=model)
            return Response(ModelVersionSerializer(versions, many=True).data)

    @extend_schema(
        operation_id="register_model_version",
        request={"multipart/form-data": VERSION_UPLOAD},
        responses=answers(404, 409, 413, 415, created=ModelVersionSerializer),
    )
    def post(self, request: Any, key: str) -> Response:
        """Upload a version: `artifact`, a skops file, and `definition`, a JSON document.

        The artifact is inspected, loaded in the sandbox and asked once before it is stored. It predicts
        nothing until a second person promotes it.
        """
        artifact, definition = _upload(request)
        version = services.register_version(
            actor=actor_of(request),
            model_key=key,
            artifact=artifact,
            feature_schema=definition["feature_schema"],
            labels=definition["labels"],
            metrics=definition.get("metrics"),
            example=definition.get("example"),
        )
        return Response(ModelVersionSerializer(version).data, status=201)


class VersionVerb(APIView):
    """A verb of one version, which answers what the version has become; `service` does it."""

    permission_classes = [MayRead]
    service: ClassVar[Callable[..., ModelVersion]]

    @idempotent
    def post(self, request: Any, key: str, number: int) -> Response:
        actor = actor_of(request)
        version = queries.get_numbered_version(actor, key, number=number)
        return Response(ModelVersionSerializer(self.service(actor=actor, version_id=version.pk)).data)


def version_verb(operation_id: str) -> Callable[[type[VersionVerb]], type[VersionVerb]]:
    """Tell the OpenAPI document of a verb; what it does is said by its docstring."""
    told = extend_schema(
        operation_id=operation_id,
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses=answers(404, 409, 422, ok=ModelVersionSerializer),
    )
    return extend_schema_view(post=told)


@version_verb("promote_model_version")
class Promotion(VersionVerb):
    """Let a version score its case type from now on. Only a person who did not make it may."""

    service = staticmethod(services.promote_version)


@version_verb("retire_model_version")
class Retirement(VersionVerb):
    """End a version; without a champion, cases of its type go to people."""

    service = staticmethod(services.retire_version)


def _upload(request: Any) -> tuple[bytes, dict[str, Any]]:
    """The parts of a registration, refused by their announced length before a byte is read."""
    refuse_by_length(request, most=MAX_UPLOAD_BYTES, what="An artifact with its definition")
    # a request without a body has no parts at all
    parts: Any = request.data if isinstance(request.data, QueryDict) else QueryDict()
    fields = {
        name: [f"Send it as {what}, once."]
        for name, what in (("artifact", "a file"), ("definition", "JSON"))
        if len(parts.getlist(name)) != 1 or (name == "artifact" and name not in request.FILES)
    }
    if fields or set(parts) != {"artifact", "definition"}:
        strangers = {name[:100]: ["There is no such part."] for name in set(parts) - {"artifact", "definition"}}
        raise Invalid("The upload is not valid.", fields=fields | strangers)
    document = parts["definition"]
    raw = document.encode() if isinstance(document, str) else document.read(MAX_DEFINITION_BYTES + 1)
    definition = strict_json.loads(raw, max_bytes=MAX_DEFINITION_BYTES)
    require_valid(DEFINITION_BODY, definition, what="The definition")
    return request.FILES["artifact"].read(), definition

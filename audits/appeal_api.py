"""The REST API of appeals, for the system that talks to the person: bring one in, follow it, take it back."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from audits import appeal_permissions, appeal_queries
from audits.models import Appeal
from audits.services.appeal_links import make_appeal_link
from audits.services.appeals import LONGEST_STATEMENT, receive_appeal, withdraw_appeal
from audits.states import AppealState
from cases.models import Case
from cases.queries import visible_cases
from cases.schemas import KEY, closed
from cases.validation import require_valid, validator_of
from hitl_platform.doors.authentication import actor_of, scope_required
from hitl_platform.doors.cursors import filtered, given_parameters, page_of, text_filter, uuid_filter
from hitl_platform.doors.idempotency import idempotent
from hitl_platform.doors.openapi import IDEMPOTENCY_KEY, PAGING_PARAMETERS, answers, page_serializer
from hitl_platform.kernel.errors import NotFound
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import KeyScope

APPEAL = closed(
    ["statement"],
    {
        "case_id": {"type": "string", "format": "uuid"},
        "case_type": KEY,
        "external_id": {"type": "string", "minLength": 1, "maxLength": 200},
        "statement": {
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST_STATEMENT,
            "description": "What the person says, in the person's own words; the people who hear the appeal read it.",
        },
    },
    oneOf=[{"required": ["case_id"]}, {"required": ["case_type", "external_id"]}],
)
NOTHING = closed([], {})
APPEAL_BODY, EMPTY_BODY = validator_of(APPEAL), validator_of(NOTHING)
FILTERS = {
    "state": text_filter("state", choices=tuple(AppealState)),
    "case_type": text_filter("case_type__key"),
    "external_id": text_filter("case__external_id"),
    "case": uuid_filter("case_id"),
}
MayPost = scope_required(KeyScope.CASES_WRITE, roles=appeal_permissions.HANDLERS)
MayFollow = scope_required(KeyScope.CASES_READ, roles=appeal_permissions.HANDLERS)


class AppealSerializer(serializers.ModelSerializer[Appeal]):
    """What to tell the person: where the appeal stands, by when it is answered, and the answer with its reasons."""

    case_type = serializers.CharField(source="case_type.key", read_only=True)
    external_id = serializers.CharField(source="case.external_id", read_only=True)
    result_label = serializers.CharField(source="result.label", read_only=True, allow_null=True, default=None)

    class Meta:
        model = Appeal
        fields = [
            "id",
            "case_id",
            "case_type",
            "external_id",
            "decision_id",
            "state",
            "received_at",
            "due_at",
            "result_id",
            "result_label",
            "outcome",
            "answer",
            "decided_at",
            "withdrawn_at",
        ]
        read_only_fields = fields


class AppealLinkSerializer(serializers.Serializer[Any]):
    """A link for the person whom the case concerns, and for nobody else."""

    url = serializers.CharField()
    expires_at = serializers.DateTimeField()


AppealPage = page_serializer(AppealSerializer)


class Appeals(APIView):
    def get_permissions(self) -> list[Any]:
        return [MayFollow() if self.request.method == "GET" else MayPost()]

    @extend_schema(
        operation_id="list_appeals",
        parameters=[*(OpenApiParameter(name, str) for name in FILTERS), *PAGING_PARAMETERS],
        responses=answers(ok=AppealPage),
    )
    def get(self, request: Any) -> Response:
        """Appeals, newest first, a page at a time."""
        actor = actor_of(request)
        parameters = given_parameters(request, allowed=FILTERS.__contains__)
        appeals = filtered(appeal_queries.visible_appeals(actor), parameters, filters=FILTERS)
        page = page_of(appeals, parameters, actor=actor, purpose="appeals")
        content = {"items": page.items, "next_cursor": page.next_cursor, "count": page.count}
        return Response(AppealPage(content).data)

    @extend_schema(
        operation_id="post_appeal",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": APPEAL},
        responses=answers(404, 409, 413, 415, 422, ok=AppealSerializer, created=AppealSerializer),
    )
    @idempotent
    def post(self, request: Any) -> Response:
        """A person appeals against the decision of a case; the same words again are the same appeal (200)."""
        actor, body = actor_of(request), request.data
        require_valid(APPEAL_BODY, body, what="The appeal")
        appeal, new = receive_appeal(actor=actor, case_id=_case_id(actor, body), statement=body["statement"])
        return _appeal(actor, appeal.pk, status=201 if new else 200)


class AppealDetail(APIView):
    permission_classes = [MayFollow]

    @extend_schema(operation_id="get_appeal", responses=answers(404, ok=AppealSerializer))
    def get(self, request: Any, appeal_id: UUID) -> Response:
        """Where an appeal stands."""
        given_parameters(request)
        return _appeal(actor_of(request), appeal_id)


class AppealWithdrawal(APIView):
    permission_classes = [MayPost]

    @extend_schema(
        operation_id="withdraw_appeal",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": NOTHING},
        responses=answers(404, 409, 413, 415, 422, ok=AppealSerializer),
    )
    @idempotent
    def post(self, request: Any, appeal_id: UUID) -> Response:
        """The person takes an appeal back that nobody has decided yet; the decision that stood stands again."""
        require_valid(EMPTY_BODY, request.data, what="The withdrawal")
        actor = actor_of(request)
        return _appeal(actor, withdraw_appeal(actor=actor, appeal_id=appeal_id).pk)


class AppealLink(APIView):
    permission_classes = [MayPost]

    @extend_schema(
        operation_id="make_appeal_link",
        request={"application/json": NOTHING},
        responses=answers(404, 413, 415, created=AppealLinkSerializer),
    )
    def post(self, request: Any, case_id: UUID) -> Response:
        """A link by which the person whom a case concerns may appeal without a login."""
        require_valid(EMPTY_BODY, request.data, what="The request")
        url, expires_at = make_appeal_link(actor=actor_of(request), case_id=case_id)
        return Response(AppealLinkSerializer({"url": url, "expires_at": expires_at}).data, status=201)


def _appeal(actor: Actor, appeal_id: UUID, *, status: int = 200) -> Response:
    appeal = appeal_queries.get_appeal(actor, appeal_id)
    headers = {"Location": f"/api/v1/appeals/{appeal.pk}/"} if status == 201 else None
    return Response(AppealSerializer(appeal).data, status=status, headers=headers)


def _case_id(actor: Actor, body: dict[str, Any]) -> UUID:
    if "case_id" in body:
        return UUID(body["case_id"])
    cases = visible_cases(actor).filter(case_type__key=body["case_type"], external_id=body["external_id"])
    found: Case | None = cases.first()
    if found is None:
        raise NotFound
    return found.pk

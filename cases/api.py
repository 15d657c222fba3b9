"""The REST API of case types, cases, decisions and outcomes: parse, one service, present."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.response import Response
from rest_framework.views import APIView

from cases import filters, permissions, queries, schemas, services
from cases.ndjson import lines_of
from cases.serializers import (
    CaseDetailSerializer,
    CaseSerializer,
    CaseTypeDetailSerializer,
    CaseTypeSerializer,
    CaseTypeVersionSerializer,
    DecisionSerializer,
    OutcomeSerializer,
    TimelineEventSerializer,
)
from cases.validation import read_time, require_valid, validator_of
from hitl_platform.doors.authentication import actor_of, scope_required
from hitl_platform.doors.cursors import Page, filtered, given_parameters, page_of
from hitl_platform.doors.idempotency import idempotent
from hitl_platform.doors.openapi import IDEMPOTENCY_KEY, PAGING_PARAMETERS, answers, page_serializer
from hitl_platform.doors.parsers import NDJSON, LinesParser, LinesRenderer
from hitl_platform.kernel.errors import Invalid
from hitl_platform.ledger.queries import case_events
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import KeyScope

CASE_TYPE_BODY = validator_of(schemas.CASE_TYPE)
SUBMISSION_BODY = validator_of(schemas.SUBMISSION)
WITHDRAWAL_BODY = validator_of(schemas.WITHDRAWAL)
OUTCOME_BODY = validator_of(schemas.OUTCOME)

MayRead = scope_required(KeyScope.CASES_READ, roles=permissions.READERS)
MaySubmit = scope_required(KeyScope.CASES_WRITE, roles=permissions.MANAGERS)
MayDefine = scope_required(KeyScope.CASE_TYPES_WRITE, roles=permissions.MANAGERS)
MayPostOutcomes = scope_required(KeyScope.OUTCOMES_WRITE, roles=permissions.MANAGERS)

CasePage = page_serializer(CaseSerializer)
DecisionPage = page_serializer(DecisionSerializer)
FROM_LINE = "from_line"


class CaseTypes(APIView):
    """Every kind of case there is."""

    def get_permissions(self) -> list[Any]:
        return [MayRead() if self.request.method == "GET" else MayDefine()]

    @extend_schema(operation_id="list_case_types", responses=answers(ok=CaseTypeSerializer(many=True)))
    def get(self, request: Any) -> Response:
        """All case types, by key."""
        given_parameters(request)
        case_types = queries.visible_case_types(actor_of(request)).order_by("key")
        return Response(CaseTypeSerializer(case_types, many=True).data)

    @extend_schema(
        operation_id="create_case_type",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": schemas.CASE_TYPE},
        responses=answers(409, 413, 415, 422, created=CaseTypeDetailSerializer),
    )
    @idempotent
    def post(self, request: Any) -> Response:
        """A new case type with its first version."""
        body = request.data
        require_valid(CASE_TYPE_BODY, body, what="The case type")
        definition = {name: part for name, part in body.items() if name not in ("key", "name")}
        actor = actor_of(request)
        services.create_case_type(actor=actor, key=body["key"], name=body["name"], definition=definition)
        return _case_type(actor, body["key"], status=201)


class CaseTypeDetail(APIView):
    permission_classes = [MayRead]

    @extend_schema(operation_id="get_case_type", responses=answers(404, ok=CaseTypeDetailSerializer))
    def get(self, request: Any, key: str) -> Response:
        """A case type and its version in force."""
        given_parameters(request)
        return _case_type(actor_of(request), key)


class Revisions(APIView):
    permission_classes = [MayDefine]

    @extend_schema(
        operation_id="revise_case_type",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": schemas.REVISION},
        responses=answers(404, 413, 415, 422, created=CaseTypeVersionSerializer),
    )
    @idempotent
    def post(self, request: Any, key: str) -> Response:
        """The next version of a case type; cases that are there keep theirs."""
        version = services.revise_case_type(actor=actor_of(request), case_type_key=key, definition=request.data)
        return Response(CaseTypeVersionSerializer(version).data, status=201)


class Cases(APIView):
    def get_permissions(self) -> list[Any]:
        return [MayRead() if self.request.method == "GET" else MaySubmit()]

    @extend_schema(
        operation_id="list_cases",
        parameters=[
            *(OpenApiParameter(name, str) for name in filters.CASE_FILTERS),
            OpenApiParameter(
                "facet.{key}",
                str,
                description="A facet of the case type (name `case_type` as well); but for text also with "
                "`__gte`, `__gt`, `__lte`, `__lt` after the key.",
            ),
            *PAGING_PARAMETERS,
        ],
        responses=answers(ok=CasePage),
    )
    def get(self, request: Any) -> Response:
        """Cases, newest first, a page at a time."""
        actor = actor_of(request)
        parameters = given_parameters(request, allowed=filters.is_case_parameter)
        cases = queries.visible_cases(actor).select_related("case_type", "type_version")
        cases = filtered(cases, parameters, filters=filters.case_filters(actor, parameters))
        return _page(CasePage, page_of(cases, parameters, actor=actor, purpose="cases"))

    @extend_schema(
        operation_id="submit_case",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": schemas.SUBMISSION},
        responses=answers(409, 413, 415, 422, ok=CaseSerializer, created=CaseSerializer),
    )
    @idempotent
    def post(self, request: Any) -> Response:
        """Submit one case. The same content under the same `external_id` answers the case that is there (200)."""
        body = request.data
        require_valid(SUBMISSION_BODY, body, what="The submission")
        submission = {name: part for name, part in body.items() if name != "case_type"}
        case, new = services.submit_case(
            actor=actor_of(request), case_type_key=body["case_type"], submission=submission
        )
        headers = {"Location": f"/api/v1/cases/{case.pk}/"}
        return Response(CaseSerializer(case).data, status=201 if new else 200, headers=headers)


class CaseDetail(APIView):
    permission_classes = [MayRead]

    @extend_schema(operation_id="get_case", responses=answers(404, ok=CaseDetailSerializer))
    def get(self, request: Any, case_id: UUID) -> Response:
        """A case with its payload, its decisions and its outcomes."""
        given_parameters(request)
        case = queries.get_full_case(actor_of(request), case_id)
        return Response(CaseDetailSerializer(case).data)


class Withdrawal(APIView):
    permission_classes = [MaySubmit]

    @extend_schema(
        operation_id="withdraw_case",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": schemas.WITHDRAWAL},
        responses=answers(404, 409, 413, 415, 422, ok=CaseSerializer),
    )
    @idempotent
    def post(self, request: Any, case_id: UUID) -> Response:
        """Take a case back that is not decided yet."""
        require_valid(WITHDRAWAL_BODY, request.data, what="The withdrawal")
        case = services.withdraw_case(actor=actor_of(request), case_id=case_id, reason=request.data.get("reason", ""))
        return Response(CaseSerializer(case).data)


class Outcomes(APIView):
    def get_permissions(self) -> list[Any]:
        return [MayRead() if self.request.method == "GET" else MayPostOutcomes()]

    @extend_schema(operation_id="list_outcomes", responses=answers(404, ok=OutcomeSerializer(many=True)))
    def get(self, request: Any, case_id: UUID) -> Response:
        """What turned out to be true of a case, first to last; the last one stands."""
        given_parameters(request)
        case = queries.get_case(actor_of(request), case_id)
        return Response(OutcomeSerializer(queries.outcomes_of(case), many=True).data)

    @extend_schema(
        operation_id="post_outcome",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": schemas.OUTCOME},
        responses=answers(404, 413, 415, 422, ok=OutcomeSerializer, created=OutcomeSerializer),
    )
    @idempotent
    def post(self, request: Any, case_id: UUID) -> Response:
        """Say what turned out to be true. Another outcome later supersedes this one; both are kept."""
        body = request.data
        require_valid(OUTCOME_BODY, body, what="The outcome")
        try:
            observed_at = read_time(body["observed_at"])
        except ValueError as error:
            raise Invalid("The outcome is not valid.", fields={"observed_at": [f"{error}."]}) from None
        outcome, new = services.post_outcome(
            actor=actor_of(request),
            case_id=case_id,
            label=body["label"],
            observed_at=observed_at,
            source=body.get("source", ""),
        )
        return Response(OutcomeSerializer(outcome).data, status=201 if new else 200)


class Timeline(APIView):
    permission_classes = [MayRead]

    @extend_schema(operation_id="get_timeline", responses=answers(404, ok=TimelineEventSerializer(many=True)))
    def get(self, request: Any, case_id: UUID) -> Response:
        """The story of a case, as the ledger tells it."""
        given_parameters(request)
        actor = actor_of(request)
        events = case_events(actor, queries.get_case(actor, case_id))
        return Response(TimelineEventSerializer(events, many=True).data)


class CaseDecisions(APIView):
    permission_classes = [MayRead]

    @extend_schema(operation_id="list_decisions_of_case", responses=answers(404, ok=DecisionSerializer(many=True)))
    def get(self, request: Any, case_id: UUID) -> Response:
        """The decisions of a case, first to last; the last one stands."""
        given_parameters(request)
        case = queries.get_case(actor_of(request), case_id)
        return Response(DecisionSerializer(queries.decisions_of(case), many=True).data)


class Decisions(APIView):
    permission_classes = [MayRead]

    @extend_schema(
        operation_id="list_decisions",
        parameters=[*(OpenApiParameter(name, str) for name in filters.DECISION_FILTERS), *PAGING_PARAMETERS],
        responses=answers(ok=DecisionPage),
    )
    def get(self, request: Any) -> Response:
        """Decisions, newest first, a page at a time."""
        actor = actor_of(request)
        parameters = given_parameters(request, allowed=filters.DECISION_FILTERS.__contains__)
        decisions = filtered(queries.visible_decisions(actor), parameters, filters=filters.DECISION_FILTERS)
        return _page(DecisionPage, page_of(decisions, parameters, actor=actor, purpose="decisions"))


class BulkSubmission(APIView):
    """A stream of lines in, a stream of reports out; each chunk is a transaction of its own."""

    own_transactions = True
    permission_classes = [MaySubmit]
    parser_classes = [LinesParser]
    renderer_classes = [LinesRenderer]

    @extend_schema(
        operation_id="submit_cases",
        parameters=[
            OpenApiParameter(
                FROM_LINE, {"type": "integer", "minimum": 1, "default": 1}, description="Skip the lines before this."
            )
        ],
        request={NDJSON: schemas.LINE},
        responses={(200, NDJSON): schemas.REPORT} | answers(404, 415),
    )
    def post(self, request: Any, key: str) -> HttpResponseBase:
        """Submit many cases, one JSON object a line.

        Answers a line for each line that is wrong, now and then `progress`, and at the end a `summary`. Good
        lines are kept whatever becomes of others. After an interruption send the file again, from the line
        after the last reported `last_line`, or all of it: what is there already stays as it is.
        """
        parameters = given_parameters(request, allowed={FROM_LINE}.__contains__)
        if request.content_type.partition(";")[0].strip() != NDJSON:
            raise UnsupportedMediaType(request.content_type, f"The body is {NDJSON}: one JSON object a line.")
        actor, from_line = actor_of(request), _from_line(parameters.get(FROM_LINE, "1"))
        version = services.open_bulk(actor=actor, case_type_key=key)
        lines = lines_of(_reader(request._request), max_bytes=schemas.MAX_SUBMISSION_BYTES)
        reports = services.submit_lines(actor=actor, version=version, lines=lines, from_line=from_line)
        return StreamingHttpResponse(_encoded(reports), content_type=NDJSON)


def _page(serializer: Any, page: Page[Any]) -> Response:
    content = {"items": page.items, "next_cursor": page.next_cursor, "count": page.count}
    return Response(serializer(content).data)


def _case_type(actor: Actor, key: str, *, status: int = 200) -> Response:
    version = queries.get_current_version(actor, key)
    case_type = version.case_type
    case_type.current_version = version
    headers = {"Location": f"/api/v1/case-types/{key}/"} if status == 201 else None
    return Response(CaseTypeDetailSerializer(case_type).data, status=status, headers=headers)


def _from_line(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 12 or int(text) < 1:
        raise Invalid("The query is not valid.", fields={FROM_LINE: ["A line's number, from 1."]})
    return int(text)


def _reader(request: Any) -> Any:
    """What reads the body as it arrives: to its end where the server knows it, else up to its length."""
    if request.environ.get("wsgi.input_terminated"):
        return request.environ["wsgi.input"].read
    return request.read


def _encoded(reports: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    for report in reports:
        yield orjson.dumps(report, option=orjson.OPT_APPEND_NEWLINE)

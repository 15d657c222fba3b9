"""The REST API of figures: read them, be scraped, say what subjects thought, declare what decisions cost."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from audits import performance_permissions, performance_queries
from audits.exposition import CONTENT_TYPE, exposition
from audits.models import Baseline, Satisfaction
from audits.models.performance import MOST_STARS
from audits.performance import Figure
from audits.performance_queries import EVERY, Part
from audits.services.performance import declare_baseline, post_satisfaction
from cases.queries import get_case_type
from cases.schemas import closed
from cases.validation import read_time, require_valid, validator_of
from hitl_platform.doors.authentication import actor_of, scope_required
from hitl_platform.doors.cursors import given_parameters
from hitl_platform.doors.idempotency import idempotent
from hitl_platform.doors.openapi import IDEMPOTENCY_KEY, answers
from hitl_platform.kernel.errors import Invalid, NotFound
from hitl_platform.tenants.models import KeyScope

_MONEY = {"type": "string", "pattern": r"^\d{1,8}(\.\d{1,4})?$", "description": "An amount such as 12.50."}
BASELINE = closed(
    ["currency", "cost_per_decision", "cost_per_hour", "cost_per_automatic", "source"],
    {
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217, such as EUR."},
        "cost_per_decision": _MONEY,
        "cost_per_hour": _MONEY,
        "cost_per_automatic": _MONEY,
        "source": {"type": "string", "minLength": 1, "maxLength": 500, "description": "Where the figures come from."},
    },
)
MARK = closed(
    ["stars", "reference", "given_at"],
    {
        "stars": {"type": "integer", "minimum": 1, "maximum": MOST_STARS},
        "reference": {
            "type": "string",
            "minLength": 1,
            "maxLength": 200,
            "description": "The answer's id where it was given; each counts once.",
        },
        "given_at": {"type": "string", "format": "date-time"},
    },
)
BASELINE_BODY, MARK_BODY = validator_of(BASELINE), validator_of(MARK)
PERIOD = [
    OpenApiParameter("from", OpenApiTypes.DATE, description="First day, in UTC. Thirty days before `to` if left out."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="Last day, in UTC. Today if left out."),
    OpenApiParameter("by", OpenApiTypes.STR, enum=list(EVERY), description="How long each stretch of time is."),
    OpenApiParameter("case_type", OpenApiTypes.STR, description="Key of a case type."),
    OpenApiParameter("queue", OpenApiTypes.STR, description="Key of a queue."),
]
MayRead = scope_required(KeyScope.FIGURES_READ, roles=performance_permissions.READERS)
MayDeclare = scope_required(roles=performance_permissions.MANAGERS)
MayPost = scope_required(KeyScope.OUTCOMES_WRITE, roles=performance_permissions.MANAGERS)


class FigureSerializer(serializers.Serializer[Figure]):
    """A figure with its definition, the n that it rests on and its 95 % interval; `value` null: not defined."""

    key = serializers.CharField(source="definition.key")
    family = serializers.CharField(source="definition.family")
    title = serializers.CharField(source="definition.title")
    unit = serializers.CharField(source="definition.unit")
    says = serializers.CharField(source="definition.says")
    value = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    currency = serializers.CharField()


class PartSerializer(serializers.Serializer[Part]):
    """The figures of a stretch of time, a case type or a queue, by key."""

    name = serializers.CharField()
    key = serializers.CharField()
    figures = serializers.SerializerMethodField()

    def get_figures(self, part: Part) -> dict[str, Any]:
        return {
            key: {"value": figure.value, "n": figure.n, "low": figure.low, "high": figure.high}
            for key, figure in part.figures.items()
        }


class PerformanceSerializer(serializers.Serializer[performance_queries.Performance]):
    since = serializers.DateField(source="period.since")
    until = serializers.DateField(source="period.until")
    by = serializers.CharField(source="period.by")
    figures = serializers.SerializerMethodField()
    over_time = PartSerializer(many=True)
    by_case_type = PartSerializer(many=True, source="by_type")
    by_queue = PartSerializer(many=True)

    def get_figures(self, told: performance_queries.Performance) -> list[dict[str, Any]]:
        return [dict(FigureSerializer(figure).data) for figure in told.figures.values()]


class BaselineSerializer(serializers.ModelSerializer[Baseline]):
    class Meta:
        model = Baseline
        fields = [
            "version", "currency", "cost_per_decision", "cost_per_hour", "cost_per_automatic", "source", "declared_at",
        ]  # fmt: skip
        read_only_fields = fields


class SatisfactionSerializer(serializers.ModelSerializer[Satisfaction]):
    class Meta:
        model = Satisfaction
        fields = ["id", "case_id", "stars", "reference", "given_at"]
        read_only_fields = fields


class PerformanceFigures(APIView):
    permission_classes = [MayRead]

    @extend_schema(operation_id="get_performance", parameters=PERIOD, responses=answers(ok=PerformanceSerializer))
    def get(self, request: Any) -> Response:
        """The figures of a period: all together, over time, by case type and by queue."""
        given = given_parameters(request, allowed={each.name for each in PERIOD}.__contains__)
        actor = actor_of(request)
        period = performance_queries.read_period(actor, given)
        return Response(PerformanceSerializer(performance_queries.performance_of(actor, period)).data)


class Metrics(APIView):
    permission_classes = [MayRead]

    @extend_schema(operation_id="scrape", responses={(200, "text/plain"): OpenApiTypes.STR})
    def get(self, request: Any) -> HttpResponse:
        """What stands and waits now, as a Prometheus server scrapes it (`bearer_token` is a key's secret)."""
        given_parameters(request)
        return HttpResponse(exposition(actor_of(request)), content_type=CONTENT_TYPE)


class Baselines(APIView):
    def get_permissions(self) -> list[Any]:
        return [MayRead() if self.request.method == "GET" else MayDeclare()]

    @extend_schema(operation_id="get_baseline", responses=answers(404, ok=BaselineSerializer))
    def get(self, request: Any, key: str) -> Response:
        """What decisions of a type cost before, as last declared."""
        given_parameters(request)
        case_type = get_case_type(actor_of(request), key)
        baseline = Baseline.objects.filter(case_type=case_type).order_by("-version").first()
        if baseline is None:
            raise NotFound
        return Response(BaselineSerializer(baseline).data)

    @extend_schema(
        operation_id="declare_baseline",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": BASELINE},
        responses=answers(404, 413, 415, 422, created=BaselineSerializer),
    )
    @idempotent
    def post(self, request: Any, key: str) -> Response:
        """Declare what decisions of a type cost before, and what work costs now: a new version."""
        body = request.data
        require_valid(BASELINE_BODY, body, what="The baseline")
        amounts = {name: Decimal(body[name]) for name in ("cost_per_decision", "cost_per_hour", "cost_per_automatic")}
        baseline = declare_baseline(
            actor=actor_of(request), case_type_key=key, currency=body["currency"], source=body["source"], **amounts
        )
        return Response(BaselineSerializer(baseline).data, status=201)


class SatisfactionMarks(APIView):
    permission_classes = [MayPost]

    @extend_schema(
        operation_id="post_satisfaction",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": MARK},
        responses=answers(404, 413, 415, 422, ok=SatisfactionSerializer, created=SatisfactionSerializer),
    )
    @idempotent
    def post(self, request: Any, case_id: UUID) -> Response:
        """Say how the subject found the way the case was decided, 1 to 5; of several, the last given counts."""
        body = request.data
        require_valid(MARK_BODY, body, what="The mark")
        try:
            given_at = read_time(body["given_at"])
        except ValueError as error:
            raise Invalid("The mark is not valid.", fields={"given_at": [f"{error}."]}) from None
        mark, new = post_satisfaction(
            actor=actor_of(request),
            case_id=case_id,
            stars=body["stars"],
            reference=body["reference"],
            given_at=given_at,
        )
        return Response(SatisfactionSerializer(mark).data, status=201 if new else 200)

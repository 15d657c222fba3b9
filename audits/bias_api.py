"""The REST API of bias audits: parse, one service, present. That a report is read or carried away is recorded."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from audits import bias_queries, permissions
from audits.bias_export_views import exported
from audits.bias_schemas import BIAS_AUDIT, SIGNATURE
from audits.bias_serializers import BiasAuditDetailSerializer, BiasAuditSerializer
from audits.models import BiasAudit
from audits.services.bias import cancel_bias_audit, request_bias_audit, sign_bias_audit
from audits.states import AuditState
from cases.validation import require_valid, validator_of
from hitl_platform.doors.authentication import actor_of, scope_required
from hitl_platform.doors.cursors import filtered, given_parameters, page_of, text_filter
from hitl_platform.doors.idempotency import idempotent
from hitl_platform.doors.openapi import IDEMPOTENCY_KEY, PAGING_PARAMETERS, answers, page_serializer
from hitl_platform.tenants.models import KeyScope

SIGNATURE_BODY = validator_of(SIGNATURE)
FILTERS = {"case_type": text_filter("case_type__key"), "state": text_filter("state", choices=tuple(AuditState))}

MayRead = scope_required(KeyScope.AUDITS_READ, KeyScope.AUDITS_WRITE, roles=permissions.AUDITORS)
MayAsk = scope_required(KeyScope.AUDITS_WRITE, roles=permissions.AUDITORS)
BiasAuditPage = page_serializer(BiasAuditSerializer)


class BiasAudits(APIView):
    def get_permissions(self) -> list[Any]:
        return [MayRead() if self.request.method == "GET" else MayAsk()]

    @extend_schema(
        operation_id="list_bias_audits",
        parameters=[*PAGING_PARAMETERS],
        responses=answers(ok=BiasAuditPage),
    )
    def get(self, request: Any) -> Response:
        """Bias audits, newest first, a page at a time; `case_type` and `state` narrow the list."""
        actor = actor_of(request)
        parameters = given_parameters(request, allowed=FILTERS.__contains__)
        audits = filtered(bias_queries.listed_audits(actor), parameters, filters=FILTERS)
        page = page_of(audits, parameters, actor=actor, purpose="bias audits")
        content = {"items": page.items, "next_cursor": page.next_cursor, "count": page.count}
        return Response(BiasAuditPage(content).data)

    @extend_schema(
        operation_id="request_bias_audit",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": BIAS_AUDIT},
        responses=answers(404, 413, 415, 422, created=BiasAuditDetailSerializer),
    )
    @idempotent
    def post(self, request: Any) -> Response:
        """Ask for an audit. A worker freezes its population and computes; follow it at its own address."""
        audit = request_bias_audit(actor=actor_of(request), asked=request.data)
        headers = {"Location": f"/api/v1/bias-audits/{audit.pk}/"}
        return Response(BiasAuditDetailSerializer(audit).data, status=201, headers=headers)


class BiasAuditDetail(APIView):
    permission_classes = [MayRead]

    @extend_schema(operation_id="get_bias_audit", responses=answers(404, ok=BiasAuditDetailSerializer))
    def get(self, request: Any, audit_id: UUID) -> Response:
        """How far an audit is, and what it found."""
        given_parameters(request)
        return _audit(request, audit_id)


class CancelBiasAudit(APIView):
    permission_classes = [MayAsk]

    @extend_schema(
        operation_id="cancel_bias_audit",
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses=answers(404, 409, 422, ok=BiasAuditDetailSerializer),
    )
    @idempotent
    def post(self, request: Any, audit_id: UUID) -> Response:
        """Stop an audit that is not finished; what is frozen stays."""
        cancel_bias_audit(actor=actor_of(request), audit_id=audit_id)
        return _audit(request, audit_id)


class SignBiasAudit(APIView):
    permission_classes = [MayAsk]

    @extend_schema(
        operation_id="sign_bias_audit",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": SIGNATURE},
        responses=answers(404, 409, 413, 415, 422, ok=BiasAuditDetailSerializer),
    )
    @idempotent
    def post(self, request: Any, audit_id: UUID) -> Response:
        """Answer for having read the report: only a person who did not run it may."""
        require_valid(SIGNATURE_BODY, request.data, what="The signature")
        sign_bias_audit(actor=actor_of(request), audit_id=audit_id, statement=request.data["statement"])
        return _audit(request, audit_id)


class _AsItIs(BaseRenderer):
    """Names a media type to clients that ask for it; the file is there already."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> Any:
        return data


class PdfRenderer(_AsItIs):
    media_type, format = "application/pdf", "pdf"


class CsvRenderer(_AsItIs):
    media_type, format = "text/csv", "csv"


class _Report(APIView):
    """A finished report as a file; that it was carried away is recorded."""

    permission_classes = [MayRead]
    form: ClassVar[str]

    def get(self, request: Any, audit_id: UUID) -> HttpResponse:
        """The report of a finished audit."""
        given_parameters(request)
        return exported(actor_of(request), audit_id, form=self.form)


class ReportAsPdf(_Report):
    form = "pdf"
    renderer_classes = [JSONRenderer, PdfRenderer]

    @extend_schema(operation_id="get_bias_report_pdf", responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    def get(self, request: Any, audit_id: UUID) -> HttpResponse:
        """The report on paper."""
        return super().get(request, audit_id)


class ReportAsCsv(_Report):
    form = "csv"
    renderer_classes = [JSONRenderer, CsvRenderer]

    @extend_schema(operation_id="get_bias_report_csv", responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Any, audit_id: UUID) -> HttpResponse:
        """Every number of the report, a line each."""
        return super().get(request, audit_id)


class ReportAsJson(_Report):
    form = "json"

    @extend_schema(operation_id="get_bias_report_json", responses=answers(404, ok=OpenApiTypes.OBJECT))
    def get(self, request: Any, audit_id: UUID) -> HttpResponse:
        """The document itself, to the byte what `report_sha256` is the digest of."""
        return super().get(request, audit_id)


def _audit(request: Any, audit_id: UUID) -> Response:
    audit: BiasAudit = bias_queries.get_audit(actor_of(request), audit_id)
    return Response(BiasAuditDetailSerializer(audit).data)

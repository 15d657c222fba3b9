"""The ledger for auditors: its newest checkpoint, and all of it as a zip that verifies itself."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from hitl_platform.kernel.errors import Invalid
from hitl_platform.ledger import permissions, queries
from hitl_platform.ledger.exports import zip_stream
from hitl_platform.ledger.services import erase_personal, note_export

MAX_SEQ = 2**53


class MayReadLedger(BasePermission):
    """A key with the scope ledger:read, or a member who answers for compliance."""

    message = "This needs a key with the scope ledger:read, or the role compliance officer or owner."

    def has_permission(self, request: Any, view: Any) -> bool:
        actor = request._request.actor
        return actor is not None and permissions.can_read_ledger(actor)


class ZipRenderer(BaseRenderer):
    """Names the media type to clients that ask for it; the stream writes itself."""

    media_type = "application/zip"
    format = "zip"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> Any:
        return data


class NoteRenderer(ZipRenderer):
    """A signed note is plain text."""

    media_type = "text/plain"
    format = "note"
    charset = "utf-8"


class LedgerExport(APIView):
    """The whole ledger of the tenant, as a stream that opens its own short scopes."""

    permission_classes = [MayReadLedger]
    # refusals are JSON
    renderer_classes = [JSONRenderer, ZipRenderer]
    own_transactions = True

    @extend_schema(
        operation_id="export_ledger",
        parameters=[OpenApiParameter("since", int, description="the first seq; 0 is the whole ledger")],
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: Any) -> HttpResponseBase:
        """All sealed events with their proof: unpack, then `python3 verify.py .`."""
        actor = request._request.actor
        ledger = queries.get_ledger(actor, since=_since(request))
        note_export(actor=actor, since=ledger.since, size=ledger.size)
        response = StreamingHttpResponse(zip_stream(ledger), content_type="application/zip")
        response["Content-Disposition"] = f'attachment; filename="ledger-{ledger.since}-{ledger.size}.zip"'
        return response


class LatestCheckpoint(APIView):
    """What to keep: it convicts a ledger that is rewritten later."""

    permission_classes = [MayReadLedger]
    renderer_classes = [JSONRenderer, NoteRenderer]

    @extend_schema(operation_id="get_checkpoint", responses={(200, "text/plain"): OpenApiTypes.STR})
    def get(self, request: Any) -> HttpResponse:
        """The newest signed checkpoint, as a C2SP signed note."""
        checkpoint = queries.get_checkpoint(request._request.actor)
        return HttpResponse(checkpoint.note, content_type="text/plain; charset=utf-8")


class MayErasePersonal(BasePermission):
    """A compliance officer."""

    message = "This needs the role compliance officer."

    def has_permission(self, request: Any, view: Any) -> bool:
        actor = request._request.actor
        return actor is not None and permissions.can_erase_personal(actor)


class ErasedSerializer(serializers.Serializer[Any]):
    erased = serializers.ListField(child=serializers.CharField(), read_only=True, help_text="Names of the values.")


class PersonalErasure(APIView):
    """The personal values beside one event; its digests stay, and so does every proof."""

    permission_classes = [MayErasePersonal]

    @extend_schema(operation_id="erase_personal", request=None, responses={200: ErasedSerializer})
    def post(self, request: Any, event_id: UUID) -> Response:
        """Erase them. It cannot be undone."""
        names = erase_personal(actor=request._request.actor, event_id=event_id)
        return Response(ErasedSerializer({"erased": names}).data)


def _since(request: Any) -> int:
    text = request.query_params.get("since", "0")
    if not text.isascii() or not text.isdigit() or int(text[:17]) > MAX_SEQ:
        raise Invalid("The parameter is not valid.", fields={"since": ["a whole number, 0 or more"]})
    return int(text)

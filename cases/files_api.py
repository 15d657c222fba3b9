"""The REST API of evidence files: parse, one service a file, present.

Files take time to arrive and to be stored, so no transaction is open meanwhile: each service opens its own.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response
from rest_framework.views import APIView

from cases import permissions, queries, schemas, services
from cases.api import SUBMISSION_BODY, MayRead, MaySubmit
from cases.models import EvidenceFile
from cases.serializers import CaseWithFilesSerializer, EvidenceFileSerializer
from cases.services.files import Examined
from cases.validation import require_valid, validator_of
from hitl_platform.doors.authentication import actor_of, scope_required
from hitl_platform.doors.cursors import given_parameters
from hitl_platform.doors.openapi import answers
from hitl_platform.doors.parsers import MAX_BODY_BYTES, StrictJSONParser
from hitl_platform.doors.uploads import UploadView, refuse_by_length
from hitl_platform.kernel import strict_json
from hitl_platform.kernel.errors import Invalid
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import KeyScope, Role
from hitl_platform.tenants.scope import tenant_scope

FILE_BY_URL_BODY = validator_of(schemas.FILE_BY_URL)
MOST_AT_ONCE = 10

MayErase = scope_required(KeyScope.CASES_WRITE, roles=(*permissions.MANAGERS, Role.COMPLIANCE_OFFICER))


class CaseFiles(UploadView):
    """The evidence files of one case."""

    own_transactions = True
    parser_classes = [StrictJSONParser, MultiPartParser]

    def get_permissions(self) -> list[Any]:
        return [MayRead() if self.request.method == "GET" else MaySubmit()]

    @extend_schema(operation_id="list_files", responses=answers(404, ok=EvidenceFileSerializer(many=True)))
    def get(self, request: Any, case_id: UUID) -> Response:
        """The files of a case: those that are there, those still being fetched, and why others were refused."""
        given_parameters(request)
        actor = actor_of(request)
        with tenant_scope(actor.tenant_id):
            files = queries.files_of(queries.get_case(actor, case_id))
            return Response(EvidenceFileSerializer(files, many=True).data)

    @extend_schema(
        operation_id="add_files",
        request={"multipart/form-data": schemas.FILES_UPLOAD, "application/json": schemas.FILE_BY_URL},
        responses=answers(
            404, 409, 413, 415, ok=EvidenceFileSerializer(many=True), created=EvidenceFileSerializer(many=True)
        ),
    )
    def post(self, request: Any, case_id: UUID) -> Response:
        """Add files to a case that is not decided yet: as parts named `file`, or by `url`.

        A name leads to one file: sent again with the same bytes, it is the file that is there (200). A file by
        URL answers as `fetching`; ask again to see it `stored`, or `refused` with its `problem`.
        """
        actor = actor_of(request)
        refuse_by_length(request, most=settings.UPLOAD_MAX_BYTES, what="An upload")
        if isinstance(request.data, QueryDict):
            files, new = _add(actor, case_id, _examined(request, parts={"file"}))
        else:
            require_valid(FILE_BY_URL_BODY, request.data, what="The file")
            files, new = [services.add_url(actor=actor, case_id=case_id, **request.data)], True
        return Response(EvidenceFileSerializer(files, many=True).data, status=201 if new else 200)


class CasesWithFiles(UploadView):
    """A case and its files in one request."""

    own_transactions = True
    permission_classes = [MaySubmit]
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="submit_case_with_files",
        request={"multipart/form-data": schemas.CASE_UPLOAD},
        responses=answers(409, 413, 415, ok=CaseWithFilesSerializer, created=CaseWithFilesSerializer),
    )
    def post(self, request: Any) -> Response:
        """Submit one case (`case`, the JSON of a submission) with its files (parts named `file`).

        Every file is looked at before the case is stored; sent again, it is the same case with the same files.
        """
        actor = actor_of(request)
        refuse_by_length(request, most=settings.UPLOAD_MAX_BYTES, what="An upload")
        files = _examined(request, parts={"file", "case"})
        body = _case_part(request)
        require_valid(SUBMISSION_BODY, body, what="The submission")
        submission = {name: part for name, part in body.items() if name != "case_type"}
        case, new = services.submit_case(actor=actor, case_type_key=body["case_type"], submission=submission)
        added, _ = _add(actor, case.pk, files)
        content = {"case": case, "files": added}
        headers = {"Location": f"/api/v1/cases/{case.pk}/"}
        return Response(CaseWithFilesSerializer(content).data, status=201 if new else 200, headers=headers)


class FileDetail(APIView):
    permission_classes = [MayRead]

    @extend_schema(operation_id="get_file", responses=answers(404, ok=EvidenceFileSerializer))
    def get(self, request: Any, file_id: UUID) -> Response:
        """What is known of a file; its bytes are at its `url`."""
        given_parameters(request)
        return Response(EvidenceFileSerializer(queries.get_file(actor_of(request), file_id)).data)


class Erasure(APIView):
    permission_classes = [MayErase]

    @extend_schema(operation_id="erase_file", request=None, responses=answers(404, 409, ok=EvidenceFileSerializer))
    def post(self, request: Any, file_id: UUID) -> Response:
        """Erase a file for good, its name and its bytes; the ledger keeps the digest of what was there."""
        return Response(EvidenceFileSerializer(services.erase_file(actor=actor_of(request), file_id=file_id)).data)


def _examined(request: Any, *, parts: set[str]) -> list[Examined]:
    """The files of an upload, each looked at; raises Invalid for other parts and for too many or too few files."""
    given: Any = request.data if isinstance(request.data, QueryDict) else QueryDict()
    fields = {name[:100]: ["There is no such part."] for name in set(given) - parts}
    uploads = request.FILES.getlist("file")
    if not 0 < len(uploads) <= MOST_AT_ONCE or len(uploads) != len(given.getlist("file")):
        fields["file"] = [f"Send 1 to {MOST_AT_ONCE} parts named `file`, each with a file name."]
    if len({upload.name for upload in uploads}) != len(uploads):
        fields["file"] = ["Two files have the same name."]
    if fields:
        raise Invalid("The upload is not valid.", fields=fields)
    return [services.examine_file(name=upload.name, content=upload) for upload in uploads]


def _case_part(request: Any) -> Any:
    documents = request.data.getlist("case")
    if len(documents) != 1:
        raise Invalid("The upload is not valid.", fields={"case": ["Send the submission as JSON, once."]})
    (document,) = documents
    raw = document.encode() if isinstance(document, str) else document.read(MAX_BODY_BYTES + 1)
    body = strict_json.loads(raw, max_bytes=MAX_BODY_BYTES)
    if not isinstance(body, dict):
        raise Invalid("The part `case` must be a JSON object.", code="not_an_object")
    return body


def _add(actor: Actor, case_id: UUID, files: list[Examined]) -> tuple[list[EvidenceFile], bool]:
    added = [services.add_file(actor=actor, case_id=case_id, examined=file) for file in files]
    return [file for file, _ in added], any(new for _, new in added)

"""The bytes of evidence files, from an address of their own, for those who may see the case.

They are strangers' bytes: no page of ours runs them, so the policy of this address is a sandbox, the type is the one
that was sniffed, and only raster images may be shown in place.
"""

from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponseBase, HttpResponseNotModified
from django.utils.http import content_disposition_header, parse_etags, quote_etag
from django.views.decorators.http import require_safe

from cases import media_types, permissions, stored_files
from cases.models import EvidenceFile
from cases.states import FileState
from hitl_platform.kernel.errors import NotFound, Unavailable
from hitl_platform.tenants.actor import Actor
from reviews.models import Seat
from reviews.states import SeatState

# may be kept by the reader alone, and is asked for again each time: a seat that is given back sees nothing more
CACHE = "private, no-cache"


@require_safe
def evidence_file(request: HttpRequest, file_id: UUID) -> HttpResponseBase:
    """One stored file; for everybody who may not see its case there is none."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]  # set by the scope's middleware
    file = EvidenceFile.objects.filter(pk=file_id, state=FileState.STORED).first() if actor else None
    if actor is None or file is None or not can_see_file(actor, file):
        raise NotFound
    etag = quote_etag(str(file.sha256))
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return _marked(HttpResponseNotModified(), etag)
    try:
        content = stored_files.open_stored(file.storage_key)  # type: ignore[arg-type]  # a stored file has one
    except FileNotFoundError as gone:
        raise Unavailable("The file cannot be read now.") from gone
    response = FileResponse(content, content_type=_content_type(file.media_type))
    response["Content-Length"] = str(file.size)
    response["Content-Disposition"] = disposition(file)
    return _marked(response, etag)


def can_see_file(actor: Actor, file: EvidenceFile) -> bool:
    """Whether the actor reads cases, or has a seat on this one in hand or submitted."""
    if permissions.can_read_cases(actor):
        return True
    seats = Seat.objects.filter(case_id=file.case_id, reviewer_id=actor.id).exclude(state=SeatState.CANCELLED)
    return actor.kind == "user" and seats.exists()


def disposition(file: EvidenceFile) -> str:
    """Shown in place where it is a raster image, else saved; under a name that ends as its bytes are."""
    endings = media_types.EXTENSIONS[file.media_type]
    name = PurePath(file.name)
    ends_well = name.suffix[1:].lower() in endings
    shown_name = file.name if ends_well else f"{file.name}.{endings[0]}"
    header = content_disposition_header(file.media_type not in media_types.RASTER, shown_name)
    return header or "inline"


def _content_type(media_type: str) -> str:
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


def _marked(response: Any, etag: str) -> HttpResponseBase:
    response["ETag"] = etag
    response["Cache-Control"] = CACHE
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response  # type: ignore[no-any-return]  # one of the two above

"""The bytes of evidence files, from an address of their own, for those who may see the case.

They are strangers' bytes: no page of ours runs them, so the policy of this address is a sandbox, the type is the one
that was sniffed, and only raster images may be shown in place. Text is read by us and shown as words of our own page.
"""

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.shortcuts import render
from django.utils.http import content_disposition_header, parse_etags, quote_etag
from django.views.decorators.http import require_GET, require_safe

from cases import media_types, permissions, stored_files
from cases.models import EvidenceFile
from cases.queries import numbered_file
from cases.states import FileState
from hitl_platform.doors.authentication import actor_required
from hitl_platform.kernel.errors import NotFound, Unavailable
from hitl_platform.tenants.actor import Actor
from reviews import permissions as seat_permissions
from reviews import queries
from reviews.models import Seat
from reviews.services.practice import may_practise_with
from reviews.states import SeatState
from reviews.views import PortalRequest

# may be kept by the reader alone, and is asked for again each time: a seat that is given back sees nothing more
CACHE = "private, no-cache"
# so much of a text is shown in a page; the rest is in the file
MOST_READ = 262_144
_RANGE = re.compile(r"bytes=(\d{1,18})?-(\d{1,18})?")
# what cannot be answered: it begins behind the end
NO_PART = (-1, -1)


@dataclass
class Part:
    """So many bytes of an open file from its place on; closing it closes the file."""

    file: Any
    left: int

    def read(self, size: int = -1) -> bytes:
        """The next bytes, of which there are no more than are left."""
        piece: bytes = self.file.read(self.left if size < 0 else min(size, self.left))
        self.left -= len(piece)
        return piece

    def close(self) -> None:
        """Close the file."""
        self.file.close()


@require_safe
def evidence_file(request: HttpRequest, file_id: UUID) -> HttpResponseBase:
    """One stored file by its id, for those who read cases, and for who practises; for everybody else there is none."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]  # set by the scope's middleware
    file = EvidenceFile.objects.filter(pk=file_id, state=FileState.STORED).first() if actor else None
    if actor is None or file is None or not can_see_file(actor, file):
        raise NotFound
    return _served(request, file)


@require_safe
def seat_file(request: HttpRequest, seat_id: UUID, number: int) -> HttpResponseBase:
    """One stored file of the case of a seat, for whoever has the seat in hand or submitted it."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]  # set by the scope's middleware
    if actor is None:
        raise NotFound
    return _served(request, _file_of(_held_seat(actor, seat_id), number))


def _served(request: HttpRequest, file: EvidenceFile) -> HttpResponseBase:
    etag = quote_etag(str(file.sha256))
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return _marked(HttpResponseNotModified(), etag)
    size = file.size or 0
    asked = _asked_part(request, etag, size)
    if asked == NO_PART:
        return _marked(HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"}), etag)
    first, last = asked or (0, size - 1)
    content = _opened(file)
    content.seek(first)
    response = FileResponse(Part(content, last - first + 1), content_type=_content_type(file.media_type))
    if asked:
        response.status_code = 206
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
    response["Content-Length"] = str(last - first + 1)
    response["Content-Disposition"] = disposition(file)
    return _marked(response, etag)


@actor_required
@require_GET
def read_file(request: PortalRequest, seat_id: UUID, number: int) -> HttpResponse:
    """A text that came with the case, as words of our own page; for whoever holds the seat."""
    seat = _held_seat(request.actor, seat_id)
    file = _file_of(seat, number)
    if file.media_type not in media_types.TEXT:
        raise NotFound
    content = _opened(file)
    try:
        text = content.read(MOST_READ).decode("utf-8", errors="replace")
    finally:
        content.close()
    context = {"seat": seat, "reference": queries.shown_reference(seat), "file": file, "number": number, "text": text}
    return render(
        request, "reviews/read_file.html", context | {"is_cut": (file.size or 0) > MOST_READ, "most": MOST_READ}
    )


def _held_seat(actor: Actor, seat_id: UUID) -> Seat:
    seat = queries.get_seat(actor, seat_id)
    if seat.state == SeatState.CANCELLED or not seat_permissions.holds(actor, seat):
        raise NotFound
    return seat


def _file_of(seat: Seat, number: int) -> EvidenceFile:
    file = numbered_file(seat.case_id, number)
    if file is None:
        raise NotFound
    return file


def _asked_part(request: HttpRequest, etag: str, size: int) -> tuple[int, int] | None:
    """First and last byte that are asked for; None for the whole, NO_PART for what is not there.

    One part alone (RFC 9110, 14.2): whoever asks for several, or for a part of another file, gets the whole.
    """
    found = _RANGE.fullmatch(request.headers.get("Range", ""))
    if found is None or not any(found.groups()) or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = found.groups()
    if first is None:
        begin, end = max(0, size - int(last)), size - 1
        return NO_PART if not int(last) else (begin, end)
    begin, end = int(first), min(size - 1, int(last)) if last else size - 1
    if last and int(last) < begin:
        return None
    return NO_PART if begin > end else (begin, end)


def _opened(file: EvidenceFile) -> Any:
    try:
        return stored_files.open_stored(file.storage_key)  # type: ignore[arg-type]  # a stored file has one
    except FileNotFoundError as gone:
        raise Unavailable("The file cannot be read now.") from gone


def can_see_file(actor: Actor, file: EvidenceFile) -> bool:
    """Whether the actor reads cases, or practises with this one; who has a seat on it asks by the seat."""
    if permissions.can_read_cases(actor):
        return True
    return actor.kind == "user" and may_practise_with(actor=actor, case_id=file.case_id)


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
    response["Accept-Ranges"] = "bytes"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response  # type: ignore[no-any-return]  # one of the two above

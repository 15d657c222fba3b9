"""Evidence files: brought in by upload or by URL, and erased."""

import hashlib
import re
import tempfile
import unicodedata
from dataclasses import dataclass
from typing import IO
from urllib.parse import unquote, urlsplit
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from cases import images, media_types, permissions, queries, stored_files
from cases.models import Case, EvidenceFile
from cases.states import EVIDENCE_FILE, FileState
from hitl_platform.egress.fetching import fetch
from hitl_platform.egress.targets import read_target
from hitl_platform.kernel.errors import Conflict, Invalid, TooLarge, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.pipeline.services import enqueue
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope

MOST_FILES = 20
MAX_NAME = 200
# what a browser unpacks to look at it
MAX_PIXELS = 100_000_000
CHUNK = 65_536
# a claimed step has a minute, and its worker a little less
FETCH_SECONDS = 30.0
# folders of any system, and characters that hide or turn what stands beside them
_FOLDERS = re.compile(r".*[/\\:]", re.DOTALL)
_TURNING = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Examined:
    """A file whose bytes were read to their end and are of a kind that is kept."""

    name: str
    content: IO[bytes]
    media_type: str
    size: int
    sha256: str
    width: int | None
    height: int | None


def examine_file(*, name: str, content: IO[bytes]) -> Examined:
    """Read a file to its end and tell what it is.

    Raises TooLarge past the bound on bytes (those read, whatever was announced), and Invalid for an empty file and
    for one of no kind that is kept. Nothing is unpacked.
    """
    digest, size = hashlib.sha256(), 0
    content.seek(0)
    head = b""
    while piece := content.read(CHUNK):
        size += len(piece)
        if size > settings.EVIDENCE_MAX_BYTES:
            raise TooLarge(f"A file has at most {settings.EVIDENCE_MAX_BYTES >> 20} MiB.")
        if len(head) < media_types.HEAD_BYTES:
            head += piece[: media_types.HEAD_BYTES - len(head)]
        digest.update(piece)
    media_type = media_types.media_type(head)
    if media_type is None or (media_type.startswith("text/") and not _is_text(content)):
        raise _invalid(name, "It is none of the kinds that are kept: " + ", ".join(media_types.EXTENSIONS) + ".")
    width, height = images.dimensions(head, media_type) or (None, None)
    if media_type in media_types.RASTER and not (width and height and width * height <= MAX_PIXELS):
        raise _invalid(name, f"An image says how large it is, and has at most {MAX_PIXELS // 10**6} million pixels.")
    return Examined(plain_name(name), content, media_type, size, digest.hexdigest(), width, height)


def plain_name(name: str) -> str:
    """What a file is called, without folders, control characters and what turns text around; never empty."""
    text = unicodedata.normalize("NFC", _FOLDERS.sub("", name))
    text = "".join(each for each in _TURNING.sub("", text) if each.isprintable()).strip(" .")
    return text[-MAX_NAME:] or "file"


def add_file(*, actor: Actor, case_id: UUID, examined: Examined) -> tuple[EvidenceFile, bool]:
    """Keep a file with a case, and say whether it is new: the same name and bytes again are the file that is there.

    Raises Conflict where the case is closed or full, or has another file of this name.
    """
    with tenant_scope(actor.tenant_id):
        require(permissions.can_submit_cases(actor))
        queries.get_case(actor, case_id, lock=True)
    # outside of any transaction: a storage may be slow, and an open transaction holds others up
    key, kept = stored_files.keep(examined.content), False
    try:
        file, kept = _add_file(actor=actor, case_id=case_id, examined=examined, storage_key=key)
    finally:
        if not kept:
            stored_files.discard(key)
    return file, kept


@command
def _add_file(*, actor: Actor, case_id: UUID, examined: Examined, storage_key: UUID) -> tuple[EvidenceFile, bool]:
    case = queries.get_case(actor, case_id, lock=True)
    same = queries.files_of(case).filter(name=examined.name, state=FileState.STORED, sha256=examined.sha256).first()
    if same is not None:
        return same, False
    _require_room(case, examined.name)
    file = EvidenceFile(tenant_id=actor.tenant_id, case=case, name=examined.name, uploaded_by=_person(actor))
    _fill(file, examined, storage_key)
    file.save(force_insert=True)
    record("file.added", file, actor=actor, body=_told(file), personal={"name": file.name})
    return file, True


@command
def add_url(*, actor: Actor, case_id: UUID, url: str, name: str = "") -> EvidenceFile:
    """Promise a file that the pipeline fetches; raises Invalid for a URL that is never fetched."""
    require(permissions.can_submit_cases(actor))
    case = queries.get_case(actor, case_id, lock=True)
    target = read_target(url)
    name = plain_name(name or unquote(urlsplit(target.url).path))
    _require_room(case, name)
    file = EvidenceFile.objects.create(
        tenant_id=actor.tenant_id, case=case, state=FileState.FETCHING, name=name, source_url=target.url,
        uploaded_by=_person(actor),
    )  # fmt: skip
    record("file.promised", file, actor=actor, body={"host": target.host}, personal={"name": name})
    enqueue("fetch_file", tenant_id=actor.tenant_id, subject_id=file.pk, case_ids=[case.pk])
    return file


def fetch_file(*, name: str, url: str, content: IO[bytes]) -> Examined:
    """Ask for a promised file; raises what `fetch` and `examine_file` raise."""
    fetch(url, into=content, max_bytes=settings.EVIDENCE_MAX_BYTES, seconds=FETCH_SECONDS)
    return examine_file(name=name, content=content)


@command
def store_file(*, actor: Actor, file: EvidenceFile, examined: Examined, storage_key: UUID) -> bool:
    """A promised file has come; answers whether it was still wanted."""
    found = _fetching(file)
    if found is None:
        return False
    found.state = EVIDENCE_FILE.apply("store", found.state)
    _fill(found, examined, storage_key)
    found.save()
    record("file.stored", found, actor=actor, body=_told(found))
    return True


@command
def refuse_file(*, actor: Actor, file: EvidenceFile, problem: str) -> bool:
    """A promised file never came or is not kept, and this is why; answers whether it was still wanted."""
    found = _fetching(file)
    if found is None:
        return False
    found.state = EVIDENCE_FILE.apply("refuse", found.state)
    found.source_url, found.problem = "", problem[:500]
    found.save(update_fields=["state", "source_url", "problem"])
    record("file.refused", found, actor=actor, body={"problem": found.problem})
    return True


@command
def erase_file(*, actor: Actor, file_id: UUID) -> EvidenceFile:
    """End a file for good: its bytes are deleted by the step this leaves, and the ledger keeps their digest."""
    file = queries.get_file(actor, file_id, lock=True)
    require(permissions.can_erase_files(actor))
    file.state = EVIDENCE_FILE.apply("erase", file.state)
    body = {"sha256": file.sha256, "media_type": file.media_type}
    file.name, file.source_url, file.problem, file.sha256 = "", "", "", None
    file.erased_at = timezone.now()
    file.save()
    record("file.erased", file, actor=actor, body=body)
    if file.storage_key is not None:
        enqueue("shred_file", tenant_id=actor.tenant_id, subject_id=file.pk, case_ids=[file.case_id])
    return file


def room_for_a_file() -> IO[bytes]:
    """A temporary file that is gone when it is closed."""
    return tempfile.TemporaryFile()


def _fetching(file: EvidenceFile) -> EvidenceFile | None:
    """The file again, locked, if it is still being fetched."""
    return EvidenceFile.objects.select_for_update(no_key=True).filter(pk=file.pk, state=FileState.FETCHING).first()


def _fill(file: EvidenceFile, examined: Examined, storage_key: UUID) -> None:
    file.state, file.storage_key, file.source_url = FileState.STORED, storage_key, ""
    file.media_type, file.size, file.sha256 = examined.media_type, examined.size, examined.sha256
    file.width, file.height = examined.width, examined.height


def _told(file: EvidenceFile) -> dict[str, str | int | None]:
    return {"sha256": file.sha256, "size": file.size, "media_type": file.media_type}


def _require_room(case: Case, name: str) -> None:
    if not case.is_open:
        raise Conflict("The case is closed: evidence comes before the decision.", code="case_closed")
    there = queries.files_of(case).exclude(state=FileState.REFUSED)
    if there.count() >= MOST_FILES:
        raise Conflict(f"A case has at most {MOST_FILES} files.", code="too_many_files")
    if there.filter(name=name).exists():
        raise Conflict(f"The case has another file named {name!r}.", code="file_name_taken")


def _person(actor: Actor) -> UUID | None:
    return actor.id if actor.kind == "user" else None


def _is_text(content: IO[bytes]) -> bool:
    content.seek(0)
    return media_types.is_text(iter(lambda: content.read(CHUNK), b""))


def _invalid(name: str, reason: str) -> Invalid:
    return Invalid("The file is not kept.", fields={plain_name(name): [reason]})

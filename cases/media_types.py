"""What a file is, told by its bytes alone: neither its name nor its sender is believed.

Only what stands in EXTENSIONS is kept. What a browser would run (HTML, SVG, XML), what has to be unpacked (archives,
office documents) and what is none of these has no entry, and is refused.
"""

import codecs
import re
from collections.abc import Iterable

# each type and the endings that a name of it may have, the usual one first
EXTENSIONS: dict[str, tuple[str, ...]] = {
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "application/pdf": ("pdf",),
    "audio/mpeg": ("mp3",),
    "video/mp4": ("mp4", "m4v"),
    "audio/mp4": ("m4a", "mp4"),
    "text/plain": ("txt", "log", "md"),
    "text/csv": ("csv",),
}
RASTER = ("image/png", "image/jpeg", "image/gif", "image/webp")
TEXT = ("text/plain", "text/csv")
# how much of a file's beginning tells its type
HEAD_BYTES = 262_144

_BRANDS = {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"M4V ", b"MSNV"}
# what a browser that guesses would take for a document to run
_RUNS = re.compile(
    rb"<(!doctype|!--|\?xml|html|head|body|svg|script|iframe|frameset|title|meta|link|style|table|a\s|img|div|object|"
    rb"embed|math|h1|p>)",
    re.IGNORECASE,
)
_GUESSED_BYTES = 1_445
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_SEPARATORS = (",", ";", "\t")


def media_type(head: bytes) -> str | None:
    """The type of the file that begins with `head`, up to HEAD_BYTES of it; None for what is not kept here."""
    return _of_image(head) or _of_document(head) or _of_text(head)


def is_text(pieces: Iterable[bytes]) -> bool:
    """Whether all pieces together are UTF-8 without control characters."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for piece in pieces:
            if _UNSEEN.search(decoder.decode(piece)):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _of_image(head: bytes) -> str | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if head.startswith(b"RIFF") and head[8:15] == b"WEBPVP8" else None


def _of_document(head: bytes) -> str | None:
    if re.match(rb"%PDF-[12]\.\d", head):
        return "application/pdf"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "audio/mp4" if brand == b"M4A " else "video/mp4" if brand in _BRANDS else None
    return "audio/mpeg" if _is_mp3(head) else None


def _is_mp3(head: bytes) -> bool:
    """ID3v2, or a frame of MPEG layer III: its eleven set bits, no reserved version, bit rate or sampling rate."""
    if head.startswith(b"ID3") and len(head) > 10 and head[3] in (2, 3, 4):
        return True
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    return head[1] & 0x18 != 0x08 and head[2] >> 4 not in (0, 15) and head[2] & 0x0C != 0x0C


def _of_text(head: bytes) -> str | None:
    """Text, or a table of text: two lines at least with the same number of one separator."""
    if not head or _RUNS.search(head[:_GUESSED_BYTES]):
        return None
    # the last character may be cut in the middle
    text = head.decode("utf-8", errors="ignore") if len(head) == HEAD_BYTES else None
    try:
        text = text if text is not None else head.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if _UNSEEN.search(text):
        return None
    lines = text.splitlines()[:20]
    for separator in _SEPARATORS:
        counts = {line.count(separator) for line in lines[: max(2, len(lines) - 1)]}
        if len(lines) >= 2 and len(counts) == 1 and counts != {0}:
            return "text/csv"
    return "text/plain"

"""How large an image says it is, read from its first bytes without unpacking anything."""

import struct
from collections.abc import Callable

# markers of JPEG that are followed by no length
_BARE = {0x01, *range(0xD0, 0xD8)}
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def dimensions(head: bytes, media_type: str) -> tuple[int, int] | None:
    """(width, height) in pixels of the image that begins with `head`, or None where it does not say."""
    reader = _READERS.get(media_type)
    try:
        return reader(head) if reader else None
    except (struct.error, IndexError):
        return None


def _png(head: bytes) -> tuple[int, int] | None:
    width, height = struct.unpack(">II", head[16:24])
    return (width, height) if head[12:16] == b"IHDR" else None


def _gif(head: bytes) -> tuple[int, int]:
    width, height = struct.unpack("<HH", head[6:10])
    return width, height


def _webp(head: bytes) -> tuple[int, int] | None:
    """The three forms of RFC 9649: extended, lossless, lossy."""
    form = head[12:16] if len(head) >= 30 else b""
    if form == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if form == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if form == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", head[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg(head: bytes) -> tuple[int, int] | None:
    """Walks the segments of ISO/IEC 10918-1 up to the first frame."""
    at = 2
    while head[at] == 0xFF:
        marker = head[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _BARE:
            at += 2
        elif marker in _FRAMES:
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return width, height
        else:
            at += 2 + max(2, int.from_bytes(head[at + 2 : at + 4], "big"))
    return None


_READERS: dict[str, Callable[[bytes], tuple[int, int] | None]] = {
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/jpeg": _jpeg,
}

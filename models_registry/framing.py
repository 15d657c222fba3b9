"""Frames of the sandbox's pipe: a JSON header and raw buffers behind it; nothing that could carry code.

`magic(4) header_length(u32) body_length(u64) header body`, big endian. The header lists the sizes of the
buffers in the body under `sizes`.
"""

import json
import struct
from collections.abc import Callable, Sequence
from typing import Any

MAGIC = b"hitl"
PREFIX = struct.Struct(">4sIQ")
MAX_HEADER = 1 << 20

Buffer = bytes | memoryview
Header = dict[str, Any]
ReadExactly = Callable[[int], bytes]


class FrameBroken(ValueError):
    """What came through the pipe is not a frame, or is larger than agreed."""


def encode(header: Header, *, buffers: Sequence[Buffer] = ()) -> list[Buffer]:
    """The parts of one frame, in the order to write them."""
    sizes = [memoryview(part).nbytes for part in buffers]
    head = json.dumps({**header, "sizes": sizes}, separators=(",", ":"), allow_nan=False).encode()
    return [PREFIX.pack(MAGIC, len(head), sum(sizes)) + head, *buffers]


def decode(read: ReadExactly, *, max_body: int, max_header: int = MAX_HEADER) -> tuple[Header, list[bytes]]:
    """Read one frame through `read(n)`, which returns exactly n bytes or raises.

    Lengths are checked before anything of that length is read. Raises FrameBroken.
    """
    magic, head_length, body_length = PREFIX.unpack(read(PREFIX.size))
    if magic != MAGIC or head_length > max_header or body_length > max_body:
        raise FrameBroken("the frame's prefix is wrong or announces too much")
    header = _header(read(head_length))
    sizes = header.pop("sizes", [])
    if not _are_sizes(sizes) or sum(sizes) != body_length:
        raise FrameBroken("the frame's sizes do not add up")
    return header, [read(size) for size in sizes]


def _header(raw: bytes) -> Header:
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise FrameBroken("the frame's header is not JSON") from error
    if not isinstance(header, dict):
        raise FrameBroken("the frame's header is not an object")
    return header


def _are_sizes(sizes: object) -> bool:
    return isinstance(sizes, list) and all(type(size) is int and size >= 0 for size in sizes)

"""Lines out of a stream of bytes, in memory that does not grow with the stream."""

from collections.abc import Callable, Iterator

BLOCK = 256 * 1024


def lines_of(read: Callable[[int], bytes], *, max_bytes: int) -> Iterator[tuple[int, bytes | None]]:
    """The lines that `read(size)` gives until it answers b"", each with its number from 1.

    A line longer than `max_bytes` comes as None and is never held; blank lines are counted and left out.
    """
    number, rest, skipping = 1, b"", False
    while block := read(BLOCK):
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            if skipping or len(line) > max_bytes:
                yield number, None
            elif not line.isspace() and line:
                yield number, line
            skipping = False
            number += 1
        if len(rest) > max_bytes:
            rest, skipping = b"", True
    if skipping or len(rest) > max_bytes:
        yield number, None
    elif rest and not rest.isspace():
        yield number, rest

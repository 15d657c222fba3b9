"""Identifiers: UUID version 7 (RFC 9562), ordered by time, made by the application."""

import os
import threading
import time
from uuid import UUID


class _Clock:
    """The last instant given out, so that no two batches overlap."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.last = 0

    def take(self, count: int) -> int:
        """The first of `count` consecutive instants, all later than any before."""
        now = (time.time_ns() // 1_000_000) << 42 | int.from_bytes(os.urandom(5)) & (1 << 40) - 1
        with self.lock:
            start = max(now, self.last + 1)
            self.last = start + count
        return start


_clock = _Clock()


def uuid7() -> UUID:
    """One new identifier, greater than every earlier one of this process."""
    return uuid7s(1)[0]


def uuid7s(count: int) -> list[UUID]:
    """`count` new identifiers in ascending order.

    RFC 9562 section 6.2, method 1: 48 bits of milliseconds, then a counter in `rand_a` and the top of
    `rand_b`, seeded at random each millisecond; the last 32 bits are random for each identifier.
    """
    noise, start = os.urandom(4 * count), _clock.take(count)
    return [_stamp(start + i, noise[4 * i : 4 * i + 4]) for i in range(count)]


def _stamp(clock: int, noise: bytes) -> UUID:
    # clock: 48 bits of milliseconds and 42 of counter, spread around the version and variant bits
    milliseconds, counter = clock >> 42, clock & (1 << 42) - 1
    value = milliseconds << 80 | 0x7 << 76 | (counter >> 30) << 64 | 0b10 << 62
    return UUID(int=value | (counter & (1 << 30) - 1) << 32 | int.from_bytes(noise))

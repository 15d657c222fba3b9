"""The one function that asks another server for something that a user named.

Every address that the host has must be public; the connection goes to the address that was checked, and the peer is
looked at again; each redirect is checked as the first URL was. Time, bytes and what compression unfolds are bounded
as a whole, not a read. No proxy of the environment, no cookie, no body, no credential ever goes along.
"""

import io
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from ipaddress import ip_address
from typing import IO

from hitl_platform.egress.addresses import Address
from hitl_platform.egress.network import INTERNET, Network
from hitl_platform.egress.targets import AddressRefused, Target, follow, read_target, require_public
from hitl_platform.kernel.errors import TooLarge, Unavailable

MAX_REDIRECTS = 3
REDIRECTS = (301, 302, 303, 307, 308)
PASSING = (408, 425, 429)
CHUNK = 65_536
# status line and header lines, above the body's own bound
MAX_HEADERS = 262_144
REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: hitl-platform\r\nAccept: */*\r\n"
    "Accept-Encoding: identity\r\nConnection: close\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: how many bytes were written, and the URL that gave them in the end."""

    size: int
    url: str


def fetch(
    url: str, *, into: IO[bytes], max_bytes: int, seconds: float = 30.0, network: Network | None = None
) -> Fetched:
    """Write what a GET of `url` answers, at most `max_bytes` and within `seconds`, redirects included.

    Raises AddressRefused for a URL or a redirect that is never followed and for an answer that is none of ours to
    repeat (4xx), TooLarge past `max_bytes`, Unavailable where the server fails or is too slow: try again later.
    """
    deadline = time.monotonic() + seconds
    target = read_target(url)
    try:
        for _ in range(MAX_REDIRECTS + 1):
            with _answer(
                target, deadline=deadline, most=max_bytes + MAX_HEADERS, network=network or INTERNET
            ) as response:
                location = response.getheader("Location") if response.status in REDIRECTS else None
                if location is None:
                    _require_success(response.status)
                    return Fetched(_copy(response, into=into, max_bytes=max_bytes), target.url)
            target = follow(target, location)
    except (OSError, HTTPException, zlib.error) as failure:
        raise Unavailable(f"The server at {target.host} gave no whole answer.") from failure
    raise AddressRefused(f"The server redirects more than {MAX_REDIRECTS} times.")


@contextmanager
def _answer(target: Target, *, deadline: float, most: int, network: Network) -> Iterator[HTTPResponse]:
    address = _vetted(target, deadline=deadline, network=network)
    with network.connect(str(address), target.port, _left(deadline)) as line:
        _require_peer(line, address)
        if target.scheme == "http":
            yield _ask(line, target, deadline=deadline, most=most)
            return
        line.settimeout(_left(deadline))
        with network.tls().wrap_socket(line, server_hostname=target.host) as sealed:
            yield _ask(sealed, target, deadline=deadline, most=most)


def _vetted(target: Target, *, deadline: float, network: Network) -> Address:
    """The address to connect to: the host's name is asked for once, and never again."""
    if target.address is not None:
        return target.address
    addresses = [ip_address(found) for found in network.resolve(target.host, target.port, _left(deadline))]
    require_public(addresses)
    # IPv4 first: a machine without a way to IPv6 fails only after its time is up
    return min(addresses, key=lambda address: address.version)


def _require_peer(line: socket.socket, address: Address) -> None:
    if ip_address(line.getpeername()[0]) != address:
        raise AddressRefused("The connection leads to another address than the one that was checked.")


def _ask(line: socket.socket, target: Target, *, deadline: float, most: int) -> HTTPResponse:
    line.settimeout(_left(deadline))
    line.sendall(REQUEST.format(path=target.path, host=target.authority).encode("ascii"))
    # HTTPResponse asks of a socket nothing but a file to read from
    response = HTTPResponse(_Answer(line, deadline=deadline, most=most), method="GET")  # type: ignore[arg-type]  # it reads from anything with makefile()
    response.begin()
    return response


class _Answer(io.RawIOBase):
    """A socket's bytes until the deadline, and no more than `most`: a drip of bytes wins no time."""

    def __init__(self, line: socket.socket, *, deadline: float, most: int) -> None:
        self._line, self._deadline, self._most = line, deadline, most

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the one buffer there is: BufferedReader's
        self._line.settimeout(_left(self._deadline))
        count = self._line.recv_into(buffer)
        self._most -= count
        if self._most < 0:
            raise _too_large()
        return count


def _copy(response: HTTPResponse, *, into: IO[bytes], max_bytes: int) -> int:
    announced = response.getheader("Content-Length") or ""
    if announced.isdecimal() and int(announced) > max_bytes:
        raise _too_large()
    size = 0
    for piece in _unfolded(response):
        size += len(piece)
        if size > max_bytes:
            raise _too_large()
        into.write(piece)
    return size


def _unfolded(response: HTTPResponse) -> Iterator[bytes]:
    """The body in pieces of bounded length, unpacked where the server packed it although it was not asked to."""
    encoding = (response.getheader("Content-Encoding") or "identity").strip().lower()
    if encoding == "identity":
        yield from _pieces(response)
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise AddressRefused("The server packs its answer in a way that is not read here.")
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    for packed in _pieces(response):
        rest = packed
        while rest and not unpacking.eof:
            yield unpacking.decompress(rest, CHUNK)
            rest = unpacking.unconsumed_tail
    if not unpacking.eof:
        raise CutShort("the packed body ends in the middle")


class CutShort(OSError):
    """A body that is shorter than it says."""


def _pieces(response: HTTPResponse) -> Iterator[bytes]:
    while piece := response.read(CHUNK):
        yield piece
    if response.length:
        raise CutShort("the body ends before its announced length")


def _require_success(status: int) -> None:
    if status == 200:
        return
    if status >= 500 or status in PASSING:
        raise Unavailable(f"The server answered {status}.")
    raise AddressRefused(f"The server answered {status} instead of the file.")


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time for this answer is over")
    return left


def _too_large() -> TooLarge:
    return TooLarge("The answer is larger than what is accepted.")

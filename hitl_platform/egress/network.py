"""The ways out of this process, as values: names to addresses, addresses to connections, connections to TLS."""

import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

Resolve = Callable[[str, int, float], Sequence[str]]
Connect = Callable[[str, int, float], socket.socket]


@dataclass(frozen=True, slots=True)
class Network:
    """`resolve(host, port, seconds)` answers addresses as text; `connect(address, port, seconds)` asks no name."""

    resolve: Resolve
    connect: Connect
    tls: Callable[[], ssl.SSLContext]


def resolve(host: str, port: int, seconds: float) -> list[str]:
    """Every address of a host, each once; raises OSError, of which TimeoutError is one."""
    # the resolver of the system takes its own time and no deadline
    asking = ThreadPoolExecutor(max_workers=1)
    try:
        found = asking.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM).result(timeout=seconds)
    finally:
        asking.shutdown(wait=False)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def connect(address: str, port: int, seconds: float) -> socket.socket:
    """A connection to an address; no proxy of the environment is asked."""
    return socket.create_connection((address, port), timeout=seconds)


@cache
def trust() -> ssl.SSLContext:
    """TLS as browsers check it: the system's authorities, the host's name, at least version 1.2."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


INTERNET = Network(resolve, connect, trust)

"""A server on the loopback that says what a test wants, and a network on which it stands on the public internet."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from hitl_platform.egress.network import Network

PUBLIC = "93.184.216.34"
Script = Callable[[socket.socket, bytes], None]


def saying(*pieces: bytes, pause: float = 0.0) -> Script:
    """Send these pieces, with a pause after each."""

    def script(line: socket.socket, request: bytes) -> None:
        for piece in pieces:
            line.sendall(piece)
            time.sleep(pause)

    return script


def answer(body: bytes = b"", *, status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer with its length."""
    lines = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


class Claiming(socket.socket):
    """A connection to the loopback whose peer says that it is another."""

    claimed = PUBLIC

    def getpeername(self) -> tuple[str, int]:
        return (self.claimed, 80)


@dataclass
class Server:
    """`scripts` are played one a connection; what was asked is kept."""

    listener: socket.socket
    scripts: Sequence[Script]
    tls: ssl.SSLContext | None = None
    asked: list[bytes] = field(default_factory=list)
    dialled: list[str] = field(default_factory=list)

    def serve(self) -> None:
        for script in self.scripts:
            with suppress(OSError):
                line, _ = self.listener.accept()
                with line:
                    sealed = self.tls.wrap_socket(line, server_side=True) if self.tls else line
                    with sealed:
                        self.asked.append(sealed.recv(65_536))
                        script(sealed, self.asked[-1])

    def network(
        self,
        *,
        names: dict[str, Sequence[Sequence[str]]] | None = None,
        claimed: str = PUBLIC,
        trust: ssl.SSLContext | None = None,
    ) -> Network:
        """Names resolve to PUBLIC, or as told, answer after answer; every connection leads to this server."""
        left = {name: [list(answer) for answer in answers] for name, answers in (names or {}).items()}

        def resolve(host: str, port: int, seconds: float) -> list[str]:
            return left[host].pop(0) if host in left else [PUBLIC]

        def connect(address: str, port: int, seconds: float) -> socket.socket:
            self.dialled.append(address)
            line = Claiming(socket.AF_INET, socket.SOCK_STREAM)
            line.claimed = claimed
            line.settimeout(seconds)
            line.connect(self.listener.getsockname())
            return line

        return Network(resolve, connect, lambda: trust or ssl.create_default_context())


@contextmanager
def server(*scripts: Script, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server that plays `scripts` and ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        stage = Server(listener, scripts, tls)
        thread = threading.Thread(target=stage.serve, daemon=True)
        thread.start()
        yield stage
        # wakes the thread where nobody came
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=5)

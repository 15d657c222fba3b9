"""Web servers of a test's own, on the test's own database: a real one beside it, or threads inside it."""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application

from hitl_platform.embedded import ports
from hitl_platform.embedded.programs import answers
from tests.conftest import Committed

PATIENCE = 60.0


@contextmanager
def web_server(committed: Committed) -> Iterator[str]:
    """The address of a server that answers; what it said is shown where it does not."""
    port = ports.free_port()
    address = f"http://127.0.0.1:{port}"
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--blocking-threads", "4", "--no-ws", "--no-access-log", "--log-level", "warning",
        "hitl_platform.wsgi:application",
    ]  # fmt: skip
    environment = {**committed.environment, "PUBLIC_URL": address}
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(command, env=environment, stdout=said, stderr=subprocess.STDOUT) as child,
    ):
        try:
            deadline = time.monotonic() + PATIENCE
            while not answers(f"{address}/healthz"):
                said.seek(0)
                assert child.poll() is None, f"the server ended: {said.read()}"
                assert time.monotonic() < deadline, f"the server did not answer in time: {said.read()}"
                time.sleep(0.05)
            yield address
        finally:
            child.terminate()
            child.wait(timeout=20)


class QuietHandler(WSGIRequestHandler):
    """Access lines of the test's own server are noise."""

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@contextmanager
def threads_server() -> Iterator[str]:
    """The application in threads of this process: there at once, on the test's database and by the test's clock."""
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietHandler, connections_override={})
    server.set_app(_application())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


@cache
def _application() -> Any:
    return get_wsgi_application()

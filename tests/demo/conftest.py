"""A running web server and a running pipeline on a database of the test's own."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connections
from pytest_django import Settings

from hitl_platform.embedded import ports
from hitl_platform.embedded.programs import answers
from hitl_platform.pipeline import runner
from hitl_platform.pipeline.kinds import kind_names
from hitl_platform.tenants.operators import find_tenant_id
from tests.conftest import Committed
from tests.portal.conftest import QuickHasher

PATIENCE = 60.0


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    """Passwords of 28 people, hashed with rounds for a test."""
    settings.PASSWORD_HASHERS = [f"{QuickHasher.__module__}.QuickHasher"]


@pytest.fixture
def server(committed: Committed) -> Iterator[str]:
    """The address of a web server of this test's own."""
    port = ports.free_port()
    address = f"http://127.0.0.1:{port}"
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--blocking-threads", "4", "--no-ws", "--no-access-log", "--log-level", "warning",
        "hitl_platform.wsgi:application",
    ]  # fmt: skip
    environment = {**committed.environment, "PUBLIC_URL": address}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as child:
        deadline = time.monotonic() + PATIENCE
        while not answers(f"{address}/healthz"):
            assert child.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server did not answer in time"
            time.sleep(0.05)
        yield address
        child.terminate()
        child.wait(timeout=20)


@pytest.fixture
def pipeline(committed: Committed) -> Iterator[None]:
    """A worker for the demonstration's tenants, in a thread."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.05):
            for slug in ("northwind", "st-agnes"):
                tenant_id = find_tenant_id(slug)
                if tenant_id is not None:
                    for kind in kind_names():
                        runner.run_batch(kind, tenant_id=tenant_id)
        connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join(timeout=PATIENCE)

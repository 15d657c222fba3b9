"""A real Chromium against a real server with committed data. Where there is none, these tests fail and say so."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser

from hitl_platform.embedded import ports
from hitl_platform.tenants.actor import Actor
from tests.browser.sight import Sight
from tests.browser.stage import Stage
from tests.cast import Cast
from tests.conftest import Committed

FOLDER = Path(__file__).parent
PATIENCE = 30.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser, all of it in one worker: one Chromium at a time."""
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture
def server(committed: Committed) -> Iterator[str]:
    """The address of a server of this test's own, on the test's own database."""
    port = ports.free_port()
    address = f"http://127.0.0.1:{port}"
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--blocking-threads", "4", "--no-ws", "--no-access-log", "--log-level", "warning",
        "hitl_platform.wsgi:application",
    ]  # fmt: skip
    environment = {**committed.environment, "PUBLIC_URL": address, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
        try:
            _await_answer(child, f"{address}/healthz")
            yield address
        finally:
            child.terminate()
            child.communicate(timeout=20)


def _await_answer(child: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if child.poll() is not None:
            pytest.fail(f"The server ended: {child.stdout.read().decode() if child.stdout else ''}")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail("The server did not answer in time.")


@pytest.fixture
def stage(chromium: Browser, server: str, cast: Cast, client_for: Callable[[Actor], Client]) -> Iterator[Stage]:
    """People with browsers at a running server."""
    stage = Stage(chromium=chromium, address=server, cast=cast, client_for=client_for)
    yield stage
    stage.close()


@pytest.fixture
def sight(request: pytest.FixtureRequest) -> Sight:
    """Screenshots and what is asserted of them."""
    return Sight(folder=Path(str(request.config.rootpath)) / "artefacts" / "screenshots")


def pytest_configure(config: Any) -> None:
    """Where the pictures go is made before the first is taken."""
    (Path(str(config.rootpath)) / "artefacts" / "screenshots").mkdir(parents=True, exist_ok=True)

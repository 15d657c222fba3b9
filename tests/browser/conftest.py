"""A real Chromium against a running server with committed data. Where there is none, these tests fail and say so."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser

from hitl_platform.tenants.actor import Actor
from tests.browser.sight import Sight
from tests.browser.stage import Stage
from tests.cast import Cast
from tests.conftest import Committed
from tests.webserver import threads_server

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser, all of it in one worker: one Chromium at a time."""
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture
def server(committed: Committed) -> Iterator[str]:
    """The address of a server of this test's own, on the test's own database."""
    with threads_server() as address:
        yield address


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

"""A running web server and a running pipeline on a database of the test's own."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connections
from pytest_django import Settings

from hitl_platform.pipeline import runner
from hitl_platform.pipeline.kinds import kind_names
from hitl_platform.tenants.operators import find_tenant_id
from tests.conftest import Committed
from tests.portal.conftest import QuickHasher
from tests.webserver import PATIENCE, web_server


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    """Passwords of 31 people, hashed with rounds for a test."""
    settings.PASSWORD_HASHERS = [f"{QuickHasher.__module__}.QuickHasher"]


@pytest.fixture
def server(committed: Committed) -> Iterator[str]:
    """The address of a web server of this test's own."""
    with web_server(committed) as address:
        yield address


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

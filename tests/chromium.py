"""The one Chromium of a worker, for the portal's and the console's tests alike."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from hitl_platform.embedded.browser import find

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
MISSING = "No Chromium here. Run `apt-get install chromium`, or `manage.py test --without-browser` to leave these out."


@pytest.fixture(scope="session")
def _playwright() -> Iterator[Playwright]:
    if os.environ.get("HITL_WITHOUT_BROWSER") == "1":
        pytest.skip("left out by --without-browser")
    # playwright's loop runs in this thread, where Django would refuse the ORM; nothing here is concurrent
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        yield playwright
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def chromium(_playwright: Playwright) -> Iterator[Browser]:
    """The one browser of the session."""
    path = find()
    if not path:
        pytest.fail(MISSING, pytrace=False)
    browser = _playwright.chromium.launch(executable_path=path, args=FLAGS)
    yield browser
    browser.close()

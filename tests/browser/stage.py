"""People in front of browsers: each page is watched, and what must never happen on one fails its test."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from hitl_platform.tenants.actor import Actor
from tests.cast import PASSWORD, Cast, email_of

# ZOOMED is the laptop at twice the size of everything
LAPTOP, PHONE, ZOOMED = 1280, 390, 640
HEIGHTS = {LAPTOP: 800, PHONE: 844, ZOOMED: 400}
# runs before anything of the page, by the browser and not by the page: no policy stands in its way
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
});
"""
# a refused form is an answer, and an unreachable network is what some tests are about
EXPECTED = (
    "status of 400", "status of 403", "status of 404", "status of 409", "ERR_INTERNET_DISCONNECTED",
    "htmx:sendError", "htmx:afterRequest",
)  # fmt: skip


@dataclass
class Stage:
    """A running server, and browsers before it."""

    chromium: Browser
    address: str
    cast: Cast
    client_for: Callable[[Actor], Client]
    wrongs: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)
    expected: list[str] = field(default_factory=lambda: list(EXPECTED))

    def open(self, who: str | None = None, *, width: int = LAPTOP, scripts: bool = True) -> Page:
        """A window of `who` (logged in) or of a stranger, watched for dialogs, errors and policy violations."""
        context = self.chromium.new_context(
            base_url=self.address,
            viewport={"width": width, "height": HEIGHTS[width]},
            color_scheme="light",
            is_mobile=width == PHONE,
            has_touch=width == PHONE,
            java_script_enabled=scripts,
            locale="en-GB",
            timezone_id="Europe/Berlin",
        )
        self.contexts.append(context)
        context.set_default_timeout(10_000)
        context.add_init_script(WATCH)
        if who is not None:
            cookie = self.client_for(self.cast.people[who]).cookies[settings.SESSION_COOKIE_NAME]
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.address}])
        page = context.new_page()
        page.on("dialog", lambda dialog: self._wrong(f"a dialog: {dialog.message}"))
        page.on("pageerror", lambda error: self._wrong(f"an error of a script: {error}"))
        page.on("console", self._heard)
        return page

    def log_in(self, page: Page, name: str) -> None:
        """Through the login page, as a person does."""
        page.goto("/accounts/login/")
        page.get_by_label("Email").fill(email_of(name))
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/")

    def expects(self, words: str) -> None:
        """What the browser's console says of it is no failure of this test."""
        self.expected.append(words)

    def leave(self) -> None:
        """Everybody goes away: whatever a page would still send is not sent."""
        for context in self.contexts:
            context.close()
        self.contexts.clear()

    def close(self) -> None:
        """Close every window; fail for what went wrong on any."""
        for context in self.contexts:
            for page in context.pages:
                self.wrongs += page.evaluate("window.violations ?? []") if page.url.startswith(self.address) else []
            context.close()
        assert not self.wrongs, self.wrongs

    def _wrong(self, what: str) -> None:
        self.wrongs.append(what)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(expected in message.text for expected in self.expected):
            self._wrong(f"in the console: {message.text}")


def press(page: Page, key: str) -> None:
    """Press a key once the page listens: its modules arrive after its text, and while it sends, keys are not for it."""
    expect(page.locator("html[data-keys=on]")).to_be_attached()
    expect(page.locator("main.htmx-request, main .htmx-request")).to_have_count(0)
    page.keyboard.press(key)

"""The console in a real Chromium: nothing is blocked by its policy, nothing hostile runs, and pictures are kept."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import DEFINITION
from tests.webserver import threads_server

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PICTURES = Path(os.environ.get("HITL_PICTURES", settings.BASE_DIR / ".hitl" / "pictures")) / "console"
HOSTILE = (
    """"><img src=x onerror="document.title='run'"><script>document.title='run'</script>"""
    """{{ constructor.constructor('document.title=1')() }} ' x-data="{}" x-init="document.title='run'" """
    """`${document.title='run'}` \u202egpj.exe"""
)
LONG = "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahlungsstelle" * 3
SIZES = {"laptop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


class Eye:
    """A page that notes whatever the policy blocks and whatever fails in its scripts."""

    def __init__(self, browser: Browser, base: str, cookie: str, *, size: str, scheme: str) -> None:
        context = browser.new_context(base_url=base, viewport=SIZES[size], color_scheme=scheme)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": base}])
        self.page: Page = context.new_page()
        self.name = f"{size}-{scheme}"
        self.complaints: list[str] = []
        self.page.on("response", lambda got: got.status >= 400 and self.complaints.append(f"{got.status} {got.url}"))
        self.page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))

    def look(self, path: str, name: str) -> Page:
        self.page.goto(path, wait_until="load")
        self.page.wait_for_function("window.Alpine !== undefined")
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}-{self.name}.png", full_page=True)
        assert self.page.title() != "run"
        width = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width <= 0, f"{path} scrolls sideways"
        return self.page


@pytest.fixture
def scene(committed, furnish, mona, integrator, dead_step, client_for):
    """Acme with a hostile case, and mona's session."""
    things = furnish(mona, integrator, external_id=HOSTILE[:120].strip(), note=HOSTILE + LONG)
    return things, client_for(mona).cookies[settings.SESSION_COOKIE_NAME].value


@pytest.mark.parametrize(("size", "scheme"), [("laptop", "light"), ("laptop", "dark"), ("phone", "light")])
def test_nothing_is_blocked_and_nothing_hostile_runs(scene, chromium, size, scheme):
    things, cookie = scene
    with threads_server() as base:
        eye = Eye(chromium, base, cookie, size=size, scheme=scheme)
        page = eye.look("/console/", "home")
        assert page.get_by_role("heading", name="What needs you now").is_visible()
        page = eye.look("/console/pipeline/", "pipeline")
        assert page.get_by_text("ArithmeticError").is_visible()
        eye.look("/console/ledger/", "ledger")
        page = eye.look("/console/cases/case/", "cases")
        assert "onerror" in page.locator("#result_list").inner_text()
        page = eye.look(f"/console/cases/case/{things.case.pk}/change/", "case")
        assert "x-init" in page.locator("pre.console-document").first.inner_text()
        eye.look(f"/console/cases/case/{things.case.pk}/history/", "history")
        eye.look(f"/console/cases/casetype/{things.case_type.pk}/revise/", "revise")
        eye.look("/console/reviews/routingpolicy/draft/", "draft-policy")
        eye.look("/console/reviews/queue/", "queues")
        eye.look("/console/tenants/servicekey/create/", "create-key")
        eye.look("/console/tenants/membership/", "members")
        assert eye.complaints == []


def test_text_of_cases_is_in_no_attribute_that_alpine_reads(scene, chromium):
    things, cookie = scene
    with threads_server() as base:
        eye = Eye(chromium, base, cookie, size="laptop", scheme="light")
        for path in ("/console/cases/case/", f"/console/cases/case/{things.case.pk}/change/", "/console/"):
            page = eye.look(path, "attributes")
            found = page.evaluate(
                """() => [...document.querySelectorAll('*')].flatMap(e => [...e.attributes])
                    .filter(a => /^(x-|@|:)/.test(a.name)).map(a => a.value).filter(v => v.includes('onerror'))"""
            )
            assert found == []


def test_a_verb_by_keyboard(scene, chromium):
    things, cookie = scene
    with threads_server() as base:
        eye = Eye(chromium, base, cookie, size="laptop", scheme="light")
        page = eye.look(f"/console/cases/casetype/{things.case_type.pk}/change/", "casetype")
        page.get_by_role("link", name="Revise").press("Enter")
        document = page.get_by_label("Definition")
        assert DEFINITION["question"] in document.input_value()
        document.fill("{")
        page.get_by_role("button", name="Revise").press("Enter")
        expect(page.get_by_text("not strict JSON")).to_be_visible()
        page.screenshot(path=PICTURES / "revise-refused.png", full_page=True)
        eye.look("/console/pipeline/", "pipeline")
        page.get_by_role("button", name="Retry").press("Enter")
        expect(page.get_by_text("ready again")).to_be_visible()
        assert eye.complaints == []

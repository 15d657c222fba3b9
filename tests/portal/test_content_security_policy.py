"""Nothing runs, loads or frames on a page that this server did not send as a file."""

import re
from collections.abc import Callable
from pathlib import Path

from django.test import Client

from hitl_platform.tenants.actor import Actor

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
PORTAL = {
    "default-src": {"'none'"},
    "script-src": {"'self'"},
    "style-src": {"'self'"},
    "img-src": {"'self'", "data:"},
    "font-src": {"'self'"},
    "connect-src": {"'self'"},
    "form-action": {"'self'"},
    "frame-ancestors": {"'none'"},
    "base-uri": {"'none'"},
}


def directives(header: str) -> dict[str, set[str]]:
    parts = (part.split() for part in header.split(";"))
    return {name: set(sources) for name, *sources in parts}


def test_the_portal_allows_its_own_files_alone(client_for: Callable[[Actor], Client], alice: Actor) -> None:
    for path in ("/", "/accounts/login/", "/nowhere/", "/tenants/choose/"):
        assert directives(client_for(alice).get(path)["Content-Security-Policy"]) == PORTAL, path


def test_the_console_may_compile_and_still_runs_no_inline_script(
    client_for: Callable[[Actor], Client], mona: Actor
) -> None:
    policy = directives(client_for(mona).get("/console/")["Content-Security-Policy"])
    assert policy["script-src"] == {"'self'", "'unsafe-eval'"}
    assert policy | {"script-src": PORTAL["script-src"], "style-src": PORTAL["style-src"]} == PORTAL


def test_no_template_carries_inline_script_or_style() -> None:
    inline = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|hx-on|javascript:", re.IGNORECASE)
    found = [
        f"{path.relative_to(TEMPLATES)}:{number}"
        for path in sorted(TEMPLATES.rglob("*.html"))
        if "console" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if inline.search(line)
    ]
    assert found == []


def test_no_template_switches_escaping_off() -> None:
    unsafe = re.compile(r"\|\s*safe\b|autoescape\s+off|\|\s*safeseq\b")
    found = [str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html") if unsafe.search(path.read_text())]
    assert found == []

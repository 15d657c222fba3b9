"""`manage.py test`: which arguments reach pytest, and what is said where no browser can be had."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hitl_platform.bootstrap import ROOT
from hitl_platform.embedded import browser, surroundings
from hitl_platform.embedded.testing import with_workers


@pytest.mark.parametrize(
    ("arguments", "workers"),
    [([], True), (["-x"], True), (["tests/cases"], False), (["-n", "0"], False), (["-s", "-x"], False)],
)
def test_the_whole_suite_runs_on_two_workers_and_a_part_on_one(arguments: list[str], workers: bool) -> None:
    assert (with_workers(arguments)[:2] == ["-n", "2"]) is workers
    assert with_workers(arguments)[-len(arguments) :] == arguments if arguments else True


def test_without_any_browser_the_one_line_to_run_is_said(tmp_path: Path) -> None:
    environment = {
        "PATH": str(tmp_path),
        "HOME": str(tmp_path),
        "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "browsers"),
        "PLAYWRIGHT_DOWNLOAD_HOST": "http://127.0.0.1:1",
    }
    code = "from hitl_platform.embedded.browser import find_or_install; print(repr(find_or_install()))"
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert finished.stdout == "''\n"
    assert "apt-get install chromium" in finished.stderr
    assert "--without-browser" in finished.stderr


def test_a_browser_that_is_there_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HITL_CHROMIUM", raising=False)
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert browser.find() == str(program)
    monkeypatch.setenv("HITL_CHROMIUM", "/opt/other")
    assert browser.find() == "/opt/other"


def test_a_command_finds_the_running_demo_or_needs_none(tmp_path: Path) -> None:
    (tmp_path / surroundings.ENVIRONMENT_FILE).write_text('{"DATABASE_URL": "postgresql://demo"}')
    offline: dict[str, str] = {}
    surroundings.complete(offline, command="aggregate_csv", home=tmp_path)
    assert offline == {"HITL_OFFLINE": "1"}
    demo: dict[str, str] = {}
    surroundings.complete(demo, command="create_key", home=tmp_path)
    assert demo == {"DATABASE_URL": "postgresql://demo"}
    production = {"DATABASE_URL": "postgresql://production"}
    surroundings.complete(production, command="create_key", home=tmp_path)
    assert production == {"DATABASE_URL": "postgresql://production"}
    nothing: dict[str, str] = {}
    surroundings.complete(nothing, command="create_key", home=tmp_path / "none")
    assert nothing == {}


def test_a_command_without_servers_gets_a_sentence_and_no_traceback(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from hitl_platform.embedded import command_line, surroundings;"
        "surroundings.complete.__kwdefaults__['home'] = Path(sys.argv[1]);"
        "sys.exit(command_line.run(['manage.py', 'create_key', '--tenant', 'acme', '--name', 'x']))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 1
    assert finished.stderr.startswith("SECRET_KEY is not set.")
    assert "manage.py demo" in finished.stderr
    assert "Traceback" not in finished.stderr

"""Every variable that the settings read is in README's table, and nonsense stops the start with a sentence."""

import ast
import os
import re
import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT, tree_of

READERS = {"_text", "_number", "_database"}
NONSENSE = {
    "SECRET_KEY": ["", "short", "a" * 60, "django-insecure-" + "x1y2z3w4v5" * 5],
    "DATABASE_URL": [
        "",
        "mysql://a@b/c",
        "postgresql://hitl_app@host",
        "postgresql://postgres:x@127.0.0.1/hitl",
    ],
    "SWEEPER_DATABASE_URL": ["", "postgresql://hitl_app:x@127.0.0.1/hitl"],
    "BACKUP_DATABASE_URL": ["postgresql://hitl_app:x@127.0.0.1/hitl"],
    "BROKER_URL": ["", "amqp://localhost"],
    "PUBLIC_URL": ["", "cases.example.org", "http://cases.example.org", "https://cases.example.org/path"],
    "TRUSTED_PROXY_COUNT": ["-1", "many", "99"],
    "EVIDENCE_STORE": ["", "evidence", "s3://", str(ROOT / "hitl_platform" / "static" / "files")],
    "EVIDENCE_MAX_MIB": ["0", "much"],
    "LEDGER_SIGNING_KEY": ["not base64!", "c2hvcnQ="],
    "LOG_LEVEL": ["LOUD"],
}


def test_every_variable_is_in_the_readme() -> None:
    read = set()
    for node in ast.walk(tree_of(ROOT / "hitl_platform" / "settings.py")):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func)
            if called in READERS or called in ("os.environ.get", "os.getenv"):
                read.add(node.args[0].value)
    documented = set(re.findall(r"^\|\s*`([A-Z_]+)`", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert read - {"name"} <= documented
    assert len(read) > 10


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in NONSENSE.items() for value in values])
def test_nonsense_stops_the_start_with_a_sentence(name: str, value: str) -> None:
    environment = {**os.environ, name: value}
    environment.pop("HITL_OFFLINE", None)
    run = subprocess.run(
        [sys.executable, "-c", "import hitl_platform.settings"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert re.search(rf"ImproperlyConfigured: .*{name}", run.stderr), run.stderr


def test_nonsense_stops_a_command_with_nothing_but_the_sentence() -> None:
    environment = {**os.environ, "DATABASE_URL": "mysql://a@b/c"}
    environment.pop("HITL_OFFLINE", None)
    run = subprocess.run(
        [sys.executable, "manage.py", "migrate"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert run.stderr == "DATABASE_URL takes postgresql://role:password@host:port/database.\n"


def test_deployment_checks_are_clean_under_production_settings() -> None:
    environment = {**os.environ, "PUBLIC_URL": "https://cases.example.org"}
    run = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr

"""`manage.py` says what there is, and what there is not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hitl_platform.bootstrap import ROOT

BARE = ("DATABASE_URL", "SECRET_KEY", "HITL_OFFLINE", "DJANGO_SETTINGS_MODULE")


@pytest.fixture
def manage(tmp_path: Path) -> object:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if name not in BARE}
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def test_help_lists_our_own_commands_too(manage: object) -> None:
    said = manage("help").stdout  # type: ignore[operator]  # the fixture is a function
    assert all(f"\n  {name} " in said for name in ("demo", "test", "bench"))
    assert "create_tenant" in said


def test_a_nonsense_command_is_said_to_be_one(manage: object) -> None:
    run = manage("nonsense")  # type: ignore[operator]  # the fixture is a function
    assert run.returncode == 1
    assert "nonsense" in run.stderr
    assert "SECRET_KEY" not in run.stderr

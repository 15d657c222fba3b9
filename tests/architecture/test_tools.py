"""The tools of the house find nothing."""

import re
import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT, name_of, python_files

TOOLS = {
    "ruff": ["-m", "ruff", "check", "--no-cache", "."],
    "ruff format": ["-m", "ruff", "format", "--no-cache", "--check", "."],
    "import-linter": [
        "-c",
        "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))",
    ],
    "mypy": ["-m", "mypy"],
}
IGNORE = re.compile(r"#\s*(noqa|type:\s*ignore)(?P<rest>.*)$")
# which rule, then in words why
REASONED = re.compile(r"(:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*|\[[a-z-]+(,\s*[a-z-]+)*\])[\s#-]+\w.{8,}")


@pytest.mark.parametrize("tool", TOOLS)
def test_the_tool_finds_nothing(tool: str) -> None:
    run = subprocess.run([sys.executable, *TOOLS[tool]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-6_000:] + run.stderr[-2_000:]


def test_every_ignore_names_its_rule_and_its_reason() -> None:
    bare = []
    for path in python_files():
        if path.name == "test_tools.py":
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = IGNORE.search(line)
            if found and not REASONED.match(found["rest"]):
                bare.append(f"{name_of(path)}:{number}")
    assert bare == []

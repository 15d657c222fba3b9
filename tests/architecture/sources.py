"""The project's own Python files, as git knows them."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("hitl_platform", "cases", "models_registry", "reviews", "audits")


@cache
def python_files(*folders: str) -> tuple[Path, ...]:
    """Tracked and new Python files below `folders` (all, when none is named), migrations left out."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    return tuple(
        ROOT / name
        for name in sorted(listed)
        if "/migrations/" not in name
        and (not folders or name.startswith(tuple(f"{folder}/" for folder in folders)))
        and (ROOT / name).exists()
    )


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(), filename=str(path))


def name_of(path: Path) -> str:
    """The path as people write it."""
    return str(path.relative_to(ROOT))

"""From a bare Python: what is said where it cannot go on, and what the lock files promise."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hitl_platform import bootstrap

LOCKS = sorted(bootstrap.ROOT.glob("requirements*.lock"))


def pinned(lock: Path) -> dict[str, str]:
    """Name → version of each distribution in a lock file (the last one where markers split it)."""
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.fixture
def bare_project(tmp_path: Path) -> Path:
    """The files that the bootstrap reads, without a virtual environment."""
    for name in ("manage.py", "pyproject.toml", *(lock.name for lock in LOCKS)):
        shutil.copy(bootstrap.ROOT / name, tmp_path / name)
    (tmp_path / "hitl_platform").mkdir()
    for name in ("__init__.py", "bootstrap.py"):
        shutil.copy(bootstrap.ROOT / "hitl_platform" / name, tmp_path / "hitl_platform" / name)
    return tmp_path


def run_bare(project: Path, *arguments: str, path: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """manage.py without any installed package in sight."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(project)}
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    python = getattr(sys, "_base_executable", sys.executable)
    return subprocess.run(
        [python, "-S", "manage.py", *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", ["demo", "test"])
@pytest.mark.parametrize("source", [None, "raise ImportError('stripped')", "def version():\n    raise OSError\n"])
def test_without_ensurepip_it_names_the_package(bare_project: Path, tmp_path: Path, command: str, source: str) -> None:
    stripped = tmp_path / "stripped"
    stripped.mkdir()
    if source is None:
        (stripped / "sitecustomize.py").write_text("import sys\nsys.modules['ensurepip'] = None\n")
        (stripped / "ensurepip.py").write_text("raise ImportError\n")
    else:
        (stripped / "ensurepip.py").write_text(source)
    finished = run_bare(bare_project, command, path=stripped)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert finished.returncode == 2, finished.stderr
    assert f"apt-get install python{version}-venv" in finished.stderr
    assert not (bare_project / ".venv").exists()
    assert "Traceback" not in finished.stderr


def test_an_old_python_is_told_so() -> None:
    """The file parses where f-strings do not exist yet; the check comes before any other import."""
    source = (bootstrap.ROOT / "manage.py").read_text(encoding="utf-8")
    assert source.index("sys.version_info < (3, 11)") < source.index("from hitl_platform")
    assert 'f"' not in source


def test_nothing_is_installed_where_the_dependencies_are_importable(tmp_path: Path) -> None:
    before = set(bootstrap.ROOT.iterdir())
    finished = subprocess.run(
        [sys.executable, "manage.py", "--version"], cwd=bootstrap.ROOT, capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip() == importlib.metadata.version("django")
    assert "[setup]" not in finished.stderr
    assert set(bootstrap.ROOT.iterdir()) == before


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_no_registry_and_hashes_everything(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"--(index-url|extra-index-url|find-links|trusted-host)|^-[fi] ", text, re.MULTILINE)
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(entries) > 50
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("purpose", sorted(bootstrap.LOCKS))
def test_a_lock_has_what_the_project_asks_for(purpose: str) -> None:
    found = pinned(bootstrap.ROOT / bootstrap.LOCKS[purpose])
    versions = {canonicalize_name(name): version for name, version in found.items()}
    names = bootstrap.needed_distributions(bootstrap.ROOT, purpose=purpose)
    assert [name for name in names if canonicalize_name(name) not in versions] == []
    project = tomllib.loads((bootstrap.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [Requirement(item) for item in project["project"]["dependencies"]]
    assert [str(item) for item in wanted if versions[canonicalize_name(item.name)] not in item.specifier] == []


def test_the_locks_agree() -> None:
    run, *others = (pinned(bootstrap.ROOT / bootstrap.LOCKS[purpose]) for purpose in ("run", "test"))
    for other in others:
        assert {name: other.get(name) for name in run} == run


def test_every_dependency_has_its_reason() -> None:
    lines = (bootstrap.ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    bare = [line.strip() for line in lines if re.match(r'    "[A-Za-z0-9-]+[\[<>=]', line) and "# " not in line]
    assert bare == []

"""From a bare Python to one that has the dependencies: makes `.venv`, installs the lock file, carries on.

Standard library only, and no import of the project: this runs before anything is installed. Where the
dependencies are already importable it does nothing.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {"run": "requirements.lock", "test": "requirements-test.lock"}


def ensure_dependencies(purpose: str, *, root: Path = ROOT) -> None:
    """Return if this interpreter has what `purpose` needs; else install it and start over inside `.venv`.

    `purpose` is "run" or "test". Exits 2 with a sentence when Python lacks ensurepip, 1 when the
    installation fails.
    """
    inside = Path(sys.prefix).resolve() == (root / ".venv").resolve()
    lock = root / LOCKS[purpose]
    if inside:
        if is_current(root, lock=lock):
            return
    elif has_distributions(needed_distributions(root, purpose=purpose)):
        return
    python = root / ".venv" / "bin" / "python"
    if not (python.exists() and is_current(root, lock=lock)):
        try:
            install(root, lock=lock)
        except KeyboardInterrupt:
            say("Stopped before everything was installed; the next start goes on from here.")
            raise SystemExit(130) from None
    if inside:
        return
    environment = {**os.environ, "VIRTUAL_ENV": str(root / ".venv")}
    sys.stdout.flush()
    os.execve(python, [str(python), *sys.argv], environment)  # noqa: S606  # no shell: our own interpreter


def needed_distributions(root: Path, *, purpose: str) -> list[str]:
    """Names of the distributions that pyproject.toml asks for, without versions and extras."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = list(project["project"]["dependencies"])
    groups = ["test"] if purpose == "test" else []
    while groups:
        for item in project["dependency-groups"][groups.pop()]:
            if isinstance(item, str):
                wanted.append(item)
            else:
                groups.append(item["include-group"])
    return [re.split(r"[\[<>=!~; ]", item, maxsplit=1)[0] for item in wanted]


def has_distributions(names: Sequence[str]) -> bool:
    """Whether every one of these is installed for this interpreter."""
    try:
        for name in names:
            importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def is_current(root: Path, *, lock: Path) -> bool:
    """Whether `.venv` was filled from this very lock file."""
    stamp = stamp_of(root, lock=lock)
    return stamp.exists() and stamp.read_text(encoding="ascii") == fingerprint(lock)


def stamp_of(root: Path, *, lock: Path) -> Path:
    """The file in `.venv` that remembers what was installed from `lock`."""
    return root / ".venv" / f"installed-{lock.stem}"


def fingerprint(lock: Path) -> str:
    """SHA-256 of the lock file."""
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def install(root: Path, *, lock: Path) -> None:
    """Make `.venv` where it is missing or broken, and install the lock file's exact, hash-checked wheels."""
    python = root / ".venv" / "bin" / "python"
    if not works(python):
        make_environment(root)
    say(f"Installing the packages of {lock.name}, each checked against its hash.")
    started = time.monotonic()
    command = [
        str(python), "-m", "pip", "install", "--require-hashes", "--only-binary=:all:", "--no-deps",
        "--no-input", "--disable-pip-version-check", "--no-compile", "--quiet", "--requirement", str(lock),
    ]  # fmt: skip
    # A constraints file of this machine may contradict the lock, which is complete.
    environment = {**os.environ, "PIP_CONSTRAINT": "", "PIP_USER": "0"}
    if subprocess.run(command, check=False, env=environment, stdin=subprocess.DEVNULL).returncode != 0:
        say("The packages could not be installed (pip's own words are above). Is a package index reachable?")
        raise SystemExit(1)
    # The lock of the tests holds all of the other one.
    for filled in [lock, root / LOCKS["run"]] if lock.name == LOCKS["test"] else [lock]:
        stamp_of(root, lock=filled).write_text(fingerprint(filled), encoding="ascii")
    say(f"Installed in {time.monotonic() - started:.0f} s.")


def works(python: Path) -> bool:
    """Whether this interpreter starts and has pip (a half-made environment does not)."""
    if not python.exists():
        return False
    command = [str(python), "-c", "import pip"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def make_environment(root: Path) -> None:
    """`python -m venv .venv`; exits 2 and names the package where this Python was built without ensurepip."""
    if importlib.util.find_spec("ensurepip") is None or not has_bundled_pip():
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        say(
            "This Python cannot make virtual environments: the module ensurepip is missing. On Debian and "
            f"Ubuntu install the package python{version}-venv (`apt-get install python{version}-venv`), "
            "then try again."
        )
        raise SystemExit(2)
    say(f"Making a virtual environment in {root / '.venv'} with Python {sys.version.split()[0]}.")
    command = [sys.executable, "-m", "venv", "--clear", str(root / ".venv")]
    finished = subprocess.run(command, check=False, capture_output=True, text=True)
    if finished.returncode != 0:
        say(f"The virtual environment could not be made:\n{finished.stdout}{finished.stderr}")
        raise SystemExit(1)


def has_bundled_pip() -> bool:
    """Whether ensurepip can really install pip (Debian ships the module's stub apart from its wheels)."""
    command = [sys.executable, "-c", "import ensurepip; ensurepip.version()"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def say(sentence: str) -> None:
    """Tell the person at the terminal, on stderr: stdout belongs to the command."""
    print(f"[setup] {sentence}", file=sys.stderr, flush=True)

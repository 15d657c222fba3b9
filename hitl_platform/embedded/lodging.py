"""Where embedded servers live, and as whom.

PostgreSQL refuses to run as root. An ordinary user runs it as himself; root runs it as `nobody`, with the
binaries and the data in folders that `nobody` can reach. No mode and no owner changes outside the home.
"""

import hashlib
import os
import pwd
import subprocess
import tempfile
from pathlib import Path

from .children import Account
from .failures import ServerFailed


def unprivileged_account() -> Account | None:
    """The account for the servers: None (our own) unless we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("nobody", "daemon"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=entry.pw_uid, gid=entry.pw_gid)
    raise ServerFailed(
        "PostgreSQL does not run as root, and this machine has neither an account `nobody` nor `daemon`. "
        "Run the command as an ordinary user."
    )


def open_home(home: Path) -> Path:
    """Make the home folder: private, except that the servers' account may pass through it."""
    if not home.exists():
        home.mkdir(parents=True)
    home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return home


def temporary_home(prefix: str) -> Path:
    """A new home under the first temporary folder that the servers' account can reach."""
    account = unprivileged_account()
    for parent in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):  # noqa: S108  # mkdtemp below
        if parent.is_dir() and can_pass(parent, account=account):
            return open_home(Path(tempfile.mkdtemp(prefix=prefix, dir=parent)))
    raise ServerFailed("No temporary folder can be reached by the account that runs PostgreSQL; set TMPDIR.")


def can_pass(folder: Path, *, account: Account | None) -> bool:
    """Whether the account can enter this folder: asked of the kernel, which knows every mode and ACL."""
    if account is None:
        return os.access(folder, os.X_OK)
    answer = subprocess.run(
        ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        check=False,
        capture_output=True,
    )
    return answer.returncode == 0


def server_room(home: Path) -> Path:
    """The folder for server data: the home, or one in /var/lib or /var/tmp if their account cannot reach it.

    The room outside is named after the home's path, so that the next start finds it again.
    """
    account = unprivileged_account()
    if can_pass(home, account=account):
        return home
    name = f"hitl-{hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]}"
    for parent in (Path("/var/lib"), Path("/var/tmp")):  # noqa: S108  # the room's owner is checked below
        if not (parent.is_dir() and can_pass(parent, account=account)):
            continue
        room = parent / name
        if not room.exists():
            room.mkdir(mode=0o711)
            room.chmod(0o711)
        if room.is_symlink() or room.stat().st_uid != os.geteuid():
            raise ServerFailed(f"{room} belongs to somebody else; remove it and start again.")
        return room
    raise ServerFailed(f"The account of PostgreSQL can reach neither {home} nor /var/lib nor /var/tmp.")

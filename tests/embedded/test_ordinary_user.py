"""The same servers as an ordinary user, who owns them himself."""

import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

import pytest

from hitl_platform.bootstrap import ROOT
from hitl_platform.embedded.lodging import unprivileged_account

SCRIPT = """
    import os, sys
    from pathlib import Path
    import psycopg
    from hitl_platform.embedded.servers import running_servers
    with running_servers(Path(sys.argv[1]) / ".hitl", throwaway=True, say=lambda text: None) as servers:
        assert servers.postgres.account is None
        assert (servers.postgres.data.stat().st_uid, os.geteuid()) == (os.geteuid(),) * 2
        assert not (servers.postgres.folder / "install").exists()
        with psycopg.connect(servers.postgres.superuser_url()) as connection:
            connection.execute("create extension vector")
            print(connection.execute("select current_setting('data_directory')").fetchone()[0])
"""


def interpreter_for(uid: int, gid: int) -> str:
    """An interpreter of this version that the user may run; skips where there is none."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, shutil.which(version, path="/usr/bin:/usr/local/bin") or ""):
        if not candidate:
            continue
        probe = [candidate, "-c", "import psycopg, hitl_platform"]
        try:
            finished = subprocess.run(
                probe,
                user=uid,
                group=gid,
                extra_groups=[],
                cwd="/",
                env=environment(),
                check=False,
                capture_output=True,
            )
        except PermissionError:
            continue
        if finished.returncode == 0:
            return candidate
    pytest.skip("no interpreter, package folder or work tree here is open to an ordinary user")


def environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])}


def test_an_ordinary_user_runs_the_servers_himself(home: Path) -> None:
    account = unprivileged_account()
    uid, gid = (account.uid, account.gid) if account else (os.geteuid(), os.getegid())
    python = interpreter_for(uid, gid) if account else sys.executable
    own = home / "own"
    own.mkdir(mode=0o700)
    os.chown(own, uid, gid)
    finished = subprocess.run(
        [python, "-c", textwrap.dedent(SCRIPT), str(own)],
        **({"user": uid, "group": gid, "extra_groups": []} if account else {}),
        cwd="/",
        env=environment(),
        check=False,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.strip() == str(own / ".hitl" / "postgres" / "data")

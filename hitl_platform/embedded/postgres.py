"""A PostgreSQL 18 server of our own: scram passwords, loopback only, private socket folder, durable."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import binaries, ports
from .children import Account, command_line_of, is_running, spawn, stop, undisturbed, wait_until_gone
from .failures import ServerFailed
from .keyring import DATABASE, SUPERUSER, Keyring
from .lodging import unprivileged_account

LONGEST_SOCKET_PATH = 100  # the kernel allows 107 bytes, the file name `.s.PGSQL.54321` included

SETTINGS = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{socket_folder}'
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = '{shared_buffers}'
fsync = on
synchronous_commit = on
full_page_writes = on
max_wal_size = '2GB'
min_wal_size = '128MB'
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_line_prefix = '%m %u '
jit = off
random_page_cost = 1.1
"""

ACCESS = """\
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
"""


@dataclass
class Postgres:
    """One server; its files are under `folder`, which is made at the first start.

    `throwaway` leaves out the flush after initdb and the last checkpoint; while it runs it is durable.
    """

    folder: Path
    keyring: Keyring
    throwaway: bool = False
    shared_buffers: str = "256MB"
    say: Callable[[str], None] = print
    port: int = 0
    child: subprocess.Popen[bytes] | None = None
    account: Account | None = field(default_factory=unprivileged_account)

    @property
    def data(self) -> Path:
        """The cluster's data folder."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self.folder / "postgres.log"

    def url(self, role: str, *, password: str, database: str = DATABASE) -> str:
        """The connection URL of a role."""
        return f"postgresql://{role}:{password}@{ports.LOOPBACK}:{self.port}/{database}"

    def superuser_url(self) -> str:
        """The superuser's URL, to the maintenance database."""
        return self.url(SUPERUSER, password=self.keyring.superuser, database="postgres")

    def start(self, *, patience: float = 60.0) -> None:
        """Make the cluster where there is none, start the server, wait until it accepts connections."""
        programs = self.open_folder()
        if not (self.data / "PG_VERSION").exists():
            self.make_cluster(programs)
        self.clear_stale_pid()
        # A restart keeps its port, which others know; a first start takes any, or another if it is lost.
        for port in [self.port] if self.port else [ports.free_port() for _ in range(5)]:
            self.port = port
            self.write_settings()
            self.launch(programs)
            if self.wait_until_ready(patience=patience):
                return
            if "could not bind" not in self.log_tail():
                break
        raise ServerFailed(f"PostgreSQL did not start; the end of {self.log}:\n{self.log_tail()}")

    def stop(self) -> None:
        """Fast shutdown; a throwaway server skips its last checkpoint."""
        if self.child is not None:
            ask = signal.SIGQUIT if self.throwaway else signal.SIGINT
            stop(self.child, ask=ask, patience=30)
            self.child = None

    def open_folder(self) -> Path:
        """Make the folders, and answer where the server's account finds the programs."""
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o711 if self.account else 0o700)
        for name in ("data", "run"):
            (self.folder / name).mkdir(exist_ok=True)
            self.give(self.folder / name)
            (self.folder / name).chmod(0o700)
        if self.account is None:
            return binaries.postgres_programs()
        return binaries.copy_postgres(self.folder / "install")

    def give(self, path: Path) -> None:
        """Hand a file or folder of ours to the server's account."""
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid)

    def make_cluster(self, programs: Path) -> None:
        """initdb: checksums, UTF-8 and the built-in C.UTF-8 collation, which no system upgrade reorders."""
        self.say("Making a PostgreSQL cluster.")
        for leftover in self.data.iterdir():  # of an initdb that was interrupted: PG_VERSION is missing
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        password_file = self.folder / "run" / "superuser-password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.keyring.superuser, encoding="ascii")
        self.give(password_file)
        command = [
            str(programs / "initdb"), f"--pgdata={self.data}", f"--username={SUPERUSER}",
            f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions",
            *(["--no-sync"] if self.throwaway else []),
        ]  # fmt: skip
        with self.log.open("ab") as log, undisturbed():
            self.child = spawn(
                command, environment=self.environment(), directory=self.data, output=log, account=self.account
            )
        code = self.child.wait()
        self.child = None
        password_file.unlink()
        if code != 0:
            raise ServerFailed(f"initdb failed; the end of {self.log}:\n{self.log_tail()}")

    def write_settings(self) -> None:
        """Write the settings and the access rules anew: both belong to us, not to the cluster."""
        sockets = self.folder / "run"
        known = SETTINGS.format(
            port=self.port,
            socket_folder=sockets if len(str(sockets)) <= LONGEST_SOCKET_PATH - 16 else "",
            shared_buffers=self.shared_buffers,
        )
        for name, text in (("postgresql.conf", known), ("pg_hba.conf", ACCESS)):
            path = self.data / name
            path.write_text(text, encoding="utf-8")
            self.give(path)

    def launch(self, programs: Path) -> None:
        """Start the server; if we die, the kernel asks it for a fast shutdown."""
        with self.log.open("ab") as log, undisturbed():
            self.child = spawn(
                [str(programs / "postgres"), "-D", str(self.data)],
                environment=self.environment(),
                directory=self.data,
                output=log,
                account=self.account,
                death_signal=signal.SIGINT,
            )

    def wait_until_ready(self, *, patience: float) -> bool:
        """Poll the server's own note of its state; False when it died, raises when it takes too long."""
        assert self.child is not None  # noqa: S101  # for the type checker: launch() went before
        deadline = time.monotonic() + patience
        while self.child.poll() is None:
            if self.pid_file_lines()[:1] == [str(self.child.pid)] and self.pid_file_lines()[7:8] == ["ready"]:
                return True
            if time.monotonic() > deadline:
                self.stop()
                raise ServerFailed(f"PostgreSQL was not ready after {patience:.0f} s:\n{self.log_tail()}")
            time.sleep(0.02)
        self.child = None
        return False

    def clear_stale_pid(self) -> None:
        """End a server that an earlier run left behind; drop a pid file without a server."""
        lines = self.pid_file_lines()
        if not lines or not lines[0].isdigit():
            return
        pid = int(lines[0])
        if is_running(pid) and self.serves_this_folder(pid):
            self.say(f"A PostgreSQL of an earlier run (pid {pid}) still serves {self.data}: stopping it.")
            os.kill(pid, signal.SIGINT)
            if not wait_until_gone(pid, patience=30):
                raise ServerFailed(f"The PostgreSQL of an earlier run (pid {pid}) does not stop.")
            return
        self.say(f"Removing the stale pid file of PostgreSQL (it names {pid}, which is no server of ours).")
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def serves_this_folder(self, pid: int) -> bool:
        """Whether that process is a server on our data folder, by its command line."""
        command = command_line_of(pid)
        return "postgres" in command and str(self.data) in command

    def pid_file_lines(self) -> list[str]:
        """The lines of postmaster.pid: the first is the pid, the eighth the state."""
        with contextlib.suppress(OSError):
            text = (self.data / "postmaster.pid").read_text(encoding="utf-8", errors="replace")
            return [line.strip() for line in text.splitlines()]
        return []

    def environment(self) -> dict[str, str]:
        """Nothing of ours leaks into the server: no PG* variable, no locale, no secret."""
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

    def log_tail(self) -> str:
        """The last lines of the log."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
        return "(no log)"

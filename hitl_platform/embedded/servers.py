"""PostgreSQL and Valkey together, and the environment that the project's processes read."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .keyring import Keyring, open_keyring
from .lodging import open_home, server_room
from .postgres import Postgres
from .valkey import Valkey


@dataclass(frozen=True)
class Servers:
    """Both servers, running, and the keyring that opens them."""

    postgres: Postgres
    valkey: Valkey
    keyring: Keyring
    home: Path

    def environment(self, *, public_url: str) -> dict[str, str]:
        """What `hitl_platform.settings` reads, on top of this process's own environment."""
        keyring = self.keyring
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "hitl_platform.settings",
            "SECRET_KEY": keyring.secret_key,
            "DATABASE_URL": self.postgres.url("hitl_app", password=keyring.app),
            "MIGRATOR_DATABASE_URL": self.postgres.url("hitl_migrator", password=keyring.migrator),
            "SWEEPER_DATABASE_URL": self.postgres.url("hitl_sweeper", password=keyring.sweeper),
            "SEALER_DATABASE_URL": self.postgres.url("hitl_sealer", password=keyring.sealer),
            "BACKUP_DATABASE_URL": self.postgres.url("hitl_backup", password=keyring.backup),
            "SUPERUSER_DATABASE_URL": self.postgres.superuser_url(),
            "BROKER_URL": self.valkey.url(),
            "LEDGER_SIGNING_KEY": keyring.ledger_signing_key,
            "EVIDENCE_STORE": str(self.home.resolve() / "evidence"),
            "PUBLIC_URL": public_url,
        }


@contextmanager
def running_servers(home: Path, *, throwaway: bool = False, say: Callable[[str], None] = print) -> Iterator[Servers]:
    """Start both servers in `home`, and stop them, Valkey first, however the block ends."""
    open_home(home)
    room = server_room(home)
    if room != home:
        say(f"PostgreSQL's account cannot reach {home}; server data is in {room}.")
    keyring = open_keyring(home / "secrets.json")
    postgres = Postgres(folder=room / "postgres", keyring=keyring, throwaway=throwaway, say=say)
    valkey = Valkey(folder=room / "valkey", keyring=keyring, say=say)
    started = time.monotonic()
    try:
        postgres.start()
        valkey.start()
        say(
            f"PostgreSQL answers on 127.0.0.1:{postgres.port}, Valkey on 127.0.0.1:{valkey.port} "
            f"({time.monotonic() - started:.1f} s)."
        )
        yield Servers(postgres=postgres, valkey=valkey, keyring=keyring, home=home)
    finally:
        valkey.stop()
        postgres.stop()

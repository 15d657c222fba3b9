"""The drill: a backup is restored into servers of its own, verified, sealed on, and everything thrown away."""

import base64
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hitl_platform.backups.manifest import Manifest, read_manifest
from hitl_platform.embedded import ports
from hitl_platform.embedded.lodging import temporary_home
from hitl_platform.embedded.programs import MANAGE, child_environment
from hitl_platform.embedded.servers import running_servers
from hitl_platform.ledger.checkpoints import Signer

PATIENCE = 3_600


@dataclass
class Drill:
    """One drill: where the backup is, what it is held against, and where the report goes."""

    folder: Path
    public_keys: Sequence[str]
    checkpoint: Path | None
    say: Callable[[str], None]

    def run(self) -> bool:
        """Do it; answers whether everything was as it was kept. Raises Invalid for a backup that is not whole."""
        began = time.monotonic()
        manifest = read_manifest(self.folder)
        self.say(
            f"backup of {manifest.made_at}, {sum(manifest.rows.values())} rows, PostgreSQL {manifest.server_version}"
        )
        home = temporary_home("hitl-drill-")
        try:
            with running_servers(home, throwaway=True, say=lambda _: None) as servers:
                environment = servers.environment(public_url=f"http://{ports.LOOPBACK}:8000")
                self.environment = child_environment(environment, superuser=True)
                own_key = public_key_of(servers.keyring.ledger_signing_key)
                held = all(self.step(*command) for command in self.commands(manifest, own_key=own_key))
        finally:
            shutil.rmtree(home, ignore_errors=True)
        self.say(f"{'the drill held' if held else 'THE DRILL FAILED'} ({time.monotonic() - began:.0f} s)")
        return held

    def commands(self, manifest: Manifest, *, own_key: str) -> list[tuple[str, ...]]:
        """The commands of the drill in their order; sealing goes on under a key that lives as long as the drill."""
        keys = [part for key in self.public_keys for part in ("--public-key", key)]
        older = ("--checkpoint", str(self.checkpoint)) if self.checkpoint else ()
        tenants = [ledger.slug for ledger in manifest.ledgers.values() if ledger.size or ledger.unsealed]
        both = (*keys, "--public-key", own_key) if keys else ()
        return [
            ("provision",),
            ("restore", str(self.folder), *keys, *older),
            ("seal", "--once"),
            *(("verify_ledger", "--tenant", slug, *both) for slug in tenants if both),
        ]

    def step(self, *command: str) -> bool:
        """Run one command in the drill's servers, and tell what it said."""
        done = subprocess.run(
            [sys.executable, MANAGE, *command],
            env=self.environment, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        for line in (done.stdout + done.stderr).splitlines():
            self.say(f"  {command[0]}: {line}")
        return done.returncode == 0


def public_key_of(seed: str) -> str:
    """The public half of a signing key, both in base64."""
    return base64.b64encode(Signer(base64.b64decode(seed)).public_key).decode()

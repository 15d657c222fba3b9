"""Generated passwords and keys of an embedded installation, kept in one file that only its owner may read."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path

SUPERUSER = "hitl_superuser"
DATABASE = "hitl"


@dataclass(frozen=True)
class Keyring:
    """One secret a purpose; URL-safe, at least 192 random bits each."""

    secret_key: str
    ledger_signing_key: str
    superuser: str
    app: str
    migrator: str
    sweeper: str
    sealer: str
    backup: str
    broker: str


def open_keyring(path: Path) -> Keyring:
    """Read the keyring, or make one where there is none yet; a secret that an older one lacks is made as well."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    fresh = {each.name: secrets.token_urlsafe(24) for each in fields(Keyring)}
    fresh["secret_key"] = secrets.token_urlsafe(48)
    fresh["ledger_signing_key"] = base64.b64encode(secrets.token_bytes(32)).decode("ascii")
    keyring = Keyring(**{**fresh, **known})
    if asdict(keyring) != known:
        write_private(path, text=json.dumps(asdict(keyring), indent=1))
    return keyring


def write_private(path: Path, *, text: str) -> None:
    """Write a file that is 0600 from its first byte on, replacing it whole."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)

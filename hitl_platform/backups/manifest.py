"""What a backup says of itself: which files with which hashes, how many rows, and how far each ledger was signed."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hitl_platform.kernel.errors import Invalid

FORMAT = "hitl-backup-1"
MANIFEST, DATABASE, EVIDENCE = "manifest.json", "database.dump", "evidence.tar"
PIECE = 1 << 20


@dataclass(frozen=True)
class Ledger:
    """Where a tenant's ledger stood: the newest signed checkpoint, and how many events had no seal yet."""

    slug: str
    size: int
    checkpoint: str
    unsealed: int


@dataclass(frozen=True)
class Manifest:
    """A backup's table of contents. `rows`: by table; `evidence`: files in the archive; `missing`: without bytes."""

    made_at: str
    database: str
    server_version: str
    epoch: str
    sha256: dict[str, str]
    rows: dict[str, int]
    evidence: int
    missing: list[str] = field(default_factory=list)
    ledgers: dict[str, Ledger] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write it into a backup's folder."""
        text = json.dumps({"format": FORMAT, **asdict(self)}, indent=1, sort_keys=True)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup whose files are those it names; raises Invalid naming what is missing or changed."""
    try:
        told: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if told.pop("format") != FORMAT:
            raise Invalid(f"{folder} is not a backup of the format {FORMAT}.")
        ledgers = {tenant: Ledger(**ledger) for tenant, ledger in told.pop("ledgers").items()}
        manifest = Manifest(**told, ledgers=ledgers)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Invalid(f"{folder} holds no backup that can be read: {error}") from error
    for name, expected in manifest.sha256.items():
        path = folder / name
        if not path.exists():
            raise Invalid(f"{name} is missing from the backup.")
        if digest_of(path) != expected:
            raise Invalid(f"{name} is not the file that was written: its hash differs from the manifest's.")
    return manifest


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()

"""Restoring a backup into a database that holds nothing yet, and saying whether what stands there is what was kept.

Transaction ids start anew in another cluster, so each event carries the identifier of the cluster that wrote it:
what had no seal when the backup was made is sealed by `manage.py seal` after the restore, in its own order, before
anything new. Nothing of the ledger is rewritten for that.
"""

import base64
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from uuid import UUID

import psycopg
from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages
from django.db import connections
from psycopg import sql

from hitl_platform.backups.manifest import DATABASE, EVIDENCE, Manifest, read_manifest
from hitl_platform.backups.programs import run_program
from hitl_platform.kernel.errors import Conflict, NotFound
from hitl_platform.ledger.checkpoints import configured_signer
from hitl_platform.ledger.offline_verifier import MAX_NAMED, verify
from hitl_platform.ledger.stored import StoredLedger
from hitl_platform.tenants.catalogue import breaches

# the migrator owns what it restores; comments of extensions are a superuser's
HOW = ("--no-owner", "--no-comments", "--exit-on-error", "--single-transaction")


@dataclass
class Report:
    """What a restore found; `problems` are what is not as it was kept, `lines` what was looked at."""

    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def held(self, text: str, *, problems: Sequence[str]) -> None:
        """Note one look: its subject, and what was wrong with it."""
        self.lines.append(f"{'not as kept' if problems else 'ok'}: {text}")
        self.problems += problems


def restore_backup(folder: Path, *, url: str) -> Manifest:
    """Restore database and files of a backup, as hitl_migrator on a provisioned database.

    Raises Invalid for a backup that is not whole, Conflict where the database or the storage holds something already.
    """
    manifest = read_manifest(folder)
    with psycopg.connect(url) as connection:
        taken = connection.execute("select 1 from pg_tables where schemaname = 'public' limit 1").fetchone()
    if taken:
        raise Conflict("The database holds tables already; a backup is restored into an empty one.")
    run_program("pg_restore", *HOW, f"--dbname={psycopg.conninfo.conninfo_to_dict(url)['dbname']}",
                str(folder / DATABASE), url=url)  # fmt: skip
    _restore_evidence(folder / EVIDENCE)
    return manifest


def inspect(manifest: Manifest, *, public_keys: Sequence[str] = (), older: str = "") -> Report:
    """Hold the database in force against a manifest, and each ledger against its signatures.

    `older` is a checkpoint that was kept outside; it is held against the ledger of its tenant. Without
    `public_keys` those of this installation's signing key are used.
    """
    report = Report()
    report.held(
        f"{sum(manifest.rows.values())} rows in {len(manifest.rows)} tables", problems=_differing_rows(manifest)
    )
    report.held(f"{manifest.evidence} evidence files", problems=_missing_files(manifest))
    report.held("walls between tenants", problems=breaches(using="migrator"))
    keys = list(public_keys)
    if not keys and settings.LEDGER_SIGNING_KEY:
        keys = [base64.b64encode(configured_signer().public_key).decode()]
    found_older = not older
    for tenant_id, kept in manifest.ledgers.items():
        is_its_own = bool(older) and older.split("\n", 1)[0].endswith(tenant_id)
        found_older = found_older or is_its_own
        _verify(report, tenant_id, keys=keys, notes=[kept.checkpoint, older if is_its_own else ""])
        if kept.unsealed:
            report.lines.append(
                f"note: {kept.slug}: {kept.unsealed} events had no seal yet; the sealer goes on with them"
            )
    if not found_older:
        report.problems.append("the checkpoint from outside is of no ledger of this backup")
    return report


def _verify(report: Report, tenant_id: str, *, keys: Sequence[str], notes: Sequence[str]) -> None:
    """The ledger as the database holds it, held against the checkpoints kept beside the backup and outside of it."""
    if not any(notes):
        report.lines.append(f"note: the ledger of {tenant_id} had no seal yet")
        return
    try:
        ledger = StoredLedger(UUID(tenant_id))
    except NotFound:
        report.held(f"ledger of {tenant_id}", problems=[f"the ledger of {tenant_id} is gone"])
        return
    problems: dict[str, None] = {}
    for note in filter(None, notes):
        found = verify(ledger, public_keys=keys, older=note)
        problems |= dict.fromkeys(f"ledger of {tenant_id}: {each}" for each in found.findings[:MAX_NAMED])
    against = "the checkpoint from outside" if notes[-1] else "the checkpoint of the backup"
    report.held(f"ledger of {tenant_id}: {ledger.size} events, held against {against}", problems=list(problems))


def _differing_rows(manifest: Manifest) -> list[str]:
    differing = []
    with connections["migrator"].cursor() as cursor:
        for table, rows in manifest.rows.items():
            cursor.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table)))
            (found,) = cursor.fetchone()
            if found != rows:
                differing.append(f"{table}: {found} rows instead of {rows}")
    return differing


def _missing_files(manifest: Manifest) -> list[str]:
    with connections["migrator"].cursor() as cursor:
        cursor.execute("select storage_key::text from cases_evidencefile where state = 'stored'")
        keys = [key for (key,) in cursor.fetchall()]
    gone = [key for key in keys if key not in manifest.missing and not storages["evidence"].exists(_place(key))]
    return [f"evidence file {key}: its bytes are not in the storage" for key in gone]


def _restore_evidence(path: Path) -> None:
    """Put the files back under their keys. A name that is no key leads nowhere: nothing is unpacked by its path."""
    storage = storages["evidence"]
    with tarfile.open(path, mode="r") as archive:
        for member in archive:
            key = str(UUID(member.name))
            content: IO[bytes] | None = archive.extractfile(member)
            if content is not None and not storage.exists(_place(key)):
                storage.save(_place(key), File(content))


def _place(key: str) -> str:
    return f"{key.replace('-', '')[:2]}/{key}"

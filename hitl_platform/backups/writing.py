"""Writing a backup: the database as one snapshot sees it, the evidence files which that snapshot names, the manifest.

Keys are no part of it: whoever steals a backup cannot sign checkpoints with it, and whoever restores one brings them.
"""

import io
import os
import tarfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from django.core.files.storage import storages
from psycopg import sql

from hitl_platform.backups.manifest import DATABASE, EVIDENCE, Ledger, Manifest, digest_of
from hitl_platform.backups.programs import run_program
from hitl_platform.kernel.errors import Invalid

_TABLES = """
select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' order by 1
"""
# the storage also holds what was erased a moment ago and is not shredded yet: only what a row names may be kept
_FILES = "select storage_key::text from cases_evidencefile where state = 'stored' order by 1"
_LEDGERS = """
select t.id::text, t.slug, coalesce(c.size, 0), coalesce(c.note, ''), (
    select count(*) from ledger_auditevent e where e.tenant_id = t.id
    and not exists (select 1 from ledger_auditleaf l where l.tenant_id = t.id and l.event_id = e.id)
)
from tenants_tenant t left join lateral (
    select size, note from ledger_checkpoint where tenant_id = t.id order by size desc limit 1
) c on true order by 1
"""


def write_backup(*, url: str, folder: Path) -> Manifest:
    """Write a backup into a new folder, as hitl_backup. Raises Invalid where the folder is there, Unavailable."""
    if folder.exists():
        raise Invalid(f"{folder} is there already; a backup gets a folder of its own.")
    folder.mkdir(parents=True, mode=0o700)
    with psycopg.connect(url, options="-c idle_in_transaction_session_timeout=0") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        (snapshot,) = _one(connection, "select pg_export_snapshot()")
        keys = [key for (key,) in connection.execute(_FILES).fetchall()]
        facts = _facts(connection)
        # while this transaction lives, pg_dump sees what it sees
        dump = str(folder / DATABASE)
        run_program("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={dump}", url=url)
    missing = _write_evidence(folder / EVIDENCE, keys)
    manifest = Manifest(
        **facts,
        sha256={name: digest_of(folder / name) for name in (DATABASE, EVIDENCE)},
        evidence=len(keys) - len(missing),
        missing=missing,
    )
    manifest.write(folder)
    return manifest


def _facts(connection: "psycopg.Connection[Any]") -> dict[str, Any]:
    tables = [name for (name,) in connection.execute(_TABLES).fetchall()]
    count = sql.SQL("select count(*) from {}")
    rows = {name: _one(connection, count.format(sql.Identifier(name)))[0] for name in tables}
    database, version, epoch = _one(
        connection,
        "select current_database(), current_setting('server_version'), (pg_control_system()).system_identifier::text",
    )
    ledgers = {tenant: Ledger(*told) for tenant, *told in connection.execute(_LEDGERS).fetchall()}
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "made_at": made_at, "database": database, "server_version": version, "epoch": epoch, "rows": rows,
        "ledgers": ledgers,
    }  # fmt: skip


def _write_evidence(path: Path, keys: Iterable[str]) -> list[str]:
    """Write the bytes under these keys into an archive; answers the keys that have none."""
    missing = []
    storage = storages["evidence"]
    file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    with file, tarfile.open(fileobj=file, mode="w") as archive:
        for key in keys:
            try:
                with storage.open(f"{key.replace('-', '')[:2]}/{key}", "rb") as content:
                    data = content.read()
            except FileNotFoundError:
                missing.append(key)
                continue
            member = tarfile.TarInfo(key)
            member.size, member.mode = len(data), 0o600
            archive.addfile(member, io.BytesIO(data))
    return missing


def _one(connection: "psycopg.Connection[Any]", query: Any) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    if row is None:
        raise RuntimeError("a query of one row answered none")
    return tuple(row)

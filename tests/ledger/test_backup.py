"""Backup and restore: whole, without what was erased, verified against a checkpoint that was kept outside."""

import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connections

from audits.services.retention_erasure import erase_subject
from hitl_platform.backups.manifest import DATABASE, EVIDENCE, MANIFEST
from hitl_platform.backups.writing import write_backup
from hitl_platform.embedded.binaries import postgres_programs
from hitl_platform.kernel.errors import Invalid
from hitl_platform.pipeline.runner import drain
from tests.audits.letting_go import SUBJECT, WORDS, Told, tell_everything
from tests.conftest import Committed
from tests.databases import database_url, seal_committed
from tests.ledger.conftest import checkpoints


@pytest.fixture
def told(committed: Committed, cast: Any, api: Any, store: Path, settings: Any) -> Told:
    settings.BACKUP_DATABASE_URL = database_url(django_settings.BACKUP_DATABASE_URL, committed.name)
    return tell_everything(cast, api)


def backup(folder: Path, **options: Any) -> dict[str, Any]:
    call_command("backup", str(folder), stdout=io.StringIO(), **options)
    return dict(json.loads((folder / MANIFEST).read_text()))


def in_plain(folder: Path) -> str:
    """All that a backup holds, unpacked."""
    program = str(postgres_programs() / "pg_restore")
    dump = subprocess.run([program, "--file=-", str(folder / DATABASE)], capture_output=True, check=True).stdout
    with tarfile.open(folder / EVIDENCE) as archive:
        names = "\n".join(archive.getnames())
    return dump.decode() + (folder / MANIFEST).read_text() + names + (folder / EVIDENCE).read_bytes().decode("latin-1")


def newest_note(told: Told) -> str:
    with connections["sealer"].cursor() as cursor:
        cursor.execute(
            "select note from ledger_checkpoint where tenant_id = %s order by size desc limit 1", [told.tenant().pk]
        )
        return str(cursor.fetchone()[0])


@pytest.mark.slow
def test_the_drill_restores_verifies_and_an_erased_subject_is_in_no_later_backup(
    told: Told, ada: Any, tmp_path: Path
) -> None:
    seal_committed()
    outside = tmp_path / "kept.note"
    outside.write_text(newest_note(told))
    backup(tmp_path / "first")
    before = in_plain(tmp_path / "first")
    its_own = WORDS.keys() - {"rationale", "comment"}
    assert all(WORDS[name] in before for name in its_own), "the search would not find what is there"
    assert "%PDF" in before

    erase_subject(actor=ada, subject_ref=SUBJECT, reason="asked for on 12 May")
    drain(told.tenant().pk)
    seal_committed()
    drain(told.tenant().pk)
    call_command("create_key", tenant="acme", name="late", scopes="cases:read", stdout=io.StringIO())
    manifest = backup(tmp_path / "later")
    later = in_plain(tmp_path / "later")
    assert [name for name in its_own if WORDS[name] in later] == []
    assert "%PDF" not in later
    (ledger,) = [each for each in manifest["ledgers"].values() if each["slug"] == "acme"]
    assert ledger["unsealed"] == 1
    assert ledger["size"] in checkpoints(told.tenant())

    said = io.StringIO()
    call_command("restore", str(tmp_path / "later"), drill=True, checkpoint=outside, stdout=said)
    report = said.getvalue()
    assert "held against the checkpoint from outside" in report
    assert "the drill held" in report
    assert "seal: sealed" in report
    assert f"verify_ledger: verified: {ledger['size'] + 1} events" in report


@pytest.mark.slow
def test_a_ledger_that_was_rewritten_does_not_pass_the_drill(told: Told, tmp_path: Path) -> None:
    seal_committed()
    outside = tmp_path / "kept.note"
    outside.write_text(newest_note(told))
    with connections["migrator"].cursor() as cursor:
        cursor.execute("alter table ledger_auditevent disable trigger append_only")
        cursor.execute("update ledger_auditevent set verb = 'case.forgiven' where verb = 'outcome.posted'")
        cursor.execute("alter table ledger_auditevent enable trigger append_only")
    backup(tmp_path / "backup")
    said = io.StringIO()
    with pytest.raises(CommandError, match="not as it was kept"):
        call_command("restore", str(tmp_path / "backup"), drill=True, checkpoint=outside, stdout=said)
    assert "edited: seq" in said.getvalue()
    assert "THE DRILL FAILED" in said.getvalue()


def test_a_backup_that_was_touched_is_not_restored(told: Told, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    backup(folder)
    with (folder / DATABASE).open("r+b") as file:
        file.seek(2_000)
        file.write(b"\0")
    with pytest.raises(CommandError, match="hash differs"):
        call_command("restore", str(folder), drill=True, stdout=io.StringIO())


def test_it_is_not_restored_over_anything(told: Told, tmp_path: Path) -> None:
    backup(tmp_path / "backup")
    with pytest.raises(CommandError, match="holds tables already"):
        call_command("restore", str(tmp_path / "backup"), stdout=io.StringIO())


def test_keys_are_kept_apart(told: Told, tmp_path: Path) -> None:
    folder, keys = tmp_path / "backup", tmp_path / "keys.json"
    with pytest.raises(CommandError, match="outside of the backup"):
        backup(folder, keys_to=folder / "keys.json")
    backup(folder, keys_to=keys)
    kept = json.loads(keys.read_text())
    assert kept == {name: getattr(django_settings, name) for name in ("SECRET_KEY", "LEDGER_SIGNING_KEY")}
    assert keys.stat().st_mode & 0o777 == 0o600
    plain = in_plain(folder)
    assert not any(key in plain for key in kept.values())


def test_it_gets_a_folder_of_its_own(told: Told, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="there already"):
        write_backup(url=django_settings.BACKUP_DATABASE_URL, folder=tmp_path)


def test_its_role_reads_and_writes_nothing(told: Told) -> None:
    with psycopg.connect(django_settings.BACKUP_DATABASE_URL, autocommit=True) as connection:
        assert connection.execute("select count(*) from cases_casepayload").fetchone() == (2,)
        for statement in ("delete from cases_casefacet", "update tenants_user set name = ''", "create table t (a int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)

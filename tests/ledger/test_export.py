"""An export verifies offline with the standard library alone, and names what was touched."""

import base64
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from hitl_platform.kernel.errors import Forbidden, Invalid, NotFound
from hitl_platform.ledger.queries import get_ledger, personal_values
from hitl_platform.ledger.services import erase_personal
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from tests.conftest import Committed
from tests.databases import seal_committed

Write = Callable[..., list[UUID]]
EXPORT = "/api/v1/ledger/export"
CHECKPOINT = "/api/v1/ledger/checkpoint"


def run_verifier(export: Path, *arguments: str, verifier: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """`python3 verify.py` without any installed package in reach."""
    script = verifier or export / "verify.py"
    command = [sys.executable, "-I", "-S", str(script), str(export), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def written(committed: Committed, olga: Actor, gil: Actor, write: Write) -> list[UUID]:
    ids = write(olga, 5, personal={"reason": "Ms Müller wrote: \u2028 “no”"})
    write(gil, 2)
    seal_committed()
    return ids


@pytest.fixture
def exported(written: list[UUID], tmp_path: Path) -> Path:
    call_command("export_ledger", tenant="acme", out=tmp_path / "export", since=0)
    return tmp_path / "export"


@pytest.fixture
def public_key(capsys: pytest.CaptureFixture[str]) -> str:
    call_command("ledger_public_key")
    return capsys.readouterr().out.strip()


def test_the_key_is_told_as_signed_notes_name_it(public_key: str, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("ledger_public_key", note_of="acme")
    origin, key_id, key = capsys.readouterr().out.strip().split("+", 2)
    assert origin.startswith("hitl-platform/ledger/")
    assert len(key_id) == 8
    assert base64.b64decode(key)[1:] == base64.b64decode(public_key)


def test_a_directory_verifies(exported: Path, public_key: str) -> None:
    result = run_verifier(exported, "--public-key", public_key)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1].startswith("verified: ")
    assert "the key came with the export" in run_verifier(exported).stdout


def test_a_zip_verifies_as_it_is_and_unpacked(exported: Path, tmp_path: Path, public_key: str) -> None:
    call_command("export_ledger", tenant="acme", out=tmp_path / "ledger.zip", since=0)
    assert (
        run_verifier(tmp_path / "ledger.zip", "--public-key", public_key, verifier=exported / "verify.py").returncode
        == 0
    )
    with zipfile.ZipFile(tmp_path / "ledger.zip") as archive:
        for name in archive.namelist():
            assert archive.read(name) == (exported / name).read_bytes()


def test_one_flipped_byte_and_the_event_is_named(exported: Path) -> None:
    lines = (exported / "events.ndjson").read_bytes().splitlines(keepends=True)
    lines[-2] = lines[-2].replace(b"owner", b"Owner")
    (exported / "events.ndjson").write_bytes(b"".join(lines))
    result = run_verifier(exported)
    assert result.returncode == 1
    event_id = lines[-2].partition(b'"id":"')[2][:0] or lines[-2].split(b'"id":"')[-1][:36]
    assert f"edited: seq {len(lines) - 2}: event {event_id.decode()}" in result.stdout
    assert "NOT AS SIGNED" in result.stdout


def test_a_damaged_zip_and_what_is_none(exported: Path, tmp_path: Path) -> None:
    call_command("export_ledger", tenant="acme", out=tmp_path / "ledger.zip", since=0)
    content = bytearray((tmp_path / "ledger.zip").read_bytes())
    with zipfile.ZipFile(tmp_path / "ledger.zip") as archive:
        place = archive.getinfo("events.ndjson").header_offset + 300
    content[place] ^= 1
    (tmp_path / "ledger.zip").write_bytes(content)
    result = run_verifier(tmp_path / "ledger.zip", verifier=exported / "verify.py")
    assert result.returncode == 1
    assert "damaged: events.ndjson" in result.stdout
    for wrong in (tmp_path / "nothing", tmp_path, exported / "events.ndjson"):
        assert run_verifier(wrong, verifier=exported / "verify.py").returncode == 2


def test_a_later_export_is_held_against_the_checkpoint_that_was_kept(
    exported: Path, tmp_path: Path, olga: Actor, write: Write
) -> None:
    kept = tmp_path / "kept.note"
    kept.write_bytes((exported / "checkpoint.note").read_bytes())
    size = int(kept.read_text().splitlines()[1])
    write(olga, 3)
    seal_committed()
    for since in (0, size, size - 2):
        call_command("export_ledger", tenant="acme", out=tmp_path / f"from-{since}", since=since)
        result = run_verifier(tmp_path / f"from-{since}", "--checkpoint", str(kept))
        assert (result.returncode, result.stderr) == (0, "")
    later = (tmp_path / "from-0" / "checkpoint.note").read_text()
    kept.write_text(later)
    assert "cut tail: seq" in run_verifier(exported, "--checkpoint", str(kept)).stdout


def test_an_export_holds_one_tenant(exported: Path, gil: Actor) -> None:
    for file in exported.iterdir():
        assert str(gil.tenant_id) not in file.read_text()


def test_erasure_keeps_every_proof(written: list[UUID], tmp_path: Path, ada: Actor, olga: Actor, alice: Actor) -> None:
    with pytest.raises(Forbidden):
        erase_personal(actor=olga, event_id=written[0])
    assert erase_personal(actor=ada, event_id=written[0]) == ["reason"]
    with pytest.raises(NotFound):
        erase_personal(actor=ada, event_id=written[0])
    with tenant_scope(ada.tenant_id):
        left = personal_values(ada, event_ids=written)
        assert set(left) == set(written[1:])
        with pytest.raises(Forbidden):
            personal_values(alice, event_ids=written)
    seal_committed()
    call_command("export_ledger", tenant="acme", out=tmp_path / "export", since=0)
    result = run_verifier(tmp_path / "export")
    assert result.returncode == 0
    assert "personal values of 1 events are erased, 1 erasures recorded" in result.stdout
    assert str(written[0]) not in (tmp_path / "export" / "personal.ndjson").read_text()


def test_what_cannot_be_exported_is_refused(written: list[UUID], ada: Actor, alice: Actor, mona: Actor) -> None:
    for actor in (alice, mona):
        with pytest.raises(Forbidden):
            get_ledger(actor)
    with pytest.raises(Invalid):
        get_ledger(ada, since=10_000)
    with pytest.raises(CommandError, match="no tenant"):
        call_command("export_ledger", tenant="nobody", out=Path("x"))


def test_nothing_sealed_is_not_found(committed: Committed, ada: Actor) -> None:
    with pytest.raises(NotFound):
        get_ledger(ada)


def test_an_auditor_fetches_it_over_http(
    written: list[UUID],
    tmp_path: Path,
    api: APIClient,
    foreign_api: APIClient,
    client_for: Callable[[Actor], Client],
    ada: Actor,
    mona: Actor,
    public_key: str,
    exported: Path,
) -> None:
    for caller in (api, client_for(ada)):
        response: Any = caller.get(EXPORT)
        assert (response.status_code, response["Content-Type"]) == (200, "application/zip")
        (tmp_path / "fetched.zip").write_bytes(b"".join(response.streaming_content))
        result = run_verifier(tmp_path / "fetched.zip", "--public-key", public_key, verifier=exported / "verify.py")
        assert result.returncode == 0
    note: Any = api.get(CHECKPOINT)
    assert (note.status_code, note.content) == (200, (exported / "checkpoint.note").read_bytes())
    assert str(ada.tenant_id).encode() not in foreign_api.get(CHECKPOINT).content
    assert APIClient().get(EXPORT).status_code == 401
    assert client_for(mona).get(EXPORT).status_code == 403
    for since in ("-1", "x", "1e3", "9" * 40, "٣", "100000"):
        assert api.get(EXPORT, {"since": since}).status_code == 400
    for address, accepted in ((EXPORT, "application/zip"), (CHECKPOINT, "text/plain"), (EXPORT, "*/*")):
        assert api.get(address, headers={"accept": accepted}).status_code == 200
        assert APIClient().get(address, headers={"accept": accepted}).status_code == 401
    assert api.post(EXPORT).status_code == 405

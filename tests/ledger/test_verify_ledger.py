"""`manage.py verify_ledger` holds the rows against what was signed, whoever changed them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from hitl_platform.ledger.queries import get_checkpoint
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Tenant
from hitl_platform.tenants.scope import tenant_scope
from tests.conftest import Committed
from tests.databases import seal_committed
from tests.ledger.conftest import in_database

Write = Callable[..., list[UUID]]
OPEN, SHUT = "alter table {} disable trigger append_only", "alter table {} enable trigger append_only"


@pytest.fixture
def written(committed: Committed, olga: Actor, write: Write) -> list[UUID]:
    ids = write(olga, 6, personal={"reason": "because"})
    seal_committed()
    return ids


def tamper(table: str, statement: str, *parameters: object) -> None:
    """Change a row as the owner of the tables can, who takes the trigger off first."""
    in_database(OPEN.format(table))
    in_database(statement, *parameters)
    in_database(SHUT.format(table))


def verdict(**options: object) -> str:
    with pytest.raises(CommandError) as refusal:
        call_command("verify_ledger", tenant="acme", **options)
    return str(refusal.value)


def test_an_untouched_ledger_verifies(written: list[UUID], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify_ledger", tenant="acme")
    assert "verified: " in capsys.readouterr().out


def test_an_edited_event_is_named(written: list[UUID]) -> None:
    tamper("ledger_auditevent", 'update ledger_auditevent set body = \'{"text": "x"}\' where id = %s', written[2])
    assert f"event {written[2]}" in verdict()
    assert "edited: seq" in verdict()


def test_a_deleted_event_is_named(written: list[UUID]) -> None:
    in_database("delete from ledger_auditpersonal where event_id = %s", written[2])
    tamper("ledger_auditevent", "delete from ledger_auditevent where id = %s", written[2])
    assert f"event {written[2]}: it was sealed and is not here" in verdict()


def test_an_event_put_behind_the_seal_is_named(written: list[UUID], acme: Tenant) -> None:
    tamper(
        "ledger_auditevent",
        "insert into ledger_auditevent (id, tenant_id, verb, actor, subject_type, body, personal, xid) values"
        " ('00000000-0000-7000-8000-00000000beef', %s, 'a.b', '{}', 'x', '{}', '{}', '1')",
        acme.pk,
    )
    assert "event 00000000-0000-7000-8000-00000000beef: it stands behind the seal" in verdict()


def test_a_changed_leaf_and_a_changed_pair_are_found(written: list[UUID]) -> None:
    tamper("ledger_auditleaf", "update ledger_auditleaf set leaf_hash = sha256('x') where event_id = %s", written[1])
    assert "leaf: seq" in verdict()
    assert str(written[1]) in verdict()


def test_a_changed_personal_value_is_named(written: list[UUID]) -> None:
    in_database("update ledger_auditpersonal set value = 'other' where event_id = %s", written[4])
    assert f"event {written[4]}: reason is not the value that was recorded" in verdict()


def test_a_cut_tail_is_found_by_the_checkpoint_that_was_kept(
    written: list[UUID], tmp_path: Path, ada: Actor, olga: Actor, write: Write
) -> None:
    write(olga, 2)
    seal_committed()
    with tenant_scope(ada.tenant_id):
        checkpoint = get_checkpoint(ada)
    (tmp_path / "kept.note").write_text(checkpoint.note)
    tamper(
        "ledger_checkpoint",
        "delete from ledger_checkpoint where size = %s and tenant_id = %s",
        checkpoint.size,
        ada.tenant_id,
    )
    call_command("verify_ledger", tenant="acme")
    assert "cut tail: seq" in verdict(checkpoint=tmp_path / "kept.note")


def test_a_ledger_signed_by_another_key_is_found(written: list[UUID], settings: Any) -> None:
    settings.LEDGER_SIGNING_KEY = "A" * 43 + "="
    assert "signature: checkpoint.note" in verdict()

"""After everything of a subject is erased, each leaf is what it was, and an outsider's verifier says so."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from audits.services.retention_erasure import erase_subject
from hitl_platform.kernel.errors import Forbidden
from hitl_platform.ledger.exports import write_directory
from hitl_platform.ledger.models import AuditEvent, AuditPersonal
from hitl_platform.ledger.offline_verifier import Export, Report, verify
from hitl_platform.ledger.services import erase_personal_of_cases
from hitl_platform.ledger.stored import StoredLedger
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Tenant
from hitl_platform.tenants.scope import tenant_scope
from tests.audits.letting_go import SUBJECT, WORDS, tell_everything
from tests.conftest import Committed
from tests.databases import seal_committed
from tests.ledger.conftest import assert_sealed_right, sealed


def exported(tenant: Tenant, path: Path, *, older: str = "") -> Report:
    write_directory(StoredLedger(tenant.pk), path=path)
    return verify(Export(path), older=older)


def test_the_export_verifies_before_and_after(
    committed: Committed, cast: Any, api: Any, store: Path, ada: Actor, tmp_path: Path
) -> None:
    told = tell_everything(cast, api)
    acme = told.tenant()
    seal_committed()
    assert exported(acme, tmp_path / "before").findings == []
    leaves, kept = sealed(acme), (tmp_path / "before" / "checkpoint.note").read_text()
    assert WORDS["rationale"] in (tmp_path / "before" / "personal.ndjson").read_text()

    erase_subject(actor=ada, subject_ref=SUBJECT, reason="asked for on 12 May")
    seal_committed()
    report = exported(acme, tmp_path / "after", older=kept)
    assert report.findings == []
    assert sealed(acme)[: len(leaves)] == leaves
    assert_sealed_right(acme)
    # two rationales, two comments and a file's name: each has its erasure on record
    assert "personal values of 5 events are erased, 5 erasures recorded" in report.notes
    assert WORDS["file_name"] not in (tmp_path / "after" / "personal.ndjson").read_text()


class TestErasePersonal:
    """The door to erasing the personal values beside one event."""

    @pytest.fixture
    def event(self, cast: Any, mona: Actor, api: Any, store: Path) -> AuditEvent:
        told = tell_everything(cast, api)
        with tenant_scope(told.tenant().pk):
            return AuditEvent.objects.filter(verb="file.added").get()

    def test_works_once(self, event: AuditEvent, client_for: Any, ada: Actor, acme: Tenant) -> None:
        client: Client = client_for(ada)
        address = f"/api/v1/ledger/events/{event.pk}/erase-personal"
        answer = client.post(address, "{}", content_type="application/json")
        assert (answer.status_code, answer.json()) == (200, {"erased": ["name"]})
        with tenant_scope(acme.pk):
            assert not AuditPersonal.objects.filter(event_id=event.pk).exists()
        assert client.post(address, "{}", content_type="application/json").status_code == 404

    def test_of_cases_only_for_those_who_may(self, event: AuditEvent, olga: Actor) -> None:
        with pytest.raises(Forbidden):
            erase_personal_of_cases(actor=olga, case_ids=[event.case_id])

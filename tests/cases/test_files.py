"""Evidence files: added, promised by URL and fetched, erased; and who may do so."""

import io
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cases import stored_files
from cases.models import Case, EvidenceFile
from cases.services import add_file, add_url, erase_file, examine_file, withdraw_case
from cases.services.files import MOST_FILES
from cases.steps import GIVEN_UP
from hitl_platform.egress import fetching
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.kernel.ids import uuid7
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.pipeline.models import Step
from hitl_platform.pipeline.runner import drain
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Tenant
from hitl_platform.tenants.scope import tenant_scope
from tests.cases import samples
from tests.egress.servers import Script, answer, saying, server
from tests.stored import kept_bytes

pytestmark = pytest.mark.usefixtures("store")


URL = "http://files.example.org/a%20b.png?token=x"


def add(actor: Actor, case: Case, content: bytes = samples.PDF, name: str = "letter.pdf") -> tuple[EvidenceFile, bool]:
    examined = examine_file(name=name, content=io.BytesIO(content))
    return add_file(actor=actor, case_id=case.pk, examined=examined)


def events(case: Case) -> list[AuditEvent]:
    with tenant_scope(case.tenant_id):
        return list(AuditEvent.objects.filter(case_id=case.pk, verb__startswith="file.").order_by("id"))


def again(file: EvidenceFile) -> EvidenceFile:
    with tenant_scope(file.tenant_id):
        return EvidenceFile.objects.get(pk=file.pk)


class TestAddFile:
    def test_works(self, integrator: Actor, loan: Case, store: Path) -> None:
        file, new = add(integrator, loan, samples.png(), "../left eye.png")
        assert new
        assert (file.name, file.media_type, file.state, file.width) == ("left eye.png", "image/png", "stored", 3)
        assert kept_bytes(store) == [samples.png()]

    def test_its_place_is_a_uuid_of_its_own(self, integrator: Actor, loan: Case, store: Path) -> None:
        file, _ = add(integrator, loan, name="..%2f..%2fetc%2fpasswd.pdf")
        (path,) = (path for path in store.rglob("*") if path.is_file())
        assert UUID(path.name) == file.storage_key
        assert path.stat().st_mode & 0o777 == 0o600

    def test_the_same_again_is_the_file_that_is_there(self, integrator: Actor, loan: Case, store: Path) -> None:
        first, _ = add(integrator, loan)
        second, new = add(integrator, loan)
        assert (second.pk, new) == (first.pk, False)
        assert len(kept_bytes(store)) == 1

    def test_a_name_leads_to_one_file(self, integrator: Actor, loan: Case, store: Path) -> None:
        add(integrator, loan)
        with pytest.raises(Conflict, match="another file"):
            add(integrator, loan, b"other words\n")
        assert len(kept_bytes(store)) == 1, "what is refused is not kept"

    def test_records_its_event(self, integrator: Actor, loan: Case) -> None:
        file, _ = add(integrator, loan, name="Jane Doe.pdf")
        (event,) = events(loan)
        assert (event.verb, event.subject_id) == ("file.added", file.pk)
        assert event.body == {"sha256": file.sha256, "size": file.size, "media_type": "application/pdf"}
        assert "Jane" not in str(event.body)

    def test_a_case_that_is_closed_takes_none(self, integrator: Actor, loan: Case, store: Path) -> None:
        withdraw_case(actor=integrator, case_id=loan.pk)
        with pytest.raises(Conflict, match="closed"):
            add(integrator, loan)
        assert kept_bytes(store) == []

    def test_a_case_has_so_many_and_no_more(self, integrator: Actor, loan: Case) -> None:
        for number in range(MOST_FILES):
            add(integrator, loan, name=f"{number}.pdf")
        with pytest.raises(Conflict, match="at most"):
            add(integrator, loan, name="more.pdf")

    def test_refuses_the_wrong_role(self, alice: Actor, ada: Actor, loan: Case, store: Path) -> None:
        for actor in (alice, ada):
            with pytest.raises(Forbidden):
                add(actor, loan)
        assert kept_bytes(store) == []

    def test_hides_from_globex(self, foreign_integrator: Actor, loan: Case, store: Path) -> None:
        with pytest.raises(NotFound):
            add(foreign_integrator, loan)
        assert kept_bytes(store) == []


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Let the platform ask a server of the test's own, by http, whatever it asks."""

    def open_to(*scripts: Script) -> Any:
        there = stack.enter_context(server(*scripts))
        monkeypatch.setattr(fetching, "INTERNET", there.network())
        return there

    with ExitStack() as stack:
        yield open_to


class TestFetchFile:
    def promise(
        self, actor: Actor, case: Case, url: str = "http://files.example.org/a%20b.png?token=x"
    ) -> EvidenceFile:
        return add_url(actor=actor, case_id=case.pk, url=url)

    def test_works(self, integrator: Actor, loan: Case, internet: Any, store: Path) -> None:
        there = internet(saying(answer(samples.png(), Content_Type="text/html")))
        file = self.promise(integrator, loan)
        assert (file.state, file.name) == ("fetching", "a b.png")
        drain(loan.tenant_id, kinds=["fetch_file"])
        stored = again(file)
        assert (stored.state, stored.media_type, stored.source_url) == ("stored", "image/png", "")
        assert kept_bytes(store) == [samples.png()]
        assert b"GET /a%20b.png?token=x HTTP/1.1" in there.asked[0]

    def test_records_its_events_without_the_url(self, integrator: Actor, loan: Case, internet: Any) -> None:
        internet(saying(answer(samples.png())))
        self.promise(integrator, loan)
        drain(loan.tenant_id, kinds=["fetch_file"])
        promised, stored = events(loan)
        assert (promised.verb, promised.body) == ("file.promised", {"host": "files.example.org"})
        assert (stored.verb, stored.actor["name"]) == ("file.stored", "fetching")

    def test_what_is_never_fetched_is_refused_at_once(self, integrator: Actor, loan: Case) -> None:
        with pytest.raises(Invalid) as refusal:
            self.promise(integrator, loan, "http://169.254.169.254/latest/meta-data/")
        assert refusal.value.code == "url_refused"

    @pytest.mark.parametrize(
        ("said", "problem"),
        [
            (answer(b"<svg onload=alert(1)>"), "none of the kinds"),
            (answer(status="404 Not Found"), "404"),
            (answer(status="302 Found", Location="http://127.0.0.1/"), "public internet"),
        ],
    )
    def test_what_is_not_kept_is_refused_visibly(
        self, integrator: Actor, loan: Case, internet: Any, store: Path, said: bytes, problem: str
    ) -> None:
        internet(saying(said))
        file = self.promise(integrator, loan)
        drain(loan.tenant_id, kinds=["fetch_file"])
        refused = again(file)
        assert refused.state == "refused"
        assert problem in refused.problem
        assert kept_bytes(store) == []
        assert events(loan)[-1].verb == "file.refused"

    def test_a_server_that_fails_is_asked_again(self, integrator: Actor, loan: Case, internet: Any) -> None:
        internet(saying(answer(status="503 Busy")), saying(answer(samples.png())))
        file = self.promise(integrator, loan)
        drain(loan.tenant_id, kinds=["fetch_file"])
        assert again(file).state == "fetching"
        with tenant_scope(loan.tenant_id):
            assert Step.objects.get(kind="fetch_file").attempt == 1
            Step.objects.filter(kind="fetch_file").update(run_at=loan.created_at)
        drain(loan.tenant_id, kinds=["fetch_file"])
        assert again(file).state == "stored"

    def test_a_server_that_never_answers_is_given_up(self, integrator: Actor, loan: Case, internet: Any) -> None:
        internet(saying(answer(status="503 Busy")))
        file = self.promise(integrator, loan)
        with tenant_scope(loan.tenant_id):
            Step.objects.filter(kind="fetch_file").update(attempt=3)
        drain(loan.tenant_id, kinds=["fetch_file"])
        refused = again(file)
        assert (refused.state, refused.problem) == ("refused", GIVEN_UP)

    def test_a_file_that_was_erased_meanwhile_is_not_kept(
        self, integrator: Actor, loan: Case, internet: Any, store: Path
    ) -> None:
        file = self.promise(integrator, loan)
        erase_file(actor=integrator, file_id=file.pk)
        internet(saying(answer(samples.png())))
        drain(loan.tenant_id, kinds=["fetch_file"])
        assert again(file).state == "erased"
        assert kept_bytes(store) == []

    def test_refuses_the_wrong_role(self, alice: Actor, loan: Case) -> None:
        with pytest.raises(Forbidden):
            self.promise(alice, loan)

    def test_hides_from_globex(self, foreign_integrator: Actor, loan: Case) -> None:
        with pytest.raises(NotFound):
            self.promise(foreign_integrator, loan)


class TestEraseFile:
    def test_works(self, integrator: Actor, loan: Case, store: Path) -> None:
        file, _ = add(integrator, loan)
        erase_file(actor=integrator, file_id=file.pk)
        drain(loan.tenant_id, kinds=["shred_file"])
        erased = again(file)
        assert (erased.state, erased.name, erased.sha256) == ("erased", "", None)
        assert kept_bytes(store) == []
        stored_files.discard(file.storage_key)  # type: ignore[arg-type]  # it has one; gone is gone

    def test_the_ledger_keeps_the_digest(self, integrator: Actor, loan: Case) -> None:
        file, _ = add(integrator, loan)
        erase_file(actor=integrator, file_id=file.pk)
        event = events(loan)[-1]
        assert (event.verb, event.body["sha256"]) == ("file.erased", file.sha256)

    def test_a_name_is_free_again(self, integrator: Actor, loan: Case) -> None:
        file, _ = add(integrator, loan)
        erase_file(actor=integrator, file_id=file.pk)
        assert add(integrator, loan, b"other words\n")[1]

    def test_refuses_the_wrong_state(self, integrator: Actor, loan: Case) -> None:
        file, _ = add(integrator, loan)
        erase_file(actor=integrator, file_id=file.pk)
        with pytest.raises(Conflict):
            erase_file(actor=integrator, file_id=file.pk)

    def test_refuses_the_wrong_role(self, integrator: Actor, mel: Actor, ada: Actor, loan: Case) -> None:
        file, _ = add(integrator, loan)
        with pytest.raises(Forbidden):
            erase_file(actor=mel, file_id=file.pk)
        assert erase_file(actor=ada, file_id=file.pk).state == "erased"

    def test_hides_from_globex_and_from_reviewers(
        self, integrator: Actor, foreign_integrator: Actor, alice: Actor, loan: Case, acme: Tenant
    ) -> None:
        file, _ = add(integrator, loan)
        for actor, file_id in ((foreign_integrator, file.pk), (alice, file.pk), (integrator, uuid7())):
            with pytest.raises(NotFound):
                erase_file(actor=actor, file_id=file_id)

"""Evidence files over the API: with the case, after it, by URL; refused by what really comes."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from cases.models import Case, CaseType, EvidenceFile
from hitl_platform.tenants.scope import tenant_scope
from tests.api.conftest import is_problem
from tests.cases import samples
from tests.cases.loans import submission
from tests.stored import kept_bytes

pytestmark = pytest.mark.usefixtures("store")
ONE = {"case_type": "loan", **submission()}


def part(content: bytes, name: str = "scan.png", media_type: str = "application/x-whatever") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type=media_type)


def send(client: APIClient, case: Case, *files: Any, **more: Any) -> Any:
    return client.post(f"/api/v1/cases/{case.pk}/files", {"file": list(files), **more}, format="multipart")


class TestWithTheCase:
    def submit(self, api: APIClient, *files: Any, case: Any = ONE) -> Any:
        document = case if isinstance(case, str) else json.dumps(case)
        return api.post("/api/v1/cases/with-files", {"case": document, "file": list(files)}, format="multipart")

    def test_works_and_again_is_the_same(self, api: APIClient, loan_type: CaseType, store: Path) -> None:
        answers = [self.submit(api, part(samples.png()), part(samples.PDF, "letter.pdf")) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 200]
        first, second = (answer.json() for answer in answers)
        assert first == second
        assert first["case"]["external_id"] == "L-1"
        assert [file["media_type"] for file in first["files"]] == ["image/png", "application/pdf"]
        assert len(kept_bytes(store)) == 2

    def test_nothing_is_stored_of_a_case_with_a_bad_file(
        self, api: APIClient, loan_type: CaseType, store: Path
    ) -> None:
        answer = self.submit(api, part(samples.png()), part(b"<svg/>", "x.svg"))
        assert is_problem(answer, 400, "invalid")
        assert set(answer.json()["errors"]) == {"x.svg"}
        assert kept_bytes(store) == []
        with tenant_scope(loan_type.tenant_id):
            assert not Case.objects.exists()

    @pytest.mark.parametrize("case", ["", "[]", "{", '{"a": 1}', json.dumps({**ONE, "payload": {}})])
    def test_the_case_is_checked_as_ever(self, api: APIClient, loan_type: CaseType, store: Path, case: str) -> None:
        assert is_problem(self.submit(api, part(samples.png()), case=case), 400)
        assert kept_bytes(store) == []


class TestAfterTheCase:
    def test_works(self, api: APIClient, loan: Case) -> None:
        assert send(api, loan, part(samples.png())).status_code == 201
        assert send(api, loan, part(samples.png())).status_code == 200
        (file,) = api.get(f"/api/v1/cases/{loan.pk}/files").json()
        assert (file["name"], file["state"], file["width"], file["height"]) == ("scan.png", "stored", 3, 2)
        assert api.get(f"/api/v1/files/{file['id']}").json() == file
        assert b"".join(api.get(file["url"])) == samples.png()

    def test_neither_name_nor_declared_type_is_believed(self, api: APIClient, loan: Case) -> None:
        (file,) = send(api, loan, part(b"just words\n", "evil.html", "text/html")).json()
        assert file["media_type"] == "text/plain"

    def test_by_url(self, api: APIClient, loan: Case) -> None:
        answer = api.post(f"/api/v1/cases/{loan.pk}/files", {"url": "https://files.example.org/a.png"}, format="json")
        assert answer.status_code == 201
        assert [(file["state"], file["name"], file["url"]) for file in answer.json()] == [("fetching", "a.png", "")]
        assert "source_url" not in answer.json()[0]

    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1/", "file:///etc/passwd", "http://redis:6379/", "http://10.0.0.1"]
    )
    def test_by_a_url_that_is_never_fetched(self, api: APIClient, loan: Case, url: str) -> None:
        answer = api.post(f"/api/v1/cases/{loan.pk}/files", {"url": url}, format="json")
        assert is_problem(answer, 400, "url_refused")
        assert set(answer.json()["errors"]) == {"url"}

    def test_erased(self, api: APIClient, loan: Case) -> None:
        (file,) = send(api, loan, part(samples.png())).json()
        assert api.post(f"/api/v1/files/{file['id']}/erase").json()["state"] == "erased"
        assert api.get(f"/api/v1/cases/{loan.pk}/files").json() == []
        assert api.get(file["url"]).status_code == 404
        assert is_problem(api.post(f"/api/v1/files/{file['id']}/erase"), 409)

    def test_it_is_told_in_the_timeline(self, api: APIClient, loan: Case) -> None:
        send(api, loan, part(samples.png()))
        told = api.get(f"/api/v1/cases/{loan.pk}/timeline").json()
        assert [event["verb"] for event in told] == ["case.submitted", "file.added"]

    def test_of_another_tenant_is_not_there(self, api: APIClient, foreign_api: APIClient, loan: Case) -> None:
        (file,) = send(api, loan, part(samples.png())).json()
        for path in (f"/api/v1/files/{file['id']}", f"/api/v1/cases/{loan.pk}/files"):
            assert is_problem(foreign_api.get(path), 404)
        assert is_problem(foreign_api.post(f"/api/v1/files/{file['id']}/erase"), 404)


class TestBounds:
    def test_parts(self, api: APIClient, loan: Case) -> None:
        assert set(send(api, loan).json()["errors"]) == {"file"}
        assert set(send(api, loan, part(samples.png()), other="x").json()["errors"]) == {"other"}
        assert set(send(api, loan, part(samples.png()), part(samples.gif())).json()["errors"]) == {"file"}
        assert is_problem(api.post(f"/api/v1/cases/{loan.pk}/files", {"file": "words"}, format="multipart"), 400)
        assert is_problem(send(api, loan, *(part(samples.png(), f"{n}.png") for n in range(11))), 400)

    def test_an_announced_length(self, api: APIClient, loan: Case, settings: Any) -> None:
        settings.UPLOAD_MAX_BYTES = 100
        assert is_problem(send(api, loan, part(samples.PDF * 3)), 413, "too_large")

    def test_bytes_that_really_come(self, api: APIClient, loan: Case, settings: Any, store: Path) -> None:
        settings.EVIDENCE_MAX_BYTES = 1_000
        assert is_problem(send(api, loan, part(b"words\n" * 200)), 413, "too_large")
        assert kept_bytes(store) == []

    def test_the_upload_handler_counts_all_files_together(self, api: APIClient, loan: Case, settings: Any) -> None:
        files = [part(b"words\n" * 20_000, f"{number}.txt") for number in range(3)]
        settings.UPLOAD_MAX_BYTES = 300_000
        assert is_problem(send(api, loan, *files), 413, "too_large")

    def test_another_media_type(self, api: APIClient, loan: Case) -> None:
        answer = api.generic("POST", f"/api/v1/cases/{loan.pk}/files", b"x", content_type="image/png")
        assert is_problem(answer, 415)


def test_a_failed_upload_leaves_no_row(api: APIClient, loan: Case) -> None:
    send(api, loan, part(b"\x7fELF"))
    with tenant_scope(loan.tenant_id):
        assert not EvidenceFile.objects.exists()


def test_every_field_that_takes_a_url_goes_through_the_one_way_out(api: APIClient) -> None:
    """Read from the API's own document: a property named for a URL, or of that format, has its refusals tested."""
    document = api.get("/api/v1/schema", HTTP_ACCEPT="application/vnd.oai.openapi+json").json()
    asked = {
        (schema_of, name)
        for path in document["paths"].values()
        for operation in path.values()
        for schema_of, schema in _bodies(operation, document)
        for name, each in schema.get("properties", {}).items()
        if "url" in name.lower() or each.get("format") in ("uri", "url")
    }
    assert asked == {("add_files", "url")}


def _bodies(operation: Any, document: Any) -> Any:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content.get("schema", {})
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        yield operation["operationId"], schema

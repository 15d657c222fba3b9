"""A key that writes need not be able to read: each verb works with its own scope alone, and shows nothing more."""

import json
from collections.abc import Callable

from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from cases.models import Case
from tests.api.test_matrix import OUTCOME
from tests.cases.loans import submission

Keys = Callable[..., APIClient]


def test_whoever_submits_adds_files_and_withdraws(loan: Case, key_with: Keys) -> None:
    client = key_with("cases:write")
    note = SimpleUploadedFile("note.txt", b"A note.", content_type="text/plain")
    told = client.post(f"/api/v1/cases/{loan.pk}/files", {"file": note}, format="multipart")
    assert told.status_code == 201, told.json()
    assert client.post(f"/api/v1/cases/{loan.pk}/withdraw", {}, format="json").status_code == 200
    assert client.get(f"/api/v1/cases/{loan.pk}/").status_code == 403


def test_a_case_comes_with_its_files_or_not_at_all(loan: Case, key_with: Keys) -> None:
    case = SimpleUploadedFile("case", _submitted("L-77"), content_type="application/json")
    note = SimpleUploadedFile("note.txt", b"A note.", content_type="text/plain")
    made = key_with("cases:write").post("/api/v1/cases/with-files", {"case": case, "file": note}, format="multipart")
    assert made.status_code == 201, made.json()
    assert [each["name"] for each in made.json()["files"]] == ["note.txt"]


def test_whoever_knows_outcomes_posts_them_and_no_more(loan: Case, key_with: Keys) -> None:
    client = key_with("outcomes:write")
    assert client.post(f"/api/v1/cases/{loan.pk}/outcomes", OUTCOME, format="json").status_code == 201
    assert client.post(f"/api/v1/cases/{loan.pk}/withdraw", {}, format="json").status_code == 403
    assert client.get(f"/api/v1/cases/{loan.pk}/outcomes").status_code == 403


def test_a_key_for_something_else_learns_nothing_of_a_case(loan: Case, foreign_api: APIClient, key_with: Keys) -> None:
    assert key_with("models:write").post(f"/api/v1/cases/{loan.pk}/withdraw", {}, format="json").status_code == 403
    assert foreign_api.post(f"/api/v1/cases/{loan.pk}/withdraw", {}, format="json").status_code == 404


def _submitted(external_id: str) -> bytes:
    return json.dumps(submission(external_id) | {"case_type": "loan"}).encode()

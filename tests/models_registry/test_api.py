"""Models over HTTP: create, upload, list, promote."""

import json
import pickle

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from models_registry import api as models_api
from tests.models_registry import crafted

MODELS = "/api/v1/models/"
VERSIONS = "/api/v1/models/risk/versions"
DEFINITION = {"feature_schema": crafted.LOAN_FEATURES, "labels": crafted.LABELS, "metrics": {"accuracy": 0.91}}


def upload(api, *, definition=DEFINITION, **parts):
    whole = {
        "artifact": SimpleUploadedFile("risk.skops", crafted.artifact(crafted.loan_model())),
        "definition": None if definition is None else json.dumps(definition),
        **parts,
    }
    return api.post(VERSIONS, {name: part for name, part in whole.items() if part is not None}, format="multipart")


def test_a_key_creates_uploads_and_lists(registry, api):
    made = api.post(MODELS, {"case_type": "loan", "key": "second", "name": "Second"}, format="json")
    assert made.status_code == 201, made.json()
    assert [model["key"] for model in api.get(MODELS).json()] == ["risk", "second"]
    uploaded = upload(api)
    assert uploaded.status_code == 201, uploaded.json()
    version = uploaded.json()
    assert (version["version"], version["state"], version["is_linear"]) == (1, "registered", True)
    assert version["metrics"] == {"accuracy": 0.91}
    assert api.get(VERSIONS).json() == [version]


def test_a_second_person_promotes(registry, api, client_for, mona, mel):
    registry.register()
    path = f"{VERSIONS}/1/promote"
    assert api.post(path).status_code == 403
    refused = client_for(mel).post(path)
    assert (refused.status_code, refused.json()["code"]) == (403, "own_work")
    promoted = client_for(mona).post(path)
    assert (promoted.status_code, promoted.json()["state"]) == (200, "champion")
    assert client_for(mona).post(path).status_code == 409
    retired = client_for(mona).post(f"{VERSIONS}/1/retire")
    assert (retired.status_code, retired.json()["state"]) == (200, "retired")


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"artifact": None}, "artifact"),
        ({"definition": None}, "definition"),
        ({"artifact": "text, not a file"}, "artifact"),
        ({"stranger": "x"}, "stranger"),
    ],
)
def test_a_part_that_is_missing_or_strange_is_named(registry, api, parts, field):
    answer = upload(api, **parts)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def upload_text(api, text):
    document = SimpleUploadedFile("definition.json", text.encode())
    return api.post(VERSIONS, {"artifact": SimpleUploadedFile("a", b"x"), "definition": document}, format="multipart")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"labels": ["approve"]}, "labels"),
        ({"x": 1}, "x"),
        ({"feature_schema": {"features": []}}, "feature_schema.features"),
        ({"example": 4}, "example"),
    ],
)
def test_a_definition_that_is_wrong_is_refused_with_its_field(registry, api, change, field):
    answer = upload(api, definition={**DEFINITION, **change})
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_hostile_json_in_the_definition_is_400(registry, api):
    for text in ("{", "NaN", '{"labels": 1e999}', '{"a": 1, "a": 2}', "[" * 2000, "\ufeff{}", '{"a": "\\ud800"}'):
        answer = upload_text(api, text)
        assert answer.status_code == 400, text


def test_a_pickle_is_400(registry, api):
    answer = upload(api, artifact=SimpleUploadedFile("risk.skops", pickle.dumps(crafted.lying_model())))
    assert (answer.status_code, answer.json()["code"]) == (400, "artifact_refused")


def test_an_upload_beyond_the_limit_is_413_unread(registry, api, monkeypatch):
    monkeypatch.setattr(models_api, "MAX_UPLOAD_BYTES", 1000)
    assert upload(api).status_code == 413


def test_a_body_that_is_no_multipart_is_415(registry, api):
    assert api.post(VERSIONS, b"x", content_type="application/octet-stream").status_code == 415


def test_a_narrower_key_and_people_who_judge_are_refused(registry, api, client_for, alice, mona, ada):
    for actor in (alice,):
        assert client_for(actor).get(MODELS).status_code == 403
    for actor in (mona, ada):
        assert client_for(actor).get(MODELS).status_code == 200
        refused = client_for(actor).post(
            MODELS, {"case_type": "loan", "key": "k", "name": "n"}, content_type="application/json"
        )
        assert refused.status_code == 403


def test_globex_sees_nothing_of_it(registry, foreign_api):
    registry.register()
    assert foreign_api.get(MODELS).json() == []
    for answer in (foreign_api.get(VERSIONS), upload(foreign_api), foreign_api.post(f"{VERSIONS}/1/promote")):
        assert answer.status_code == 404


def test_nobody_unknown_gets_in(registry, client):
    assert client.get(MODELS).status_code == 401
    assert client.get(VERSIONS).status_code == 401
    assert client.post(f"{VERSIONS}/1/promote").status_code in (401, 403)

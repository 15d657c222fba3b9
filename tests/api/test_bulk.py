import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import StreamingHttpResponse
from django.test import RequestFactory
from rest_framework.test import APIClient

from cases import api as cases_api
from cases.models import Case, CaseType
from cases.services import bulk
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from tests.api.conftest import is_problem
from tests.cases.loans import submission

PATH = "/api/v1/case-types/loan/cases/bulk"


def body_of(*external_ids: str) -> bytes:
    return b"".join(json.dumps(submission(name)).encode() + b"\n" for name in external_ids)


def send(api: APIClient, body: bytes, path: str = PATH, **headers: Any) -> Any:
    return api.generic("POST", path, body, content_type="application/x-ndjson", **headers)


def reports_of(response: Any) -> list[dict[str, Any]]:
    assert response.status_code == 200
    assert response["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]


def test_a_file_with_two_bad_lines(loan_type: CaseType, api: APIClient) -> None:
    body = (
        body_of("L-1")
        + b'{"external_id": "L-2", "payload": {"amount": 0, "purpose": "car"}}\n'
        + b"oops\n"
        + body_of("L-4")
    )
    reports = reports_of(send(api, body, HTTP_ACCEPT="application/x-ndjson"))
    assert [(each["line"], each["code"]) for each in reports[:-1]] == [(2, "invalid"), (3, "not_json")]
    assert list(reports[0]["errors"]) == ["payload.amount"]
    assert reports[-1] == {"summary": {"last_line": 4, "accepted": 2, "existing": 0, "rejected": 2}}


def test_going_on_from_a_line(loan_type: CaseType, api: APIClient) -> None:
    reports_of(send(api, body_of("L-1", "L-2")))
    reports = reports_of(send(api, body_of("L-1", "L-2", "L-3"), f"{PATH}?from_line=3"))
    assert reports == [{"summary": {"last_line": 3, "accepted": 1, "existing": 0, "rejected": 0}}]


def test_lines_are_stored_while_others_are_still_on_their_way(
    loan_type: CaseType, integrator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body in chunked encoding has no length: the view reads to its end, and answers before it."""
    monkeypatch.setattr(bulk, "MAX_CHUNK_LINES", 2)
    monkeypatch.setattr(bulk, "PROGRESS_EVERY_LINES", 2)
    sent: list[int] = []

    def blocks() -> Iterator[bytes]:
        for n in range(8):
            sent.append(n)
            yield body_of(f"L-{n}")

    stream = blocks()
    environ = RequestFactory().generic("POST", PATH).environ
    environ |= {"CONTENT_TYPE": "application/x-ndjson", "wsgi.input_terminated": True}
    environ["wsgi.input"] = type("Input", (io.RawIOBase,), {"read": lambda self, size: next(stream, b"")})()
    request = WSGIRequest(environ)
    request.actor = integrator  # type: ignore[attr-defined]  # set by the middleware
    response = cases_api.BulkSubmission.as_view()(request, key="loan")
    assert isinstance(response, StreamingHttpResponse)
    reports = iter(response)
    assert json.loads(next(reports))["progress"]["accepted"] == 2
    assert len(sent) < 8
    assert json.loads(list(reports)[-1])["summary"]["accepted"] == 8


def test_an_empty_file_has_a_summary(loan_type: CaseType, api: APIClient) -> None:
    assert reports_of(send(api, b""))[-1]["summary"]["accepted"] == 0


def test_the_route_is_refused_before_any_line_is_read(
    loan_type: CaseType, api: APIClient, foreign_api: APIClient, key_with: Any
) -> None:
    good = body_of("L-1")
    assert is_problem(send(APIClient(), good), 401)
    assert is_problem(send(key_with("cases:read"), good), 403)
    assert is_problem(send(foreign_api, good), 404, "not_found")
    assert is_problem(send(api, good, PATH.replace("loan", "boat")), 404, "not_found")
    assert is_problem(api.generic("POST", PATH, good, content_type="application/json"), 415)
    for value in ("0", "-1", "x", "1e3", "１", "9" * 20):  # noqa: RUF001  # a full-width digit is the point
        assert is_problem(send(api, good, f"{PATH}?from_line={value}"), 400, "invalid")
    assert is_problem(send(api, good, f"{PATH}?tenant=globex"), 400, "invalid")
    with tenant_scope(loan_type.tenant_id):
        assert not Case.objects.exists()

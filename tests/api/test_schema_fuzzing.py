"""Requests made from the OpenAPI document, right and wrong ones: no crash, and no answer that it does not tell of."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cases.models import Case
from tests import cast as the_cast
from tests.api.test_openapi import DOCUMENT

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
HEADERS = {"Authorization": f"Bearer {the_cast.SECRETS['acme']}"}


@schemathesis.serializer("application/x-ndjson")
def one_line(context: Any, value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


SCHEMA = schemathesis.openapi.from_path(DOCUMENT)
SCHEMA.app = WSGIHandler()
OPERATIONS = {result.ok().label: result.ok() for result in SCHEMA.get_all_operations()}


@pytest.fixture
def open_connection() -> Iterator[None]:
    """The test's transaction outlives each request, as under Django's own test client."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.parametrize("label", OPERATIONS)
def test_operation(label: str, loan: Case, open_connection: None) -> None:
    @settings(
        max_examples=12,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=OPERATIONS[label].as_strategy())
    def fuzz(case: Any) -> None:
        if case.path_parameters and "case_id" in case.path_parameters:
            case.path_parameters["case_id"] = str(loan.pk)
        response = case.call(headers=HEADERS)
        case.validate_response(response, checks=CHECKS)

    fuzz()

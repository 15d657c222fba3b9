"""The OpenAPI document in docs/ is the one that the code makes, and says what the routes do."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from drf_spectacular.validation import validate_schema

from tests.api.test_matrix import ROUTES, TABLE

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.yaml"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("openapi") / "openapi.yaml"
    call_command("spectacular", file=str(path), fail_on_warn=True, validate=True)
    return path.read_text()


def test_the_document_is_fresh(made: str) -> None:
    assert DOCUMENT.read_text() == made, "run: python3 manage.py spectacular --file docs/openapi.yaml"


def test_every_route_and_method_is_in_it(made: str) -> None:
    document: dict[str, Any] = yaml.safe_load(made)
    validate_schema(document)
    for name, method in TABLE:
        if name != "api_schema":
            operation = document["paths"][ROUTES[name]][method.lower()]
            assert operation["responses"], name
            assert {} not in operation["security"], name


def test_operations_have_names_of_our_own(made: str) -> None:
    document: dict[str, Any] = yaml.safe_load(made)
    names = [
        operation["operationId"] for item in document["paths"].values() for operation in item.values() if operation
    ]
    assert len(set(names)) == len(names)
    assert "submit_case" in names

"""What every test stands on: real servers, roles as in production, and the cast.

`db` tests roll back. Tests whose data must be committed (other processes, the sealer, the sweeper)
take `committed`, a database of their own, and start children with `committed.environment`.
Read tenant data in tests inside `with tenant_scope(acme.id): …`.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from hitl_platform.doors.middleware import TENANT_KEY
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Tenant, User
from tests import cast as the_cast
from tests import databases
from tests.chromium import _playwright, chromium  # noqa: F401  # fixtures of every test that drives a browser
from tests.isolation import sabotage
from tests.reference.shelf import tell_absent
from tests.stored import store  # noqa: F401  # a fixture of every test that keeps files

PEOPLE = [name for people in the_cast.ROLES.values() for name in people]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="faults: 5,000 cases and 24 kills; panels: 400 of them")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tell_absent(terminalreporter)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """One clone of the template for this worker."""
    scratch = os.environ.get("HITL_SCRATCH_DATABASE")
    if scratch:
        # a run inside a run, against a database that a test has damaged on purpose
        sabotage.take_down(os.environ.get("HITL_SABOTAGE", ""))
        with django_db_blocker.unblock(), databases.pointed_at(scratch):
            yield
        return
    name = f"hitl_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with django_db_blocker.unblock():
        databases.ensure_template()
        databases.clone(name)
        with databases.pointed_at(name):
            yield
        databases.drop(name)


@dataclass(frozen=True)
class Committed:
    """A database of one test: its name, and the environment in which children find it."""

    name: str
    environment: dict[str, str]


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any, request: pytest.FixtureRequest) -> Iterator[Committed]:
    """A database of this test's own, in which everything commits."""
    name = f"hitl_own_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    with django_db_blocker.unblock():
        databases.clone(name)
        try:
            with databases.pointed_at(name) as environment:
                yield Committed(name, environment)
        finally:
            databases.drop(name)


@pytest.fixture(autouse=True)
def _as_the_application(request: pytest.FixtureRequest) -> None:
    """The suite proves nothing as an owner: whoever touches the database is hitl_app."""
    if {"db", "committed"} & set(request.fixturenames):
        request.getfixturevalue("committed" if "committed" in request.fixturenames else "db")
        with connection.cursor() as cursor:
            cursor.execute("select current_user, rolsuper or rolbypassrls from pg_roles where rolname = current_user")
            assert cursor.fetchone() == ("hitl_app", False)


@pytest.fixture(scope="session")
def _cast_in_template(django_db_setup: None, django_db_blocker: Any) -> the_cast.Cast:
    with django_db_blocker.unblock():
        return the_cast.load()


@pytest.fixture
def cast(_cast_in_template: the_cast.Cast, request: pytest.FixtureRequest) -> the_cast.Cast:
    """Everybody, with a database to act on (the test's own when it asks for `committed`)."""
    if "committed" not in request.fixturenames:
        request.getfixturevalue("db")
    return _cast_in_template


@pytest.fixture
def acme(cast: the_cast.Cast) -> Tenant:
    return cast.tenants["acme"]


@pytest.fixture
def globex(cast: the_cast.Cast) -> Tenant:
    return cast.tenants["globex"]


def _person_fixture(name: str) -> Any:
    def person(cast: the_cast.Cast) -> Actor:
        return cast.people[name]

    person.__name__ = name
    return pytest.fixture(person)


for _name in PEOPLE:
    globals()[_name] = _person_fixture(_name)


@pytest.fixture
def integrator(cast: the_cast.Cast) -> Actor:
    return cast.keys["acme"]


@pytest.fixture
def foreign_integrator(cast: the_cast.Cast) -> Actor:
    return cast.keys["globex"]


@pytest.fixture
def api(cast: the_cast.Cast) -> APIClient:
    """The REST API with acme's key, which has every scope."""
    return api_client("acme")


@pytest.fixture
def foreign_api(cast: the_cast.Cast) -> APIClient:
    """The REST API with globex's key."""
    return api_client("globex")


def api_client(slug: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {the_cast.SECRETS[slug]}")
    return client


@pytest.fixture
def client_for(cast: the_cast.Cast) -> Callable[[Actor], Client]:
    """A browser's client, logged in as a member of the cast."""

    def client_of(actor: Actor) -> Client:
        client = Client()
        client.force_login(User.objects.get(pk=actor.id), backend="hitl_platform.access.entry.MemberBackend")
        session = client.session
        session[TENANT_KEY] = str(actor.tenant_id)
        session.save()
        return client

    return client_of

"""Each wall, taken down in a scratch database, turns its named test red; put back, green."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.conf import settings

from tests import databases
from tests.architecture.sources import ROOT

FILE = "tests/isolation/test_walls.py"


@dataclass(frozen=True)
class Wall:
    """How to take a wall down and put it back, and the tests that must notice."""

    down: str
    up: str
    noticed_by: tuple[str, ...]
    code: bool = False


WALL = "tenant_id = (select app.tenant())"
POLICY = "create policy tenant_wall on {} for all to hitl_app using ({}) with check ({})"
KEY = "cases_casetypeversion_case_type_id_within_tenant"
WALLS = {
    "policy for reading": Wall(
        "drop policy tenant_wall on tenants_membership;" + POLICY.format("tenants_membership", "true", WALL),
        "drop policy tenant_wall on tenants_membership;" + POLICY.format("tenants_membership", WALL, WALL),
        ("test_policy_hides_the_other_tenants_rows", "test_the_catalogue_is_as_the_walls_say"),
    ),
    "policy for writing": Wall(
        "drop policy tenant_wall on cases_casetype;" + POLICY.format("cases_casetype", WALL, "true"),
        "drop policy tenant_wall on cases_casetype;" + POLICY.format("cases_casetype", WALL, WALL),
        ("test_policy_takes_no_row_for_the_other_tenant", "test_the_catalogue_is_as_the_walls_say"),
    ),
    "FORCE": Wall(
        "alter table tenants_membership no force row level security",
        "alter table tenants_membership force row level security",
        ("test_force_walls_even_the_owner", "test_the_catalogue_is_as_the_walls_say"),
    ),
    "grant": Wall(
        "grant update, delete on ledger_auditevent to hitl_app",
        "revoke update, delete on ledger_auditevent from hitl_app",
        ("test_grants_leave_events_as_they_are", "test_the_catalogue_is_as_the_walls_say"),
    ),
    "composite key": Wall(
        f"alter table cases_casetypeversion drop constraint {KEY}",
        f"alter table cases_casetypeversion add constraint {KEY} foreign key (tenant_id, case_type_id)"
        " references cases_casetype (tenant_id, id)",
        ("test_composite_key_refuses_the_other_tenants_row", "test_the_catalogue_is_as_the_walls_say"),
    ),
    "manager scope": Wall("", "", ("test_manager_is_loud_outside_a_scope",), code=True),
    "role": Wall("", "", ("test_role_of_the_application_has_no_way_around",), code=True),
}


@pytest.fixture(scope="module")
def scratch(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    name = f"hitl_scratch_{os.getpid()}"
    with django_db_blocker.unblock():
        databases.clone(name)
    yield name
    with django_db_blocker.unblock():
        databases.drop(name)


@pytest.mark.parametrize("name", WALLS)
def test_without_the_wall_its_tests_turn_red(scratch: str, name: str) -> None:
    wall = WALLS[name]
    if wall.code:
        assert _failures(scratch, wall.noticed_by, sabotage=name) == set(wall.noticed_by)
        return
    _execute(scratch, wall.down)
    try:
        assert _failures(scratch, wall.noticed_by) == set(wall.noticed_by)
    finally:
        _execute(scratch, wall.up)


def test_with_every_wall_back_all_is_green(scratch: str) -> None:
    assert _failures(scratch, ()) == set()


def _execute(database: str, statements: str) -> None:
    with psycopg.connect(settings.SUPERUSER_DATABASE_URL, dbname=database, autocommit=True) as connection:
        connection.execute(statements)


def _failures(database: str, tests: tuple[str, ...], *, sabotage: str = "") -> set[str]:
    """The names of the tests that failed in a run of their own against `database`."""
    environment = {**os.environ, "HITL_SCRATCH_DATABASE": database, "HITL_SABOTAGE": sabotage}
    environment.pop("PYTEST_XDIST_WORKER", None)
    environment.pop("PYTEST_ADDOPTS", None)
    selected = [f"{FILE}::{test}" for test in tests] or [FILE]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *selected],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode in (0, 1), run.stdout + run.stderr
    failed = (line.split("::")[1].split("[")[0].split(" ")[0] for line in run.stdout.splitlines() if _is_red(line))
    return set(failed)


def _is_red(line: str) -> bool:
    return line.startswith(("FAILED ", "ERROR ")) and "::" in line

"""The demonstration's logins: this installation's own, and marked where simulated."""

import json
import stat

from audits.demo.organisations import all_organisations
from audits.demo.people import CAST, SIMULATED, STAFF, logins, password_of, write_logins
from audits.demo.sights import SIGHTS


def test_passwords_are_this_installations_own(settings):
    first = password_of("owner@northwind.example")
    assert first == password_of("owner@northwind.example")
    assert first != password_of("manager@northwind.example")
    settings.SECRET_KEY = "another installation's secret, long enough"
    assert password_of("owner@northwind.example") != first
    assert len(first) == 19


def test_simulated_people_are_called_so():
    cast = [plan for plans in CAST.values() for plan in plans]
    assert all(plan.simulated and plan.name.startswith("Simulated") for plan in (*SIMULATED, *cast))
    assert not any(plan.works for plan in (*STAFF, *cast))
    assert not any(plan.simulated or "imulated" in plan.name for plan in STAFF)


def test_the_file_of_logins_is_private(tmp_path):
    path = tmp_path / "logins.json"
    write_logins(path, logins(all_organisations()))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    entries = json.loads(path.read_text())
    assert {entry["tenant"] for entry in entries} == {"northwind", "st-agnes"}
    assert set(entries[0]) == {"tenant", "name", "email", "password", "roles", "simulated", "works", "sees"}
    assert len({entry["email"] for entry in entries}) == len(entries) == 31


def test_the_tour_names_logins_that_there_are():
    by_tenant = {}
    for entry in logins(all_organisations()):
        by_tenant.setdefault(entry["tenant"], set()).add(entry["email"].partition("@")[0])
    assert {slug: set(sights) - by_tenant[slug] for slug, sights in SIGHTS.items()} == {
        "northwind": set(),
        "st-agnes": set(),
    }

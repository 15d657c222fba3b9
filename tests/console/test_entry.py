"""Who comes in: some roles, one tenant, and a second factor where the setting asks for one."""

import pytest
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.db import connection
from django.test import Client
from django.urls import get_resolver

from hitl_platform.access.services import add_member
from hitl_platform.console.site import site
from hitl_platform.doors.middleware import TENANT_KEY
from hitl_platform.tenants.actor import system_actor
from hitl_platform.tenants.models import User

ANYBODY = ["mona", "ada", "mel", "olga"]


@pytest.mark.parametrize("name", ANYBODY)
def test_roles_that_look_after_the_whole_come_in(name, cast, client_for):
    response = client_for(cast.people[name]).get("/console/")
    assert response.status_code == 200
    assert "What needs you now" in response.content.decode()


@pytest.mark.parametrize("name", ["alice", "sam"])
def test_reviewers_and_adjudicators_do_not(name, cast, client_for):
    response = client_for(cast.people[name]).get("/console/")
    assert response.status_code == 403


def test_visitors_are_sent_to_the_login(db):
    response = Client().get("/console/pipeline/")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/console/pipeline/"


def test_a_key_does_not_come_in(api):
    assert api.get("/console/").status_code == 403


def test_who_has_not_chosen_an_organisation_chooses_first(cast, client_for, mona):
    user = User.objects.get(pk=mona.id)
    add_member(actor=system_actor(cast.tenants["globex"].id, "operator"), user=user, roles=["manager"])
    client = client_for(mona)
    session = client.session
    session[TENANT_KEY] = ""
    session.save()
    response = client.get("/console/")
    assert (response.status_code, response["Location"]) == (302, "/tenants/choose/?next=/console/")


def test_what_caches_or_names_rows_across_tenants_is_left_out():
    names = {pattern.name for pattern in site.get_urls() if getattr(pattern, "name", None)}
    assert not names & {"search", "autocomplete", "view_on_site", "login", "password_change"}
    assert get_resolver().resolve("/console/").namespace == "console"


def test_djangos_own_admin_log_is_not_there(db):
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass('django_admin_log')")
        assert cursor.fetchone() == (None,)


class TestSecondFactor:
    @pytest.fixture(autouse=True)
    def _asked_for(self, settings):
        settings.CONSOLE_SECOND_FACTOR = True

    def test_who_has_none_sets_one_up(self, console):
        response = console.get("/console/")
        assert response.status_code == 302
        assert response["Location"] == "/accounts/2fa/totp/activate/"

    def test_who_has_one_uses_it(self, console, mona):
        TOTP.activate(User.objects.get(pk=mona.id), generate_totp_secret())
        response = console.get("/console/")
        assert response.status_code == 302
        assert response["Location"] == "/accounts/2fa/reauthenticate/?next=/console/"

    def test_who_used_it_comes_in(self, console, mona):
        secret = generate_totp_secret()
        TOTP.activate(User.objects.get(pk=mona.id), secret)
        code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
        response = console.post("/accounts/2fa/reauthenticate/?next=/console/", {"code": code})
        assert response["Location"] == "/console/"
        assert console.get("/console/").status_code == 200

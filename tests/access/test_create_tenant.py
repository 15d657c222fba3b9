"""The first organisation of an installation, from the operator's command to the owner's console."""

import re

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from hitl_platform.ledger.models import AuditEvent
from hitl_platform.tenants.models import Membership, User
from hitl_platform.tenants.operators import find_tenant_id
from hitl_platform.tenants.scope import tenant_scope
from tests.conftest import Committed

GIVEN = {"slug": "initech", "name": "Initech", "owner_email": "Bill@initech.example.org", "owner_name": "Bill"}
PASSWORD = "six long words of a sentence"


def create(capsys: pytest.CaptureFixture[str], **changes: object) -> str:
    call_command("create_tenant", **{**GIVEN, **changes})
    return capsys.readouterr().out


def test_the_owner_sets_a_password_and_opens_the_console(
    committed: Committed, capsys: pytest.CaptureFixture[str]
) -> None:
    link = re.search(r"http://\S+", create(capsys))
    assert link is not None
    browser = Client()
    page = browser.get(link[0].removeprefix("http://127.0.0.1:8000"), follow=True)
    assert page.status_code == 200
    form = {"password1": PASSWORD, "password2": PASSWORD}
    assert browser.post(page.request["PATH_INFO"], form).status_code == 302
    sent = browser.post("/accounts/login/", {"login": "bill@initech.example.org", "password": PASSWORD}, follow=True)
    assert sent.request["PATH_INFO"] == "/console/"
    assert "Initech" in sent.content.decode()
    # the link has done its work
    assert b"password1" not in Client().get(link[0].removeprefix("http://127.0.0.1:8000"), follow=True).content
    tenant_id = find_tenant_id("initech")
    assert tenant_id is not None
    with tenant_scope(tenant_id):
        assert Membership.objects.get().roles == ["owner"]
        assert [event.verb for event in AuditEvent.objects.order_by("id")] == ["tenant.created", "membership.added"]

    # nothing is half done: an address or a slug that is wrong leaves nothing behind
    for changes, reason in (
        ({"slug": "initech", "owner_email": "x@initech.example.org"}, "already"),
        ({"slug": "Not A Slug"}, "slug"),
        ({"slug": "half", "owner_email": "nobody"}, "address"),
        ({"slug": "half", "name": " "}, "name"),
        ({"slug": "half", "owner_email": "new@initech.example.org", "owner_name": ""}, "name"),
    ):
        with pytest.raises(CommandError, match=reason):
            create(capsys, **changes)
    assert find_tenant_id("half") is None
    assert not User.objects.filter(email__startswith="new@").exists()

    # somebody who has an account keeps it and its password
    said = create(capsys, slug="hooli", name="Hooli")
    assert "http" not in said
    assert User.objects.filter(email="bill@initech.example.org").count() == 1


def test_the_password_may_be_asked_for(
    committed: Committed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: "short")
    with pytest.raises(CommandError, match="too weak"):
        create(capsys, ask_password=True)
    monkeypatch.setattr("getpass.getpass", lambda prompt: PASSWORD)
    assert "http" not in create(capsys, ask_password=True)
    assert User.objects.get(email="bill@initech.example.org").check_password(PASSWORD)

"""Mails of the product's own: invitations with a link for one use, a password forgotten, in our own words."""

import re
from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from hitl_platform.kernel.errors import Conflict, Forbidden
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.notices.services import invite_again, invite_member
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership, Tenant, User
from hitl_platform.tenants.scope import tenant_scope
from tests.cast import email_of
from tests.notices.conftest import Desk
from tests.portal.reading import read

NEW = "a wholly new staple of horses"


def link_in(body: object) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+(/accounts/password/reset/key/\S+)", str(body))
    assert found, body
    return found[1]


def test_a_new_member_gets_a_link_that_opens_once(
    desk: Desk, olga: Actor, client_for: Callable[[Actor], Client]
) -> None:
    values = {"email": "nina@example.org", "name": "Nina", "roles": ["reviewer"]}
    assert client_for(olga).post(reverse("console:tenants_membership_admit"), values).status_code == 302
    assert mail.outbox == []
    desk.mail()
    (message,) = mail.outbox
    assert message.subject == "[Acme] You are a member of Acme"
    assert "Olga has made you a member of Acme." in message.body
    client = Client()
    page = client.get(link_in(message.body), follow=True)
    done = client.post(page.request["PATH_INFO"], {"password1": NEW, "password2": NEW}, follow=True)
    assert "Your password is changed" in read(done).text
    assert User.objects.get(email="nina@example.org").check_password(NEW)
    assert "This link no longer works" in read(Client().get(link_in(message.body), follow=True)).text
    with tenant_scope(desk.tenant.id):
        verbs = AuditEvent.objects.filter(verb__startswith="membership.").order_by("id")
        assert [event.verb for event in verbs][-2:] == ["membership.added", "membership.invited"]
        assert NEW not in str([event.body for event in verbs])


def test_somebody_with_an_account_is_sent_to_the_login(desk: Desk, olga: Actor, gil: Actor) -> None:
    invite_member(actor=olga, email=email_of("gil").upper(), name="Somebody else", roles=["reviewer"])
    desk.mail()
    assert "Sign in with the password that you have" in mail.outbox[0].body
    assert "/reset/" not in mail.outbox[0].body
    assert User.objects.get(pk=gil.id).name == "Gil"


def test_who_never_came_is_mailed_again(desk: Desk, olga: Actor, mona: Actor) -> None:
    membership = invite_member(actor=olga, email="nina@example.org", name="Nina", roles=["reviewer"])
    invite_again(actor=olga, membership_id=membership.pk)
    desk.mail()
    assert len(mail.outbox) == 2
    with pytest.raises(Forbidden):
        invite_again(actor=mona, membership_id=membership.pk)
    with pytest.raises(Forbidden):
        invite_member(actor=mona, email="max@example.net", name="Max", roles=["owner"])
    with tenant_scope(desk.tenant.id):
        alice = Membership.objects.get(user__email=email_of("alice"))
    with pytest.raises(Conflict):
        invite_again(actor=olga, membership_id=alice.pk)


def test_a_forgotten_password_in_our_words(cast: object, acme: Tenant) -> None:
    Client().post("/accounts/password/reset/", {"email": email_of("alice")})
    (message,) = mail.outbox
    assert message.subject == "[Acme] Set a new password"
    assert str(message.body).startswith("Hello Alice,")
    assert "HITL Platform · Acme" in message.body
    assert "Thank you for using" not in message.body
    assert "\n\n\n" not in str(message.body)


def test_an_address_without_an_account_is_told_so_and_nothing_else(cast: object) -> None:
    Client().post("/accounts/password/reset/", {"email": "nobody@example.net"})
    (message,) = mail.outbox
    assert message.subject == "No account with this address"
    assert "sign up" not in str(message.body).lower()
    assert "Acme" not in str(message.body)

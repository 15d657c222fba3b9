"""Mails leave by steps: none lost, each once, a second time only under the same Message-ID."""

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from pytest_django import Settings

from hitl_platform.access.services import set_roles
from hitl_platform.notices.models import Notice
from hitl_platform.notices.services import notify, read_notice, set_preferences
from hitl_platform.notices.steps import send_mail
from hitl_platform.pipeline import runner
from hitl_platform.pipeline.kinds import get_kind
from hitl_platform.pipeline.models import Step
from hitl_platform.pipeline.runner import Finish, LostLease, run_batch
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership
from hitl_platform.tenants.scope import tenant_scope
from tests.cast import email_of
from tests.notices.conftest import Desk


class Refusing(EmailBackend):
    """A mail server that is away."""

    def send_messages(self, messages: object) -> int:
        raise ConnectionRefusedError("smtp.example.org for somebody@example.org")


def test_a_notice_is_told_and_mailed_once(desk: Desk, alice: Actor, bob: Actor) -> None:
    assert len(desk.tell(alice, bob)) == 2
    assert desk.tell(alice) == []
    assert desk.mail() == 2
    assert desk.mail() == 0
    assert sorted(message.to[0] for message in mail.outbox) == [email_of("alice"), email_of("bob")]
    assert all(notice.mailed_at for notice in desk.notices())
    message = mail.outbox[0]
    assert message.subject == "[Acme] Case 1A2B-3C4D"
    assert "Hello Alice," in message.body
    assert "/queues/loans/" in message.body
    assert "HITL Platform · Acme" in message.body
    assert message.content_subtype == "plain"


def test_an_attempt_that_dies_after_sending_sends_the_same_mail_again(desk: Desk, alice: Actor) -> None:
    desk.tell(alice)
    terms = get_kind("mail")
    hung = runner._claim(terms, tenant_id=desk.tenant.id)
    with tenant_scope(desk.tenant.id):
        Step.objects.filter(kind="mail").update(state="ready", lease_token=None, lease_until=None)
    with pytest.raises(LostLease):
        send_mail(hung, Finish(terms=terms, steps=hung))
    desk.mail()
    first, second = mail.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"] == f"<{hung[0].id}@127.0.0.1>"


def test_a_server_that_is_away_loses_no_mail_and_its_words_stay_out_of_the_log(
    desk: Desk, alice: Actor, settings: Settings
) -> None:
    desk.tell(alice)
    works, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{Refusing.__module__}.Refusing"
    run_batch("mail", tenant_id=desk.tenant.id)
    with tenant_scope(desk.tenant.id):
        step = Step.objects.get(kind="mail")
    assert (step.state, step.attempt) == ("ready", 1)
    assert "ConnectionRefusedError" in step.last_error
    assert "example.org" not in step.last_error
    settings.EMAIL_BACKEND = works
    desk.mail()
    assert len(mail.outbox) == 1


def test_what_was_read_here_and_who_has_left_get_no_mail(desk: Desk, alice: Actor, bob: Actor, olga: Actor) -> None:
    desk.tell(alice, bob)
    read_notice(actor=alice, notice_id=next(each.pk for each in desk.notices() if each.recipient_id == alice.id))
    with tenant_scope(desk.tenant.id):
        membership = Membership.objects.get(user_id=bob.id)
    set_roles(actor=olga, membership_id=membership.pk, roles=["reviewer"], is_active=False)
    desk.mail()
    assert mail.outbox == []
    assert desk.tell(bob, key="two") == []


def test_a_digest_is_one_mail_of_what_is_unread(desk: Desk, alice: Actor, bob: Actor) -> None:
    for actor in (alice, bob):
        set_preferences(actor=actor, deliveries={"mention": "digest"})
    for number in range(3):
        desk.tell(alice, bob, key=str(number), subject=f"Case {number}")
    for notice in desk.notices():
        if notice.recipient_id == bob.id:
            read_notice(actor=bob, notice_id=notice.pk)
    with tenant_scope(desk.tenant.id):
        assert {step.run_at.hour for step in Step.objects.filter(kind="digest")} == {5}
    desk.mail()
    (message,) = mail.outbox
    assert message.to == [email_of("alice")]
    assert message.subject == "[Acme] 3 notices that you have not read"
    assert [f"- Case {number}" in message.body for number in range(3)] == [True] * 3


def test_preferences_are_kept_and_what_is_ones_own_is_always_shown(desk: Desk, alice: Actor) -> None:
    set_preferences(actor=alice, deliveries={"mention": "none", "paused": "here"})
    assert desk.tell(alice) == []
    assert [each.delivery for each in desk.tell(alice, kind="paused")] == ["here"]
    desk.mail()
    assert mail.outbox == []
    with pytest.raises(Exception, match="cannot be chosen"):
        set_preferences(actor=alice, deliveries={"paused": "none"})


def test_nobody_of_another_organisation_is_told(desk: Desk, gil: Actor) -> None:
    assert desk.tell(gil) == []


@pytest.mark.parametrize("wrong", [{"kind": "gossip"}, {"path": "https://elsewhere.example"}, {"path": "//elsewhere"}])
def test_what_cannot_be_a_notice(desk: Desk, alice: Actor, wrong: dict[str, str]) -> None:
    given = {"kind": "mention", "path": "/", "subject": "a", "text": "b", "dedupe_key": "c"} | wrong
    with tenant_scope(desk.tenant.id), pytest.raises(ValueError, match="no notice"):
        notify(tenant_id=desk.tenant.id, recipient_ids=[alice.id], **given)


def test_a_subject_is_one_line(desk: Desk, alice: Actor) -> None:
    desk.tell(alice, subject="Case 1\r\nBcc: everybody@example.org")
    desk.mail()
    assert mail.outbox[0].subject == "[Acme] Case 1 Bcc: everybody@example.org"
    assert mail.outbox[0].recipients() == [email_of("alice")]


def test_a_notice_says_what_it_said(desk: Desk, alice: Actor) -> None:
    (notice,) = desk.tell(alice)
    with tenant_scope(desk.tenant.id), pytest.raises(Exception, match="permission denied"):
        Notice.objects.filter(pk=notice.pk).update(text="something else")

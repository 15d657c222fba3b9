"""The outbox: each mail is a step, so that none is lost; one that is sent twice has one Message-ID and collapses."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from hitl_platform.access.password_links import password_link
from hitl_platform.notices.models import Delivery, Kind, Notice
from hitl_platform.pipeline.runner import ClaimedStep, Finish
from hitl_platform.tenants.models import Membership, Tenant, User
from hitl_platform.tenants.scope import tenant_scope

MOST_IN_DIGEST = 100


def send_mail(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Mail one notice, unless its reader has left, or has read it here already. One step a batch."""
    (step,) = steps
    with tenant_scope(step.tenant_id):
        notice = Notice.objects.select_related("recipient").filter(pk=step.subject_id, mailed_at__isnull=True).first()
        message = _notice_mail(notice) if notice is not None and _is_wanted(notice) else None
    if message is not None:
        _send(message, step)
    with finish.closing():
        if message is not None:
            Notice.objects.filter(pk=step.subject_id).update(mailed_at=timezone.now())


def send_digest(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Mail one person what is unread of a day; nothing where all of it was read. One step a batch."""
    (step,) = steps
    with tenant_scope(step.tenant_id):
        unread = Notice.objects.filter(
            recipient_id=step.subject_id, delivery=Delivery.DIGEST, read_at__isnull=True, mailed_at__isnull=True
        )
        notices = list(unread.select_related("recipient").order_by("created_at")[: MOST_IN_DIGEST + 1])
        message = _digest_mail(notices) if notices and _is_member(notices[0].recipient) else None
    if message is not None:
        _send(message, step)
    with finish.closing():
        if message is not None:
            Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(mailed_at=timezone.now())


def _notice_mail(notice: Notice) -> EmailMessage:
    tenant = Tenant.objects.get(pk=notice.tenant_id)
    context = {"notice": notice, "link": settings.PUBLIC_URL + notice.path}
    if notice.kind == Kind.INVITATION:
        context["first_password"] = _first_password(notice.recipient)
    return _message(tenant, notice.recipient, notice.subject, "notices/mail.txt", context)


def _digest_mail(notices: Sequence[Notice]) -> EmailMessage:
    tenant = Tenant.objects.get(pk=notices[0].tenant_id)
    shown = notices[:MOST_IN_DIGEST]
    subject = f"{len(shown)} notice{'s' if len(shown) != 1 else ''} that you have not read"
    context = {"notices": shown, "are_more": len(notices) > len(shown)}
    return _message(tenant, notices[0].recipient, subject, "notices/digest.txt", context)


def _message(tenant: Tenant, to: User, subject: str, template: str, context: dict[str, Any]) -> EmailMessage:
    around = {"tenant": tenant, "person": to, "site": settings.PUBLIC_URL, "preferences": reverse("notice_preferences")}
    body = render_to_string(template, around | context)
    return EmailMessage(f"[{tenant.name}] {subject}", body, settings.DEFAULT_FROM_EMAIL, [to.email])


def _send(message: EmailMessage, step: ClaimedStep) -> None:
    # the same at every attempt: a mail server or reader that gets it twice shows it once
    message.extra_headers = {
        "Message-ID": f"<{step.id}@{settings.ALLOWED_HOSTS[0]}>",
        "Auto-Submitted": "auto-generated",
    }
    message.send(fail_silently=False)


def _is_wanted(notice: Notice) -> bool:
    return notice.read_at is None and _is_member(notice.recipient)


def _is_member(user: User) -> bool:
    return user.is_active and Membership.objects.filter(user=user, is_active=True).exists()


def _first_password(user: User) -> str:
    """A link by which a person without a password sets one, once; or nothing."""
    return "" if user.has_usable_password() else password_link(user)

"""Telling people: notices, what each of them prefers, and letting a new member in with a mail."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from django.utils import timezone

from hitl_platform.access.services import add_member, create_user
from hitl_platform.kernel.errors import Conflict, Invalid, require
from hitl_platform.ledger.commands import command, quiet_command, record
from hitl_platform.notices import queries
from hitl_platform.notices.models import ALWAYS_SHOWN, DEFAULTS, Delivery, Kind, Notice, NoticePreference
from hitl_platform.pipeline.services import NewStep, enqueue_many
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership, Role, Tenant, User

# the digest of a day leaves the next morning, so that it comes before work
DIGEST_HOUR = time(5, 0, tzinfo=UTC)
LONGEST_SUBJECT = 200
LONGEST_TEXT = 2_000


def notify(
    *,
    tenant_id: UUID,
    recipient_ids: Iterable[UUID],
    kind: str,
    subject: str,
    text: str,
    path: str,
    dedupe_key: str,
) -> list[Notice]:
    """Tell active members something, once for each `dedupe_key`; inside a command or a step's finish.

    What is told never says what is in a case. Who wants it by mail gets a step "mail" for it, who wants a digest one
    for the morning. Returns the notices that are new; raises ValueError for a kind or a path that there cannot be.
    """
    if kind not in Kind.values or not path.startswith("/") or path.startswith("//"):
        raise ValueError(f"no notice of kind {kind!r} leads to {path!r}")
    deliveries = _deliveries(set(recipient_ids), kind=kind, dedupe_key=dedupe_key)
    told = [
        Notice(
            tenant_id=tenant_id,
            recipient_id=person,
            kind=kind,
            # a subject is one line, in a mail's head as on a page
            subject=" ".join(subject.split())[:LONGEST_SUBJECT],
            text=text[:LONGEST_TEXT],
            path=path,
            dedupe_key=dedupe_key,
            delivery=delivery,
        )
        for person, delivery in deliveries.items()
        if delivery != Delivery.NONE
    ]
    Notice.objects.bulk_create(told)
    _enqueue_mails(tenant_id, told)
    return told


@quiet_command
def read_notice(*, actor: Actor, notice_id: UUID) -> Notice:
    """The actor has read one of the actor's own notices."""
    notice = queries.get_notice(actor, notice_id)
    if notice.read_at is None:
        notice.read_at = timezone.now()
        notice.save(update_fields=["read_at"])
    return notice


@quiet_command
def read_all(*, actor: Actor) -> int:
    """The actor has read all notices; says how many were new."""
    return queries.visible_notices(actor).filter(read_at__isnull=True).update(read_at=timezone.now())


@quiet_command
def set_preferences(*, actor: Actor, deliveries: Mapping[str, str]) -> None:
    """How the actor wants to be told of these kinds; raises Invalid for what cannot be switched off."""
    fields: dict[str, list[str]] = {}
    for kind, delivery in deliveries.items():
        if kind not in Kind.values or delivery not in Delivery.values:
            fields[kind] = ["There is no such choice."]
        elif delivery == Delivery.NONE and kind in ALWAYS_SHOWN:
            fields[kind] = ["It is always shown here."]
    if fields:
        raise Invalid("This cannot be chosen.", fields=fields)
    NoticePreference.objects.bulk_create(
        [
            NoticePreference(tenant_id=actor.tenant_id, person_id=actor.id, kind=kind, delivery=delivery)
            for kind, delivery in deliveries.items()
        ],
        update_conflicts=True,
        unique_fields=["tenant", "person", "kind"],
        update_fields=["delivery"],
    )


@command
def invite_member(*, actor: Actor, email: str, name: str, roles: Sequence[str]) -> Membership:
    """Let a person in and mail them the way: a link for a first password, or, with an account, to the login.

    The link is made when the mail is sent, works once, and is stored nowhere.
    """
    require(actor.kind == "system" or actor.has(Role.OWNER), "Owners add members.")
    user = User.objects.filter(email__iexact=email.strip()).first()
    if user is None:
        user = create_user(email=email, name=name, password=None)
    membership = add_member(actor=actor, user=user, roles=roles)
    _invite(actor, membership)
    return membership


@command
def invite_again(*, actor: Actor, membership_id: UUID) -> Membership:
    """Mail a member who never came in a new link."""
    require(actor.kind == "system" or actor.has(Role.OWNER), "Owners add members.")
    membership = Membership.objects.select_related("user").get(pk=membership_id)
    if membership.user.has_usable_password() or not membership.is_active:
        raise Conflict("This person has a password, or is no longer active.", code="not_to_be_invited")
    _invite(actor, membership)
    return membership


def _invite(actor: Actor, membership: Membership) -> None:
    tenant = Tenant.objects.get(pk=actor.tenant_id)
    event = record("membership.invited", membership, actor=actor, body={"user": str(membership.user_id)})
    notify(
        tenant_id=actor.tenant_id,
        recipient_ids=[membership.user_id],
        kind=Kind.INVITATION,
        subject=f"You are a member of {tenant.name}",
        text=f"{actor.name or 'Somebody who may'} has made you a member of {tenant.name}.",
        path="/",
        dedupe_key=str(event),
    )


def _deliveries(people: set[UUID], *, kind: str, dedupe_key: str) -> dict[UUID, str]:
    """How those of these people who are active members, and were not told yet, want to be told."""
    if not people:
        return {}
    members = Membership.objects.filter(user_id__in=people, is_active=True, user__is_active=True)
    known = Notice.objects.filter(recipient_id__in=people, kind=kind, dedupe_key=dedupe_key)
    new = set(members.values_list("user_id", flat=True)) - set(known.values_list("recipient_id", flat=True))
    wishes = NoticePreference.objects.filter(person_id__in=new, kind=kind).values_list("person_id", "delivery")
    chosen = dict(wishes) if new else {}
    return {person: chosen.get(person, DEFAULTS[kind]) for person in sorted(new)}


def _enqueue_mails(tenant_id: UUID, notices: Sequence[Notice]) -> None:
    now = [NewStep(notice.pk, ()) for notice in notices if notice.delivery == Delivery.MAIL]
    enqueue_many("mail", tenant_id=tenant_id, rows=now)
    today = timezone.now().astimezone(UTC)
    morning = datetime.combine(today.date(), DIGEST_HOUR)
    morning += timedelta(days=int(morning <= today))
    people = sorted({notice.recipient_id for notice in notices if notice.delivery == Delivery.DIGEST})
    later = [NewStep(person, (), dedupe_key=morning.date().isoformat(), run_at=morning) for person in people]
    enqueue_many("digest", tenant_id=tenant_id, rows=later)

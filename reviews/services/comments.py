"""Comments on a case, and how a person wants distressing content shown."""

import re
from collections.abc import Mapping
from uuid import UUID

from hitl_platform.kernel.errors import Invalid, require
from hitl_platform.ledger.commands import command, quiet_command, record
from hitl_platform.notices.services import notify
from hitl_platform.tenants.actor import Actor
from reviews import permissions, queries
from reviews.models import CaseComment, ContentCare, QueueUserPermission, Seat
from reviews.states import SeatState

MAX_COMMENT = 2_000
_MENTION = re.compile(r"(?<![\w@])@([\w.-]*\w)")


@command
def add_comment(*, actor: Actor, seat_id: UUID, text: str) -> CaseComment:
    """Say something on a case to those who work on it; members named with @ are told that they were."""
    seat = queries.get_seat(actor, seat_id)
    require(permissions.holds(actor, seat) and seat.state != SeatState.CANCELLED, "This seat is not yours.")
    permissions.require_may_judge(actor, seat)
    text = text.strip()
    if not 0 < len(text) <= MAX_COMMENT:
        raise Invalid("The comment is not valid.", fields={"text": [f"1 to {MAX_COMMENT} characters."]})
    return say(actor=actor, seat=seat, text=text)


def say(*, actor: Actor, seat: Seat, text: str) -> CaseComment:
    """A comment of the actor's beside a seat that they may speak about; inside a command."""
    comment = CaseComment(
        tenant_id=actor.tenant_id,
        case_id=seat.case_id,
        panel_id=seat.panel_id,
        seat=seat,
        author_id=actor.id,
        text=text,
        mentioned=_mentioned(text, _people_of(seat.queue_id)),
        created_at=seat.read_at,
    )
    comment.save(force_insert=True)
    body = {"seat_id": str(seat.pk), "mentioned": [str(person) for person in comment.mentioned]}
    record("comment.added", comment, actor=actor, body=body, personal={"text": text})
    _tell(comment, seat)
    return comment


@quiet_command
def set_content_care(*, actor: Actor, blurs: bool, greys: bool) -> ContentCare:
    """How this person wants distressing content shown, on every case."""
    require(actor.kind == "user", "Only people look at cases.")
    care = ContentCare(tenant_id=actor.tenant_id, reviewer_id=actor.id, blurs=blurs, greys=greys)
    ContentCare.objects.bulk_create(
        [care],
        update_conflicts=True,
        unique_fields=["tenant", "reviewer"],
        update_fields=["blurs", "greys"],
    )
    return care


def _tell(comment: CaseComment, seat: Seat) -> None:
    """Those who are named learn that they were, and nothing of the case."""
    reference = queries.shown_reference(seat)
    notify(
        tenant_id=comment.tenant_id,
        recipient_ids=[person for person in comment.mentioned if person != comment.author_id],
        kind="mention",
        subject=f"You are named in a comment on case {reference}",
        text=f"Somebody names you in a comment on case {reference} of {seat.queue.name}.",
        path=f"/seats/{seat.pk}/",
        dedupe_key=str(comment.pk),
    )


def _people_of(queue_id: UUID) -> dict[str, list[UUID]]:
    """Those who work or manage the queue, by what they can be called: name without spaces, or first name."""
    granted = QueueUserPermission.objects.filter(content_object_id=queue_id, user__is_active=True)
    people: dict[str, list[UUID]] = {}
    for user_id, name in granted.values_list("user_id", "user__name").distinct():
        words = name.casefold().split()
        for handle in dict.fromkeys(("".join(words), words[0] if words else "")):
            people.setdefault(handle, []).append(user_id)
    return people


def _mentioned(text: str, people: Mapping[str, list[UUID]]) -> list[UUID]:
    named = dict.fromkeys(name.casefold() for name in _MENTION.findall(text))
    unclear = [name for name in named if len(people.get(name, ())) != 1]
    if unclear:
        known = ", ".join(sorted(f"@{name}" for name, who in people.items() if name and len(who) == 1))
        told = f"Nobody in this queue, or more than one, is called @{unclear[0]}. You can name {known or 'nobody'}."
        raise Invalid("The comment names somebody who is not here.", fields={"text": [told]})
    return list(dict.fromkeys(people[name][0] for name in named))

"""Cases with a known answer: proposed by one person, approved by another, and served hidden among the others."""

import hmac
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from cases.definitions import label_keys
from cases.models import Case
from cases.permissions import can_read_cases
from cases.queries import get_case_type
from cases.states import CaseState
from hitl_platform.access import duties
from hitl_platform.kernel.bound_cursor import long_cursor
from hitl_platform.kernel.errors import Conflict, Invalid, NotFound, require
from hitl_platform.kernel.ids import uuid7
from hitl_platform.ledger.commands import command, record, record_batch
from hitl_platform.tenants.actor import Actor, system_actor
from reviews import hidden_statements, permissions, quality_queries
from reviews.models import GoldItem, Queue
from reviews.states import GOLD
from reviews.type_versions import type_version

MAX_WHY = 5_000


@command
def propose_gold(
    *,
    actor: Actor,
    case_type_key: str,
    external_id: str,
    label: str,
    why: str,
    accepted: tuple[str, ...] | list[str] = (),
) -> GoldItem:
    """Say that a decided case has a known answer; somebody else approves it before it measures anybody."""
    require(permissions.can_define_reviews(actor))
    case_type = get_case_type(actor, case_type_key)
    case = Case.objects.filter(case_type=case_type, external_id=external_id).first()
    if case is None:
        raise NotFound
    if case.state != CaseState.DECIDED:
        raise Conflict("Only a decided case has a known answer.", code="case_not_decided")
    require_answer(case, label=label, accepted=accepted, why=why)
    item = GoldItem(
        tenant_id=actor.tenant_id,
        known_case=case,
        case_type=case_type,
        label=label,
        accepted=list(accepted),
        why=why,
        proposed_by=actor.id,
    )
    try:
        with transaction.atomic():
            item.save(force_insert=True)
    except IntegrityError:
        raise Conflict("This case is a gold item already.", code="gold_exists") from None
    record("gold.proposed", item, actor=actor, body=told_of(item))
    return item


@command
def approve_gold(*, actor: Actor, item_id: UUID) -> GoldItem:
    """A second person agrees with the answer; from now on the item is hidden among live cases."""
    item = quality_queries.get_gold(actor, item_id, lock=True)
    require(permissions.can_define_reviews(actor))
    duties.require_second_person(actor, author_ids=[item.proposed_by], what="a gold item")
    item.state = GOLD.apply("approve", item.state)
    item.approved_by, item.approved_at = actor.id, Now()
    item.save(update_fields=["state", "approved_by", "approved_at"])
    record("gold.approved", item, actor=actor, body=told_of(item))
    return item


@command
def retire_gold(*, actor: Actor, item_id: UUID) -> GoldItem:
    """Ask nobody with it any more; what was answered stays as it was assessed."""
    item = quality_queries.get_gold(actor, item_id, lock=True)
    require(permissions.can_define_reviews(actor))
    item.state = GOLD.apply("retire", item.state)
    item.retired_at = Now()
    item.save(update_fields=["state", "retired_at"])
    record("gold.retired", item, actor=actor, body=told_of(item))
    return item


def require_answer(case: Case, *, label: str, accepted: tuple[str, ...] | list[str], why: str) -> None:
    """Refuse an answer that the case's definition does not know, or one without its reason."""
    known = label_keys(type_version(case.type_version_id).labels)
    fields: dict[str, list[str]] = {}
    if label not in known:
        fields["label"] = [f"One of {', '.join(known)}."]
    if set(accepted) - set(known) or label in accepted:
        fields["accepted"] = [f"Other labels among {', '.join(known)}."]
    elif len(set(accepted)) >= len(known) - 1:
        fields["accepted"] = ["At least one answer must be wrong."]
    if not why.strip() or len(why) > MAX_WHY:
        fields["why"] = [f"Say why this is the answer, in at most {MAX_WHY} characters."]
    if fields:
        raise Invalid("The gold item is not valid.", fields=fields)


def told_of(item: GoldItem) -> dict[str, Any]:
    """An item for the ledger; its case by id, so that the event stays out of the case's own timeline."""
    return {"known_case_id": str(item.known_case_id), "label": item.label, "accepted": item.accepted}


def sort_at(actor: Actor, *, queue: Queue, position: int) -> str | None:
    """What a person's seat number `position` in a queue is to be: gold, human or model (decided), or none of them.

    A keyed hash, so that the draw can be repeated by who has the key and by nobody else; asking again never
    changes it.
    """
    if position < queue.gold_first:
        return "gold"
    line = f"hidden:{actor.tenant_id}:{actor.id}:{queue.pk}:{position}".encode()
    drawn = int.from_bytes(hmac.digest(settings.SECRET_KEY.encode(), line, "sha256")[:8], "big") / 2**64
    for sort, rate in (("gold", queue.gold_rate), ("human", queue.second_review_rate), ("model", queue.routine_rate)):
        if drawn < rate:
            return sort
        drawn -= rate
    return None


def next_hidden_seat(actor: Actor, *, queue: Queue, taken: int) -> UUID | None:
    """The hidden seat that is due for this person now, if there is one. Inside a claim.

    Seats of the entry quiz are opened here. All others are opened by a step between two claims (`open_ahead`), since a
    claim that opened one would take longer and tell so. They stand at the head of this person's queue, so that lists
    and counts show them like any other. Whoever may look cases up is never measured so.
    """
    quiz = [taken] if taken < queue.gold_first and not can_read_cases(actor) else []
    rows = _open(actor, queue, positions=quiz, taken=taken, ahead=False)
    due = [(position, seat_id) for seat_id, position in rows if position <= taken]
    return min(due)[1] if due else None


def open_ahead(actor: Actor, *, queue: Queue, position: int) -> None:
    """Open the hidden seat that this person's seat number `position` was drawn to be.

    Inside a finish, in the line of the person's claims. Where no case is left for them, none is opened.
    """
    if not can_read_cases(actor):
        _open(actor, queue, positions=[position], taken=-1 - position, ahead=True)


def _open(actor: Actor, queue: Queue, *, positions: list[int], taken: int, ahead: bool) -> list[tuple[UUID, int]]:
    """Open what was drawn for these positions; the seats opened and the one that waits at `taken`, by position."""
    drawn = [(at, sort) for at in positions if (sort := sort_at(actor, queue=queue, position=at))]
    event_id = uuid7()
    with long_cursor() as cursor:
        cursor.execute(
            hidden_statements.NEXT_HIDDEN,
            {
                "tenant": actor.tenant_id,
                "me": actor.id,
                "queue": queue.pk,
                "taken": taken,
                "positions": [at for at, _ in drawn],
                "sorts": [sort for _, sort in drawn],
                "event": event_id,
                "ahead": ahead,
            },
        )
        rows = cursor.fetchall()
    opened = {
        str(hidden_id): {"purpose": purpose, "seat_id": str(seat_id), "reviewer_id": str(actor.id)}
        for seat_id, hidden_id, purpose, _ in rows
        if hidden_id is not None
    }
    if opened:
        quality = system_actor(actor.tenant_id, "quality")
        record_batch("seat.hidden", "hiddenseat", actor=quality, items=opened, event_id=event_id)
    return [(seat_id, position) for seat_id, _, _, position in rows]

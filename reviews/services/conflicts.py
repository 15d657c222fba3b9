"""Conflicts of interest that people declare; what can be derived (own, judged before) is never declared."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from hitl_platform.kernel.errors import Conflict, Invalid, NotFound, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from reviews import permissions, queries, staffing_queries
from reviews.models import ConflictOfInterest, InterestKind, Seat
from reviews.queries import IN_HAND
from reviews.services.absences import give_back

MAX_TEXT = 500


@command
def declare_conflict(
    *, actor: Actor, user_id: UUID, kind: str, about: str, facet_key: str = "", note: str = ""
) -> ConflictOfInterest:
    """Say that a person stands too near to some cases to judge them; their own act, or a manager's.

    `about` is the subject's reference, another member's id, or (of a party) what stands in the case's field
    `facet_key`. What they hold of such cases is given back at once.
    """
    require(actor.id == user_id or permissions.can_staff(actor), "Conflicts of others are declared by managers.")
    conflict = ConflictOfInterest(
        tenant_id=actor.tenant_id, user_id=user_id, kind=kind, about=about.strip(), facet_key=facet_key.strip(),
        note=note, declared_by=actor.id,
    )  # fmt: skip
    _require_valid(actor, conflict)
    try:
        with transaction.atomic():
            conflict.save(force_insert=True)
    except IntegrityError:
        raise Conflict("This conflict is declared already.", code="conflict_exists") from None
    body = {"user_id": str(user_id), "kind": str(kind), "facet_key": conflict.facet_key}
    personal = {"about": conflict.about} | ({"note": note} if note else {})
    record("conflict.declared", conflict, actor=actor, body=body, personal=personal)
    _give_back_conflicted(actor, user_id)
    return conflict


@command
def lift_conflict(*, actor: Actor, conflict_id: UUID) -> ConflictOfInterest:
    """A manager says that a declared conflict no longer stands; nobody lifts their own."""
    conflict = staffing_queries.get_conflict(actor, conflict_id)
    require(permissions.can_staff(actor), "Managers lift conflicts of interest.")
    require(conflict.user_id != actor.id, "Nobody lifts a conflict of their own.", code="own_conflict")
    if conflict.lifted_at is not None:
        raise Conflict("This conflict is lifted already.", code="conflict_lifted")
    conflict.lifted_at, conflict.lifted_by = timezone.now(), actor.id
    conflict.save(update_fields=["lifted_at", "lifted_by"])
    record("conflict.lifted", conflict, actor=actor, body={"user_id": str(conflict.user_id)})
    return conflict


def _give_back_conflicted(actor: Actor, user_id: UUID) -> None:
    person = Actor("user", user_id, actor.tenant_id)
    in_hand = Seat.objects.filter(reviewer_id=user_id, state__in=IN_HAND).values_list("pk", flat=True)
    now_conflicted = [seat_id for seat_id in in_hand if queries.get_seat(person, seat_id).conflicts]
    if now_conflicted:
        give_back(actor=actor, user_id=user_id, because="conflict_of_interest", seat_ids=now_conflicted)


def _require_valid(actor: Actor, conflict: ConflictOfInterest) -> None:
    fields: dict[str, list[str]] = {}
    kind, about, user_id = conflict.kind, conflict.about, conflict.user_id
    if kind not in InterestKind.values:
        fields["kind"] = [f"One of {', '.join(InterestKind.values)}."]
    if not about or len(about) > MAX_TEXT:
        fields["about"] = [f"Say whom it concerns, in at most {MAX_TEXT} characters."]
    elif kind == InterestKind.PERSON and not _is_other_member(actor, user_id, about):
        fields["about"] = ["The id of another member."]
    if (kind == InterestKind.PARTY) != bool(conflict.facet_key):
        fields["facet_key"] = ["A party is named in a field of the case; other conflicts have none."]
    if len(conflict.note) > MAX_TEXT:
        fields["note"] = [f"At most {MAX_TEXT} characters."]
    if fields:
        raise Invalid("The conflict of interest is not valid.", fields=fields)
    staffing_queries.reviewer_of(actor, user_id)


def _is_other_member(actor: Actor, user_id: UUID, about: str) -> bool:
    try:
        other = UUID(about)
        staffing_queries.reviewer_of(actor, other)
    except (ValueError, NotFound):
        return False
    return other != user_id and str(other) == about

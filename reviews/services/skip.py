"""Passing a case over, with a reason, and with a say about who gets it and when."""

from datetime import timedelta
from uuid import UUID

from hitl_platform.kernel.errors import Invalid, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from reviews import permissions, queries, staffing_queries
from reviews.models import Seat, SeatSkip, SkipMeaning
from reviews.services.leases import open_again
from reviews.states import SEAT

MAX_REASON = 2_000
MOST_MINUTES, MOST_CASES = 10_080, 1_000
LATER_MINUTES = 60


@command
def skip_seat(
    *,
    actor: Actor,
    seat_id: UUID,
    reason: str,
    meaning: str = SkipMeaning.TO_OTHERS,
    minutes: int | None = None,
    cases: int | None = None,
) -> Seat:
    """Give a seat in hand back with a reason; it holds for the panel's every seat.

    `to_others`: this person is never asked about the panel again. `later`: again after so many `minutes` (an hour,
    where neither is told) or so many of their `cases` in this queue, whichever is later. `ignore`: no wish; others
    are asked first, and this person again when nothing else is left. A frozen answer cannot be skipped.
    """
    seat = queries.get_seat(actor, seat_id, lock=True)
    require(permissions.holds(actor, seat), "This seat is not yours.")
    seat.state = SEAT.apply("skip", seat.state)
    _require_valid(reason, meaning, minutes, cases)
    until_at, until_taken = None, None
    if meaning == SkipMeaning.LATER:
        if minutes is None and cases is None:
            minutes = LATER_MINUTES
        until_at = seat.read_at + timedelta(minutes=minutes) if minutes is not None else None
        facts = staffing_queries.reviewer_facts(actor, seat.queue)
        until_taken = facts.taken + cases if cases is not None else None
    skip = SeatSkip(
        tenant_id=actor.tenant_id, panel_id=seat.panel_id, seat=seat, reviewer_id=actor.id, meaning=meaning,
        reason=reason, until_at=until_at, until_taken=until_taken, skipped_at=seat.read_at,
    )  # fmt: skip
    SeatSkip.objects.bulk_create(
        [skip],
        update_conflicts=True,
        unique_fields=["tenant", "panel", "reviewer"],
        update_fields=["seat", "meaning", "reason", "until_at", "until_taken", "skipped_at"],
    )
    open_again(seat)
    body = {"panel_id": str(seat.panel_id), "meaning": str(meaning), "minutes": minutes, "cases": cases}
    record("seat.skipped", seat, actor=actor, body=body, personal={"reason": reason})
    return seat


def _require_valid(reason: str, meaning: str, minutes: int | None, cases: int | None) -> None:
    fields: dict[str, list[str]] = {}
    if not reason.strip() or len(reason) > MAX_REASON:
        fields["reason"] = [f"Say why, in at most {MAX_REASON:,} characters."]
    if meaning not in SkipMeaning.values:
        fields["meaning"] = [f"One of {', '.join(SkipMeaning.values)}."]
    for name, given, most in (("minutes", minutes, MOST_MINUTES), ("cases", cases, MOST_CASES)):
        if given is not None and meaning != SkipMeaning.LATER:
            fields[name] = ["Only what is skipped until later has an end."]
        elif given is not None and not 1 <= given <= most:
            fields[name] = [f"From 1 to {most:,}."]
    if fields:
        raise Invalid("This cannot be skipped so.", fields=fields)

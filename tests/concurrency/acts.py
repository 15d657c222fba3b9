"""What a rival process may do, and how it tells what came of it."""

import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from cases.services import withdraw_case
from hitl_platform.kernel.errors import DomainError
from hitl_platform.ledger.commands import open_command
from hitl_platform.pipeline.runner import run_batch
from hitl_platform.tenants.actor import Actor
from reviews.services import (
    Verdict,
    claim_next,
    declare_absence,
    hand_over_seat,
    release_seat,
    submit_judgment,
    undo_judgment,
)
from reviews.services.leases import expire_queue


def act(verb: str, tenant_id: UUID, given: dict[str, Any]) -> dict[str, Any]:
    """Do one thing; `{"done": …}` or `{"refused": code}`."""
    try:
        return {"done": _do(verb, tenant_id, given)}
    except DomainError as refusal:
        return {"refused": refusal.code}


def _do(verb: str, tenant_id: UUID, given: dict[str, Any]) -> Any:
    if verb == "work":
        return run_batch(given["kind"], tenant_id=tenant_id)
    if verb == "expire":
        return _expire_until(given["until"], tenant_id, UUID(given["queue"]))
    actor = Actor("user", UUID(given["actor"]), tenant_id, roles=frozenset(given["roles"]))
    if verb == "claim":
        seat = claim_next(actor=actor, queue_key="loans")
        return None if seat is None else str(seat.pk)
    if verb == "withdraw":
        return str(withdraw_case(actor=actor, case_id=UUID(given["case"])).pk)
    if verb == "absence":
        return _begin_absence(actor)
    seat_id = UUID(given["seat"])
    if verb == "hand_over":
        return str(hand_over_seat(actor=actor, seat_id=seat_id, to_user_id=UUID(given["to"])).pk)
    if verb == "submit":
        verdict = Verdict(label=given["label"], rationale="as I see it")
        return str(submit_judgment(actor=actor, seat_id=seat_id, lease_token=given["token"], verdict=verdict).pk)
    return str({"release": release_seat, "undo": undo_judgment}[verb](actor=actor, seat_id=seat_id).pk)


def _begin_absence(actor: Actor) -> str:
    """The person is away from now on, and the step that gives their seats back runs."""
    now = timezone.now()
    absence = declare_absence(actor=actor, user_id=actor.id, starts_at=now, ends_at=now + timedelta(hours=1))
    run_batch("absence", tenant_id=actor.tenant_id)
    return str(absence.pk)


def _expire_until(end: float, tenant_id: UUID, queue_id: UUID) -> int:
    """What the expiry step does, again and again."""
    freed = 0
    while time.time() < end:
        with open_command("expiry", tenant_id=tenant_id):
            freed += expire_queue(tenant_id=tenant_id, queue_id=queue_id)
    return freed

"""Writes: one function a verb."""

from reviews.services.claim import claim_next, claim_page
from reviews.services.judge import (
    Verdict,
    answer_seat,
    save_draft,
    submit_judgment,
    undo_judgment,
    view_seat,
)
from reviews.services.leases import heartbeat_seat, hold_seat, reassign_seat, release_seat, resume_seat
from reviews.services.policies import (
    activate_policy,
    approve_policy,
    draft_policy,
    retire_policy,
    revise_policy,
    try_policy,
)
from reviews.services.queues import create_queue, grant_queue, revoke_queue, update_queue
from reviews.services.templates import create_template

__all__ = [
    "Verdict",
    "activate_policy",
    "answer_seat",
    "approve_policy",
    "claim_next",
    "claim_page",
    "create_queue",
    "create_template",
    "draft_policy",
    "grant_queue",
    "heartbeat_seat",
    "hold_seat",
    "reassign_seat",
    "release_seat",
    "resume_seat",
    "retire_policy",
    "revise_policy",
    "revoke_queue",
    "save_draft",
    "submit_judgment",
    "try_policy",
    "undo_judgment",
    "update_queue",
    "view_seat",
]

"""Writes: one function a verb."""

from reviews.services.absences import declare_absence, end_absence
from reviews.services.claim import claim_next, claim_page
from reviews.services.conflicts import declare_conflict, lift_conflict
from reviews.services.judge import (
    Verdict,
    answer_seat,
    save_draft,
    submit_judgment,
    undo_judgment,
    view_seat,
)
from reviews.services.leases import hand_over_seat, heartbeat_seat, hold_seat, reassign_seat, release_seat, resume_seat
from reviews.services.policies import (
    activate_policy,
    approve_policy,
    draft_policy,
    retire_policy,
    revise_policy,
    try_policy,
)
from reviews.services.priorities import raise_priority
from reviews.services.queues import create_queue, grant_queue, revoke_queue, update_queue
from reviews.services.skip import skip_seat
from reviews.services.staffing import remove_skill, set_cap, set_profile, set_skill
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
    "declare_absence",
    "declare_conflict",
    "draft_policy",
    "end_absence",
    "grant_queue",
    "hand_over_seat",
    "heartbeat_seat",
    "hold_seat",
    "lift_conflict",
    "raise_priority",
    "reassign_seat",
    "release_seat",
    "remove_skill",
    "resume_seat",
    "retire_policy",
    "revise_policy",
    "revoke_queue",
    "save_draft",
    "set_cap",
    "set_profile",
    "set_skill",
    "skip_seat",
    "submit_judgment",
    "try_policy",
    "undo_judgment",
    "update_queue",
    "view_seat",
]

"""The lifecycles of human review: seat, panel, routing policy."""

from enum import StrEnum

from hitl_platform.kernel.lifecycle import Lifecycle


class SeatState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    HELD = "held"
    ANSWERED = "answered"
    SUBMITTED = "submitted"
    CANCELLED = "cancelled"


class PanelState(StrEnum):
    OPEN = "open"
    DISPUTED = "disputed"
    SETTLED = "settled"
    CANCELLED = "cancelled"


class PolicyState(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    ACTIVE = "active"
    RETIRED = "retired"


SEAT = Lifecycle(
    "seat",
    SeatState,
    {
        # a reviewer takes the next one
        "claim": ((SeatState.OPEN,), SeatState.CLAIMED),
        # given back, by the reviewer or a manager
        "release": ((SeatState.CLAIMED, SeatState.HELD), SeatState.OPEN),
        # the lease ended without a word
        "expire": ((SeatState.CLAIMED,), SeatState.OPEN),
        # the reviewer asks somebody first; no lease runs
        "hold": ((SeatState.CLAIMED,), SeatState.HELD),
        "resume": ((SeatState.HELD,), SeatState.CLAIMED),
        # the blind first answer is frozen and advice may be shown; its author alone goes on
        "answer": ((SeatState.CLAIMED,), SeatState.ANSWERED),
        # a manager takes a frozen answer's seat from an author who does not come back
        "reassign": ((SeatState.ANSWERED,), SeatState.OPEN),
        "submit": ((SeatState.CLAIMED, SeatState.ANSWERED), SeatState.SUBMITTED),
        # within the queue's undo time, before consensus reads the judgment
        "undo": ((SeatState.SUBMITTED,), SeatState.CLAIMED),
        # the panel no longer needs it: settled without it, or its case withdrawn
        "cancel": (
            (SeatState.OPEN, SeatState.CLAIMED, SeatState.HELD, SeatState.ANSWERED),
            SeatState.CANCELLED,
        ),
    },
)

PANEL = Lifecycle(
    "panel",
    PanelState,
    {
        # the judgments agree as far as the template asks, or an adjudicator has spoken
        "settle": ((PanelState.OPEN, PanelState.DISPUTED), PanelState.SETTLED),
        # they do not, so that an adjudicator is asked
        "dispute": ((PanelState.OPEN,), PanelState.DISPUTED),
        # the case was withdrawn
        "cancel": ((PanelState.OPEN, PanelState.DISPUTED), PanelState.CANCELLED),
    },
)

POLICY = Lifecycle(
    "routing policy",
    PolicyState,
    {
        # its author improves it
        "revise": ((PolicyState.DRAFT,), PolicyState.DRAFT),
        # a second person has read it; from here on nothing of it changes
        "approve": ((PolicyState.DRAFT,), PolicyState.APPROVED),
        # it decides from now on; the one before it is retired
        "activate": ((PolicyState.APPROVED,), PolicyState.ACTIVE),
        "retire": ((PolicyState.APPROVED, PolicyState.ACTIVE), PolicyState.RETIRED),
    },
)

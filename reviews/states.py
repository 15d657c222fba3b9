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


class GoldState(StrEnum):
    PROPOSED = "proposed"
    ACTIVE = "active"
    RETIRED = "retired"


class ContestState(StrEnum):
    OPEN = "open"
    FORGIVEN = "forgiven"
    UPHELD = "upheld"


SEAT = Lifecycle(
    "seat",
    SeatState,
    {
        # a reviewer takes the next one
        "claim": ((SeatState.OPEN,), SeatState.CLAIMED),
        # given back, by the reviewer or a manager
        "release": ((SeatState.CLAIMED, SeatState.HELD), SeatState.OPEN),
        # its reviewer would rather not, for a reason that is kept
        "skip": ((SeatState.CLAIMED, SeatState.HELD), SeatState.OPEN),
        # to one named person, who alone may take it for a while
        "hand_over": ((SeatState.CLAIMED, SeatState.HELD), SeatState.OPEN),
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
        # its rules, a manager or a rule of escalation ask one more reviewer
        "add_seat": ((PanelState.OPEN,), PanelState.OPEN),
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


class RuleState(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    DISABLED = "disabled"
    RETIRED = "retired"


class EscalationState(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    DONE = "done"
    CANCELLED = "cancelled"


RULE = Lifecycle(
    "escalation rule",
    RuleState,
    {
        # its author improves it
        "revise": ((RuleState.DRAFT,), RuleState.DRAFT),
        # a second person has read it: it fires from now on, and the version before it retires
        "activate": ((RuleState.DRAFT,), RuleState.ACTIVE),
        # it fires no more, and what it fired climbs no further
        "disable": ((RuleState.ACTIVE,), RuleState.DISABLED),
        "enable": ((RuleState.DISABLED,), RuleState.ACTIVE),
        "retire": ((RuleState.DRAFT, RuleState.ACTIVE, RuleState.DISABLED), RuleState.RETIRED),
    },
)

ESCALATION = Lifecycle(
    "escalation",
    EscalationState,
    {
        # somebody looks after it: the ladder waits, for a while
        "acknowledge": ((EscalationState.OPEN,), EscalationState.ACKNOWLEDGED),
        # nobody has settled it since: it goes one rung up, or calls again from the highest
        "rewake": ((EscalationState.OPEN, EscalationState.ACKNOWLEDGED), EscalationState.OPEN),
        # its panel is settled, or the case decided without it
        "finish": ((EscalationState.OPEN, EscalationState.ACKNOWLEDGED), EscalationState.DONE),
        # called off by a person, or its rule was disabled, or the case withdrawn
        "cancel": ((EscalationState.OPEN, EscalationState.ACKNOWLEDGED), EscalationState.CANCELLED),
    },
)

GOLD = Lifecycle(
    "gold item",
    GoldState,
    {
        # a second person agrees with the answer; from here on it is hidden in live queues
        "approve": ((GoldState.PROPOSED,), GoldState.ACTIVE),
        # a contest has shown that another answer is right
        "correct": ((GoldState.ACTIVE,), GoldState.ACTIVE),
        "retire": ((GoldState.PROPOSED, GoldState.ACTIVE), GoldState.RETIRED),
    },
)

CONTEST = Lifecycle(
    "gold contest",
    ContestState,
    {
        # the reviewer is right, or the item is no good: every result of it is made anew
        "forgive": ((ContestState.OPEN,), ContestState.FORGIVEN),
        "uphold": ((ContestState.OPEN,), ContestState.UPHELD),
    },
)

"""Panels: how one opens, what it does next, and what that costs.

Computation on plain values: no rows, no clock, no settings.

    rules     what a panel goes by, and which settings contradict each other
    seating   which seats it opens with, and what each asks and shows
    moves     after each judgment: settle, dispute, one more seat, or wait
    effects   how many readers a case that takes, and how often it is right
"""

from reviews.panels.effects import Effect, effect_in_words, effect_of
from reviews.panels.moves import (
    AddSeat,
    Advised,
    Confidences,
    Dispute,
    Move,
    Room,
    Settle,
    Vote,
    Wait,
    next_move,
)
from reviews.panels.rules import MOST_SEATS, Method, Mode, PanelRules, Stage, Stop, Veto, contradictions, stages_of
from reviews.panels.seating import Seating, SeatPlan, draw, draw_form, opening_seats, seat_plan

__all__ = [
    "MOST_SEATS",
    "AddSeat",
    "Advised",
    "Confidences",
    "Dispute",
    "Effect",
    "Method",
    "Mode",
    "Move",
    "PanelRules",
    "Room",
    "SeatPlan",
    "Seating",
    "Settle",
    "Stage",
    "Stop",
    "Veto",
    "Vote",
    "Wait",
    "contradictions",
    "draw",
    "draw_form",
    "effect_in_words",
    "effect_of",
    "next_move",
    "opening_seats",
    "seat_plan",
    "stages_of",
]

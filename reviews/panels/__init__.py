"""Panels: how one opens, what it does next, and what that costs.

Computation on plain values: no rows, no clock, no settings.

    rules     what a panel goes by, and which settings contradict each other
    seating   which seats it opens with, and what each asks and shows
    moves     after each judgment: settle, dispute, one more seat, or wait
    effects   how many readers a case that takes, and how often it is right
"""

from reviews.panels.rules import MOST_SEATS, Method, Mode, PanelRules, Stage, Stop, Veto, contradictions, stages_of

__all__ = [
    "MOST_SEATS",
    "Method",
    "Mode",
    "PanelRules",
    "Stage",
    "Stop",
    "Veto",
    "contradictions",
    "stages_of",
]

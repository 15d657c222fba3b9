"""The console's home, in this order: what needs me now, is today going well, what should I change.

The floors above and below name their own needs and figures; they are called by name, as wiring is.
"""

from typing import Any

from django.utils.module_loading import import_string

from hitl_platform.console.cards import Change, Figure, Need
from hitl_platform.tenants.actor import Actor

# each takes the actor
NEEDS = (
    "hitl_platform.pipeline.admin.needs",
    "reviews.admin.needs",
    "reviews.escalation_admin.needs",
    "reviews.quality_admin.needs",
    "models_registry.admin.needs",
    "hitl_platform.ledger.admin.needs",
)
FIGURES = (
    "cases.admin.figures",
    "reviews.admin.figures",
    "hitl_platform.pipeline.admin.figures",
    "hitl_platform.ledger.admin.figures",
)
TODAY = "reviews.proposals.today"
CHANGES = ("reviews.proposals.changes",)
URGENCY = {"danger": 0, "warning": 1, "neutral": 2}


def content(actor: Actor) -> dict[str, Any]:
    """The needs that are there, most urgent first; today in a sentence and in figures; what could be changed."""
    needs: list[Need] = [need for name in NEEDS for need in import_string(name)(actor) if need.count]
    figures: list[Figure] = [figure for name in FIGURES for figure in import_string(name)(actor)]
    changes: list[Change] = [change for name in CHANGES for change in import_string(name)(actor)]
    return {
        "needs": sorted(needs, key=lambda need: URGENCY[need.tone]),
        "today": import_string(TODAY)(actor),
        "figures": figures,
        "changes": changes,
    }

"""Rows as the pure package of panels knows them: a template's rules, its seats in a queue."""

from collections.abc import Mapping
from typing import Any

from reviews.models import Panel, PanelTemplate, Queue
from reviews.panels import Method, Mode, PanelRules, Seating, Stop, stages_of


def rules_of(template: PanelTemplate, *, policy: Mapping[str, Any] | None = None) -> PanelRules:
    """What panels of a template go by, under a routing policy's definition (None: the defaults)."""
    definition = policy or {}
    return PanelRules(
        seats=template.seats,
        seats_max=template.seats_max,
        mode=Mode(template.mode),
        stop=Stop(template.stop),
        confidence_at_least=template.confidence_at_least,
        confirms_model=template.confirms_model,
        stages=stages_of(template.stages),
        method=Method(definition.get("consensus", Method.MAJORITY)),
        dispute_below=definition.get("dispute_below", 0.0),
    )


def rules_in_force(panel: Panel) -> PanelRules:
    """What one panel goes by: its template's rules, or those of a single seat where that was drawn."""
    rules = rules_of(panel.template, policy=panel.policy.definition if panel.policy else None)
    return rules if panel.is_full else rules.alone()


def seating_of(template: PanelTemplate, queue: Queue) -> Seating:
    """What decides the seats of a template's panels in a queue."""
    return Seating(
        template_id=template.pk,
        rules=rules_of(template),
        advice=template.advice,
        control_share=template.control_share,
        panel_share=template.panel_share,
        queue_skills=skills_of(queue),
        needs_one_with=template.needs_one_with,
    )


def skills_of(queue: Queue) -> tuple[str, ...]:
    """What every seat of a queue asks, as "skill:level"."""
    return tuple(f"{each['skill']}:{each.get('level', 1)}" for each in queue.skills)

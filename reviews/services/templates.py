"""Panel templates: a change is a new version, and panels keep the version they were built from."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction

from hitl_platform.kernel.errors import Conflict, Invalid, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from reviews import permissions, queries
from reviews.models import Advice, Mode, PanelTemplate, Stop
from reviews.panel_settings import rules_of
from reviews.panels import MOST_SEATS, Veto, contradictions
from reviews.panels.rules import MOST_STAGES

_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")
_SKILL = re.compile(r"[A-Za-z0-9_-]{1,60}(:[1-5])?")
_SETTINGS = (
    "seats", "seats_max", "mode", "stop", "confidence_at_least", "confirms_model", "panel_share", "advice",
    "control_share", "stages", "distinct_teams", "most_of_one_group", "needs_one_with", "adjudicator_sees_names",
    "shows_similar",
)  # fmt: skip


@command
def create_template(
    *,
    actor: Actor,
    key: str,
    name: str,
    seats: int,
    seats_max: int | None = None,
    mode: str = Mode.MAJORITY,
    stop: str = Stop.FIXED,
    confidence_at_least: float | None = None,
    confirms_model: bool = False,
    panel_share: float = 1.0,
    advice: str = Advice.AFTER_ANSWER,
    control_share: float = 0.0,
    stages: Sequence[Mapping[str, Any]] = (),
    distinct_teams: bool = False,
    most_of_one_group: int | None = None,
    needs_one_with: str = "",
    adjudicator_sees_names: bool = False,
    shows_similar: bool = False,
) -> PanelTemplate:
    """The first version of a panel template, or the next one of a key that there is already.

    Without `seats_max` a panel stays as it opens. Raises Invalid, naming each field to change, for a setting out of
    range and for settings that contradict each other (`panels.contradictions`).
    """
    require(permissions.can_define_reviews(actor))
    template = PanelTemplate(
        tenant_id=actor.tenant_id, key=key, name=name, seats=seats, mode=mode, stop=stop, advice=advice,
        seats_max=seats if seats_max is None else seats_max, confidence_at_least=confidence_at_least,
        confirms_model=confirms_model, panel_share=panel_share, control_share=control_share,
        stages=[dict(stage) for stage in stages], distinct_teams=distinct_teams,
        most_of_one_group=most_of_one_group, needs_one_with=needs_one_with,
        adjudicator_sees_names=adjudicator_sees_names, shows_similar=shows_similar,
    )  # fmt: skip
    return _add(actor, template)


def _add(actor: Actor, template: PanelTemplate) -> PanelTemplate:
    problems = _out_of_range(template) or contradictions(
        rules_of(template),
        advice=template.advice,
        control_share=template.control_share,
        panel_share=template.panel_share,
    )
    if problems:
        raise Invalid("The panel template is not valid.", fields=problems)
    before = queries.newest_templates().get(template.key)
    template.version = before.version + 1 if before else 1
    try:
        with transaction.atomic():
            template.save(force_insert=True)
    except IntegrityError:
        raise Conflict("Somebody else has just changed this template.", code="template_changed") from None
    record("panel_template.created", template, actor=actor, body=_told(template))
    return template


def _told(template: PanelTemplate) -> dict[str, Any]:
    """The settings for the ledger, which holds fractions as decimal strings."""
    settings = {name: getattr(template, name) for name in _SETTINGS}
    told = {name: str(value) if isinstance(value, float | str) else value for name, value in settings.items()}
    return {"key": template.key, "version": template.version, **told}


def _out_of_range(template: PanelTemplate) -> dict[str, list[str]]:
    least, most = template.confidence_at_least, template.most_of_one_group
    stages = _stage_problem(template.stages)
    seats = f"From 1 to {MOST_SEATS} seats."
    checks: list[tuple[str, bool, str]] = [
        ("key", bool(_KEY.fullmatch(template.key)), "At most 60 letters, digits, hyphens and underscores."),
        ("name", bool(template.name.strip()) and len(template.name) <= 200, "At most 200 characters, not blank."),
        ("seats", 1 <= template.seats <= MOST_SEATS, seats),
        ("seats_max", 1 <= template.seats_max <= MOST_SEATS or template.seats_max == template.seats, seats),
        ("mode", template.mode in list(Mode), f"One of {', '.join(Mode)}."),
        ("stop", template.stop in list(Stop), f"One of {', '.join(Stop)}."),
        ("advice", template.advice in Advice.values, f"One of {', '.join(Advice.values)}."),
        ("confidence_at_least", least is None or 0.5 <= least <= 1, "From 0.5 to 1."),
        ("panel_share", 0 < template.panel_share <= 1, "Above 0, at most 1."),
        ("control_share", 0 <= template.control_share < 1, "From 0 on, below 1: without advice nothing is compared."),
        ("most_of_one_group", most is None or 1 <= most <= MOST_SEATS, f"From 1 to {MOST_SEATS}."),
        ("needs_one_with", not template.needs_one_with or bool(_SKILL.fullmatch(template.needs_one_with)),
         "A skill, or skill:level."),
        ("stages", not stages, stages),
    ]  # fmt: skip
    return {field: [told] for field, holds, told in checks if not holds}


def _stage_problem(stages: Sequence[Mapping[str, Any]]) -> str:
    if len(stages) > MOST_STAGES:
        return f"At most {MOST_STAGES} stages."
    for number, stage in enumerate(stages, 1):
        skill, veto = stage.get("skill", ""), stage.get("veto", "")
        if stage.keys() - {"name", "skill", "veto"}:
            return f"Stage {number}: name, skill and veto, nothing else."
        if not isinstance(stage.get("name"), str) or not _KEY.fullmatch(stage["name"]):
            return f"Stage {number}: a name of letters, digits, hyphens and underscores."
        if not isinstance(skill, str) or (skill and not _SKILL.fullmatch(skill)):
            return f"Stage {number}: a skill, skill:level, or nothing."
        if veto not in list(Veto):
            return f"Stage {number}: its veto is “dispute”, “settle”, or nothing."
    return ""

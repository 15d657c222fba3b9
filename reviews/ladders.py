"""What an escalation rule says, checked as a whole before it is stored: condition, ladder, fallback. Pure.

    {"when": CEL or "", "threshold": number, "calendar": key or "", "rewake": "1d",
     "ladder": [{"after": "2h", "action": "notify", "roles": ["manager"], "people": [user id]}, …]}

`after` counts working time since the rung below (the firing, for the first). The actions are raise_priority (by),
add_seat, move (queue), adjudicate, notify (roles, people) and decide (label): the last declares what is decided when
nobody answers, and stands last.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reviews.sla import span_problem

MOST_RUNGS = 12
MOST_PEOPLE = 20
MOST_RAISED = 1_000
REWAKE = "1d"
NOTIFIED = ("reviewer", "adjudicator", "manager", "compliance_officer", "owner")
# what a trigger needs a number for, and which: a share, a count, an amount
THRESHOLDS: Mapping[str, tuple[float, float]] = {
    "low_confidence": (0.0, 1.0),
    "importance_above": (0.0, 1_000_000.0),
    "releases": (1.0, 100.0),
}
_KEYS = {"when", "threshold", "calendar", "rewake", "ladder"}
_PARAMETERS: Mapping[str, set[str]] = {
    "raise_priority": {"by"},
    "add_seat": set(),
    "move": {"queue"},
    "adjudicate": set(),
    "notify": {"roles", "people"},
    "decide": {"label"},
}
# with no rule for it, a reviewer's cry for help still reaches somebody
HOUSE_LADDER: Sequence[Mapping[str, Any]] = (
    {"after": "0min", "action": "notify", "roles": ["manager"]},
    {"after": "4h", "action": "notify", "roles": ["manager", "owner"]},
)

Fields = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a rule may name: the case type's labels and which are favourable, queues, calendars, members."""

    labels: Sequence[str]
    favourable: Collection[str]
    queues: Collection[str]
    calendars: Collection[str]
    people: Collection[str]
    condition_problems: Callable[[Any], list[str]]


def rule_problems(trigger: str, definition: Any, *, around: Surroundings) -> Fields:
    """Everything wrong with a rule's definition, by place; empty where it can be stored."""
    if not isinstance(definition, Mapping):
        return {"definition": ["An escalation rule is an object."]}
    fields: Fields = {f"definition.{key}": ["There is no such setting."] for key in definition.keys() - _KEYS}
    if definition.get("when") and (problems := around.condition_problems(definition["when"])):
        fields["definition.when"] = problems
    if definition.get("calendar") and definition["calendar"] not in around.calendars:
        fields["definition.calendar"] = ["There is no such calendar."]
    if told := span_problem(definition.get("rewake", REWAKE)):
        fields["definition.rewake"] = [told]
    fields |= _threshold_problems(trigger, definition.get("threshold"))
    ladder = definition.get("ladder")
    if not isinstance(ladder, list) or not 1 <= len(ladder) <= MOST_RUNGS:
        return fields | {"definition.ladder": [f"A list of 1 to {MOST_RUNGS} rungs."]}
    for number, rung in enumerate(ladder):
        fields |= _rung_problems(f"definition.ladder[{number}]", rung, around)
    if any(isinstance(rung, Mapping) and rung.get("action") == "decide" for rung in ladder[:-1]):
        fields["definition.ladder"] = ["A decision ends the ladder: it is the last rung."]
    return fields


def fallback_problem(label: Any, *, labels: Collection[str], favourable: Collection[str]) -> str:
    """Why a timeout may not decide this label, or nothing: it never approves."""
    if label not in labels:
        return "There is no such label."
    if not favourable:
        return "Mark in the case type which labels are favourable: a timeout never decides one of those."
    return "A timeout never approves: this label is favourable to the case's subject." if label in favourable else ""


def _threshold_problems(trigger: str, threshold: Any) -> Fields:
    place = "definition.threshold"
    if trigger not in THRESHOLDS:
        return {place: ["This trigger has no threshold."]} if threshold is not None else {}
    least, most = THRESHOLDS[trigger]
    is_number = isinstance(threshold, int | float) and not isinstance(threshold, bool)
    if not is_number or not least <= threshold <= most:
        return {place: [f"A number from {least:g} to {most:g}."]}
    if trigger == "releases" and threshold != int(threshold):
        return {place: ["A whole number."]}
    return {}


def _rung_problems(place: str, rung: Any, around: Surroundings) -> Fields:
    if not isinstance(rung, Mapping):
        return {place: ["A rung is an object."]}
    action = str(rung.get("action"))
    if action not in _PARAMETERS:
        return {f"{place}.action": [f"One of {', '.join(_PARAMETERS)}."]}
    fields: Fields = {
        f"{place}.{key}": ["There is no such setting."]
        for key in rung.keys() - {"after", "action"} - _PARAMETERS[action]
    }
    if told := span_problem(rung.get("after", "0min"), zero=True):
        fields[f"{place}.after"] = [told]
    told = _parameter_problem(action, rung, around)
    if told:
        fields[f"{place}.{next(iter(sorted(_PARAMETERS[action], reverse=True)))}"] = [told]
    return fields


def _parameter_problem(action: str, rung: Mapping[str, Any], around: Surroundings) -> str:
    if action == "raise_priority":
        by = rung.get("by")
        is_count = isinstance(by, int) and not isinstance(by, bool) and 1 <= by <= MOST_RAISED
        return "" if is_count else f"A whole number from 1 to {MOST_RAISED}."
    if action == "move":
        return "" if rung.get("queue") in around.queues else "There is no such queue."
    if action == "decide":
        return fallback_problem(rung.get("label"), labels=around.labels, favourable=around.favourable)
    if action == "notify":
        return _people_problem(rung.get("roles", []), rung.get("people", []), around)
    return ""


def _people_problem(roles: Any, people: Any, around: Surroundings) -> str:
    if not isinstance(roles, list) or not isinstance(people, list) or not roles + people:
        return "Name roles or people to be told."
    if any(role not in NOTIFIED for role in roles):
        return f"Of the roles {', '.join(NOTIFIED)}."
    if len(people) > MOST_PEOPLE or any(person not in around.people for person in people):
        return f"At most {MOST_PEOPLE} people, each an active member, by their ids."
    return ""

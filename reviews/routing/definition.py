"""The check of a policy's definition, done when it is saved: every place that is wrong, in words."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cel

from reviews.routing.checker import check
from reviews.routing.conditions import CEL_ERRORS
from reviews.routing.syntax import RuleSyntaxError, parse
from reviews.routing.types import Field, environment

MAX_RULES = 50
METHODS = ("majority", "dawid_skene")
ACTIONS = ("auto", "review")
_POLICY_KEYS = {"rules", "thresholds", "otherwise", "consensus", "dispute_below"}
_RULE_KEYS = {"name", "when", "action", "label", "queue", "template"}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at `place`, as in `rules[2].when`."""

    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a policy may name: the case type's schema and labels, the queues and panel templates there are."""

    payload_schema: Mapping[str, Any]
    labels: Sequence[str]
    queues: Collection[str]
    templates: Collection[str]


def check_definition(definition: Any, *, around: Surroundings) -> list[Problem]:
    """Everything wrong with a policy's definition; an empty list means that it can be saved."""
    if not isinstance(definition, Mapping):
        return [Problem("definition", "a policy is an object")]
    problems = [Problem(str(key), "there is no such setting") for key in definition.keys() - _POLICY_KEYS]
    problems += _check_rules(definition.get("rules", []), around)
    problems += _check_thresholds(definition.get("thresholds", {}), around.labels)
    otherwise = definition.get("otherwise")
    if isinstance(otherwise, Mapping):
        problems += _check_destination("otherwise", otherwise, around, required=True)
    else:
        problems.append(Problem("otherwise", "name the queue and the template that take the rest"))
    if definition.get("consensus", "majority") not in METHODS:
        problems.append(Problem("consensus", f"one of {', '.join(METHODS)}"))
    if not _is_share(definition.get("dispute_below", 0.0)):
        problems.append(Problem("dispute_below", "a share between 0 and 1"))
    return problems


def _check_rules(rules: Any, around: Surroundings) -> list[Problem]:
    if not isinstance(rules, list) or len(rules) > MAX_RULES:
        return [Problem("rules", f"a list of at most {MAX_RULES} rules")]
    names = environment(around.payload_schema, around.labels)
    problems: list[Problem] = []
    seen = set[str]()
    for number, rule in enumerate(rules):
        place = f"rules[{number}]"
        if not isinstance(rule, Mapping):
            problems.append(Problem(place, "a rule is an object"))
            continue
        problems += [Problem(f"{place}.{key}", "there is no such setting") for key in rule.keys() - _RULE_KEYS]
        problems += _check_name(place, rule.get("name"), seen)
        problems += [Problem(f"{place}.when", message) for message in check_rule(rule.get("when"), names=names)]
        problems += _check_action(place, rule, around)
    return problems


def check_rule(source: Any, *, names: Mapping[str, Field]) -> list[str]:
    """What is wrong with one rule's text over `names` (see `types.environment`), each with its place."""
    if not isinstance(source, str) or not source.strip():
        return ["a rule needs a condition"]
    try:
        tree = parse(source)
    except RuleSyntaxError as error:
        return [f"{error} (character {error.start + 1})"]
    found = [f"{finding.message} (“{source[finding.start : finding.end]}”)" for finding in check(tree, names)]
    if found:
        return found
    try:
        cel.compile(source)
    except CEL_ERRORS as error:
        return [str(error).splitlines()[0][:200]]
    return []


def _check_name(place: str, name: Any, seen: set[str]) -> list[Problem]:
    if not isinstance(name, str) or not name.strip() or len(name) > 80:
        return [Problem(f"{place}.name", "a rule has a name of at most 80 characters")]
    if name in seen:
        return [Problem(f"{place}.name", "another rule has this name")]
    seen.add(name)
    return []


def _check_action(place: str, rule: Mapping[str, Any], around: Surroundings) -> list[Problem]:
    action, label = rule.get("action"), rule.get("label")
    if action not in ACTIONS:
        return [Problem(f"{place}.action", f"one of {', '.join(ACTIONS)}")]
    problems = []
    if label is not None and (action == "review" or label not in around.labels):
        told = "a rule that sends to people decides no label" if action == "review" else "there is no such label"
        problems.append(Problem(f"{place}.label", told))
    if action == "auto" and ("queue" in rule or "template" in rule):
        problems.append(Problem(f"{place}.queue", "a rule that decides sends nothing to a queue"))
    return problems + _check_destination(place, rule, around, required=False)


def _check_destination(place: str, chosen: Mapping[str, Any], around: Surroundings, *, required: bool) -> list[Problem]:
    problems = []
    for kind, there in (("queue", around.queues), ("template", around.templates)):
        named = chosen.get(kind)
        if (named is not None or required) and (not isinstance(named, str) or named not in there):
            told = f"there is no {kind} {named}" if named else f"name a {kind}"
            problems.append(Problem(f"{place}.{kind}", told))
    return problems


def _check_thresholds(thresholds: Any, labels: Sequence[str]) -> list[Problem]:
    if not isinstance(thresholds, Mapping):
        return [Problem("thresholds", "an object of label and least probability")]
    problems = [Problem(f"thresholds.{key}", "there is no such label") for key in thresholds if key not in labels]
    problems += [
        Problem(f"thresholds.{key}", "a probability above 0, at most 1")
        for key, least in thresholds.items()
        if not _is_share(least) or not least
    ]
    return problems


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1

"""Rule sets: what a law, a standard or a practice asks of an audit, as dated data in `rule_sets/*.toml`.

A new rule set is a file. It names its jurisdiction and when it is in force, the attributes (with the names that a case
type may give them), what is computed, the limits, what may be left out and on which condition, what must be recorded,
and what no audit can show. Applying one says what the numbers are and which facts are missing; whether anybody complies
with a law is not for an audit to say.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from audits.fairness.cube import Cube
from audits.fairness.plan import Plan, Population
from audits.fairness.rule_tables import RuleTable, Share, impact_table

Plain = dict[str, Any]
FOLDER: Final = Path(__file__).with_name("rule_sets")
DISCLAIMER: Final = (
    "These are numbers and facts that the rule asks for. Whether anybody complies with it is not said here."
)


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing that a rule asks to be recorded, computed or told. `facts`: what the platform shows for it."""

    article: str
    text: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One file. `attributes`: the rule's own name of an attribute, and the names that a case type may give it."""

    id: str
    name: str
    jurisdiction: str
    citation: str
    in_force_from: date | None
    in_force_to: date | None
    status: str
    text: str
    attributes: Mapping[str, tuple[str, ...]]
    tables: tuple[RuleTable, ...]
    duties: tuple[Duty, ...]
    facts: Mapping[str, str]
    cannot_show: tuple[str, ...]
    refuses_imputed: bool = False

    def in_force(self, on: date) -> bool:
        """Whether it binds on this day; a standard without dates always counts."""
        begun = self.in_force_from is None or self.in_force_from <= on
        return begun and (self.in_force_to is None or on <= self.in_force_to)


def parsed(found: Mapping[str, Any], *, name: str) -> RuleSet:
    """A rule set out of a file's content. Raises ValueError that names the file and what it lacks."""
    try:
        return RuleSet(
            id=name,
            name=found["name"],
            jurisdiction=found["jurisdiction"],
            citation=found["citation"],
            in_force_from=found.get("in_force_from"),
            in_force_to=found.get("in_force_to"),
            status=found["status"],
            text=found["text"],
            attributes={each: tuple(names) for each, names in found.get("attributes", {}).items()},
            tables=tuple(rule_table(each) for each in found.get("tables", [])),
            duties=tuple(
                Duty(each["article"], each["text"], tuple(each.get("facts", []))) for each in found.get("duties", [])
            ),
            facts=dict(found.get("facts", {})),
            cannot_show=tuple(found["cannot_show"]),
            refuses_imputed=bool(found.get("refuses_imputed", False)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"rule set {name}: {error!r}") from error


def rule_table(found: Mapping[str, Any]) -> RuleTable:
    """One table that a rule asks for."""
    return RuleTable(
        title=found["title"],
        attributes=tuple(found["attributes"]),
        rate=found["rate"],
        limit=None if found.get("limit") is None else (int(found["limit"][0]), int(found["limit"][1])),
        small=None if found.get("small") is None else Share(*map(int, found["small"])),
        is_tested=bool(found.get("tested", False)),
    )


@cache
def rule_sets() -> tuple[RuleSet, ...]:
    """All of them, in the order of their ids."""
    files = sorted(FOLDER.glob("*.toml"))
    return tuple(parsed(tomllib.loads(file.read_text(encoding="utf-8")), name=file.stem) for file in files)


def rule_set(name: str) -> RuleSet:
    """The rule set of this id. Raises ValueError where there is none."""
    for each in rule_sets():
        if each.id == name:
            return each
    raise ValueError(f"there is no rule set {name!r}; there are {', '.join(one.id for one in rule_sets())}")


def apply_rules(population: Population, *, plan: Plan) -> list[Plain]:
    """Every rule set of the plan on the population.

    plan.context: facts by name ("date_of_audit", …); under "exclusions" a justification for each small category that is
    left out, by rule set; under "provenance" how each attribute became known (a rule may refuse "imputed").
    Raises ValueError for a rule set that there is not.
    """
    return [applied(rule_set(name), population=population, plan=plan) for name in plan.rule_sets]


def applied(rules: RuleSet, *, population: Population, plan: Plan) -> Plain:
    """One rule set: its tables, its flags, what is missing, what it cannot show."""
    context = plan.context
    tables: list[Plain] = []
    for table in rules.tables:
        tables += [
            told_table(rules, table=table, cube=population.cube, decider=decider, plan=plan)
            for decider in deciders_of(table, cube=population.cube, plan=plan)
        ]
    asked = {fact for duty in rules.duties for fact in duty.facts} | set(rules.facts)
    return {
        "id": rules.id,
        "name": rules.name,
        "jurisdiction": rules.jurisdiction,
        "citation": rules.citation,
        "status": rules.status,
        "in_force_from": None if rules.in_force_from is None else rules.in_force_from.isoformat(),
        "in_force_to": None if rules.in_force_to is None else rules.in_force_to.isoformat(),
        "text": rules.text,
        "tables": tables,
        "flags": [flag for table in tables for flag in table.get("flags", [])],
        "duties": [
            {
                "article": duty.article,
                "text": duty.text,
                "facts": {fact: context.get(fact) for fact in duty.facts},
                "missing": [fact for fact in duty.facts if context.get(fact) is None],
            }
            for duty in rules.duties
        ],
        "facts": {name: {"title": title, "value": context.get(name)} for name, title in rules.facts.items()},
        "missing_facts": sorted(fact for fact in asked if context.get(fact) is None),
        "cannot_show": list(rules.cannot_show),
        "disclaimer": DISCLAIMER,
    }


def deciders_of(table: RuleTable, *, cube: Cube, plan: Plan) -> tuple[str, ...]:
    """Whose answers a table is of: the scoring rate has its own column, the share above the sample's median."""
    if table.rate == "scoring":
        name = plan.context.get("scoring_answer")
        return (name,) if name in cube.names("answer") else ()
    return plan.deciders_of(cube)


def told_table(rules: RuleSet, *, table: RuleTable, cube: Cube, decider: str, plan: Plan) -> Plain:
    """One table on one decider, or why it cannot be made."""
    names = {}
    provenance = plan.context.get("provenance", {})
    for asked in table.attributes:
        there = [name for name in rules.attributes.get(asked, (asked,)) if name in cube.names("attribute")]
        if not there:
            return refused(table, decider=decider, reason=f"The population has no attribute {asked}.")
        names[asked] = there[0]
        if provenance.get(there[0]) == "imputed" and rules.refuses_imputed:
            return refused(table, decider=decider, reason=f"{there[0]} was imputed, which this rule does not allow.")
    excluded = plan.context.get("exclusions", {}).get(rules.id, {})
    return impact_table(
        cube, table=table, attributes=tuple(names.values()), decider=decider, plan=plan, justifications=excluded
    )


def refused(table: RuleTable, *, decider: str, reason: str) -> Plain:
    """A table that cannot be made says why, and has no rows."""
    return {"title": table.title, "decider": decider, "refused": reason, "rows": [], "excluded": [], "flags": []}

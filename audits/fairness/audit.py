"""An audit: counts and a plan in, one document out. The same input gives the same bytes."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson

from audits.fairness import chapters
from audits.fairness.comparison import compare
from audits.fairness.cube import Cube
from audits.fairness.findings import Candidate, adjusted_family, findings, limit_flags, rate_candidates
from audits.fairness.plan import Plan, Population
from audits.fairness.rendering import audit_document, count_columns, plain, rate_columns
from audits.fairness.rules import apply_rules
from audits.fairness.suppression import suppressed_cells

Plain = dict[str, Any]
Progress = Callable[[int, int, str], None]
FORMAT = 1
POOLED = (
    "Counts are pooled over the whole population, never averaged over days, reviewers or queues. "
    "null is not defined: a rate of nothing is no rate, and enters no maximum and no difference."
)


@dataclass
class Run:
    """An audit under way: what was tested so far, what was flagged, and how far it is."""

    population: Population
    plan: Plan
    told: Progress | None
    steps: int
    done: int = 0
    candidates: list[Candidate] = field(default_factory=list)
    flags: list[Plain] = field(default_factory=list)

    def tell(self, what: str) -> None:
        """One step is done. Whoever listens may raise to end the audit."""
        self.done += 1
        if self.told is not None:
            self.told(self.done, self.steps, what)


def audit(population: Population, *, plan: Plan, progress: Progress | None = None) -> Plain:
    """The whole document. progress(done, of, what) is called between the parts; what it raises ends the audit.

    Raises ValueError, naming what is wrong, for a plan that does not fit the population.
    """
    plan.check(population)
    cube = population.cube
    deciders = plan.deciders_of(cube)
    run = Run(population, plan, progress, steps=len(deciders) + len(chapters.CHAPTERS) + 2)
    document: Plain = {"format": FORMAT, "n": cube.n, "plan": plan_document(plan, cube=cube), "note": POOLED}
    document["deciders"] = {name: decider_document(run, decider=name) for name in deciders}
    document["same_cases"] = same_cases(run)
    run.tell("same cases")
    for name, chapter in chapters.CHAPTERS.items():
        document[name] = chapter(population, plan=plan, candidates=run.candidates)
        run.tell(name)
    family = adjusted_family(run.candidates)
    document["findings"] = findings(family, plan=plan)
    document["flags"] = run.flags
    document["tests"] = {"number": len(family), "false_discovery_rate": plain(plan.false_discovery_rate)}
    chapters.name_stages(document["stages"], family=family, plan=plan)
    document["rules"] = apply_rules(population, plan=plan)
    run.tell("rules")
    return document


def plan_document(plan: Plan, *, cube: Cube) -> Plain:
    """The plan as it was read, with what it leaves open filled in."""
    return {
        "favourable": plan.favourable,
        "attribute_sets": [list(names) for names in plan.sets_of(cube)],
        "deciders": list(plan.deciders_of(cube)),
        "events": list(plan.events),
        "reference": plan.reference if isinstance(plan.reference, str) else dict(plan.reference),
        "limit": list(plan.limit),
        "minimum_cell": plan.minimum_cell,
        "confidence": plain(plan.confidence),
        "false_discovery_rate": plain(plan.false_discovery_rate),
        "replicates": plan.replicates,
        "seed": plan.seed,
        "same_cases": list(plan.same_cases),
        "stages": [{"name": each.name, "answer": each.answer, "kind": each.kind} for each in plan.stages],
        "factors": list(plan.factors),
        "score_factor": plan.score_factor,
        "rule_sets": list(plan.rule_sets),
        "labels": {axis.name: list(axis.labels) for axis in cube.axes if axis.kind != "answer"},
    }


def decider_document(run: Run, *, decider: str) -> Plain:
    """Everything of one decider, on all cases that it answered."""
    cube = run.population.cube.where(run.population.cube.answered([decider]))
    document = sided(cube, run=run, decider=decider, is_tested=True)
    run.tell(decider)
    return document


def sided(cube: Cube, *, run: Run, decider: str, is_tested: bool) -> Plain:
    """One decider on one cube: overall, and every attribute set."""
    plan = run.plan
    sets = plan.sets_of(cube)
    hidden = suppressed_cells(cube, sets=sets, minimum=plan.minimum_cell)
    audits: dict[str, Plain] = {}
    for names in sets:
        found = compare(cube, attributes=names, decider=decider, plan=plan, hidden=hidden[names])
        audits[found.groups.name] = audit_document(found, favourable=plan.favourable)
        if cube.weights is not None:
            audits[found.groups.name]["weighted"] = chapters.weighted(cube, found=found, decider=decider, plan=plan)
        if is_tested:
            run.candidates += rate_candidates(found, decider=decider, plan=plan)
            run.flags += limit_flags(found, decider=decider, plan=plan)
    return {"n": cube.n, "overall": overall(cube, decider=decider, plan=plan), "audits": audits}


def overall(cube: Cube, *, decider: str, plan: Plan) -> Plain:
    """All groups together."""
    everybody = ((), np.zeros(1, dtype=bool))
    found = compare(cube, attributes=everybody[0], decider=decider, plan=plan, hidden=everybody[1])
    columns = count_columns(found.counts) | rate_columns(found)
    return {name: column[0] for name, column in columns.items()} if cube.n else {"n": 0}


def same_cases(run: Run) -> Plain | None:
    """The deciders side by side on the cases that all of them answered."""
    cube, names = run.population.cube, run.plan.same_cases
    if not names:
        return None
    shared = cube.where(cube.answered(names))
    sides = {name: sided(shared, run=run, decider=name, is_tested=False) for name in names}
    return {"deciders": list(names), "n": shared.n, "sides": sides}


def document_bytes(document: Mapping[str, Any]) -> bytes:
    """The document as JSON: keys in order, no space, one sequence of bytes for one document."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def document_digest(document: Mapping[str, Any]) -> str:
    """SHA-256 over the bytes, in hexadecimal."""
    return hashlib.sha256(document_bytes(document)).hexdigest()

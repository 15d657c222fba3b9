"""The chapters of an audit beside the deciders: events, scores, durations, stages, equal factors, reviewers.

Each takes the population and the plan, adds its tests to the family, and answers its part of the document; None where
the population holds nothing of the kind.
"""

from typing import Any

import numpy as np

from audits.fairness.comparison import Comparison, compare
from audits.fairness.conditional import Stratified, stratified, stratum_table
from audits.fairness.cube import TRUTH, Cube, Mask
from audits.fairness.distributions import measure_documents, score_documents
from audits.fairness.findings import Candidate, compared_with, severity, tested_places
from audits.fairness.logistic import fit_groups
from audits.fairness.metrics import set_name
from audits.fairness.plan import Plan, Population
from audits.fairness.propensity import corrected_rates
from audits.fairness.rendering import pairs_of, plain, plains
from audits.fairness.reviewers import Spreading, gaps
from audits.fairness.stages import StageFound, gap_after, is_adverse, trace
from audits.fairness.suppression import suppressed_cells

Plain = dict[str, Any]


def hidden_of(cube: Cube, *, plan: Plan) -> dict[tuple[str, ...], Mask]:
    """What may not be shown of a cube."""
    return suppressed_cells(cube, sets=plan.sets_of(cube), minimum=plan.minimum_cell)


def events(population: Population, *, plan: Plan, candidates: list[Candidate]) -> Plain | None:
    """The chance of an event by group: to be sent to a human, to be overturned."""
    found: Plain = {}
    for name in plan.events:
        cube = population.cube.where(population.cube.answered([name]))
        hidden = hidden_of(cube, plan=plan)
        found[name] = {
            set_name(names): event_document(
                compare(cube, attributes=names, decider=name, plan=plan, hidden=hidden[names])
            )
            for names in plan.sets_of(cube)
        }
    return found or None


def event_document(found: Comparison) -> Plain:
    """How often an event befell each group, and how that differs. Neither direction is the good one."""
    k, n = found.pairs["selection_rate"]
    columns = zip(
        found.groups.labels, found.hidden, k.tolist(), n.tolist(), plains(found.rates["selection_rate"]),
        pairs_of(found.bounds["selection_rate"]), strict=True,
    )  # fmt: skip
    chi = found.chi
    return {
        "groups": {
            label: {"suppressed": True} if hidden else {"n": of, "count": count, "rate": share, "interval": interval}
            for label, hidden, count, of, share, interval in columns
        },
        "difference": plain(found.spreads["selection_rate"].difference),
        "ratio": plain(found.spreads["selection_rate"].ratio),
        "chi2": None if chi is None else [plain(chi.statistic), chi.degrees, plain(chi.p)],
    }


def scores(population: Population, *, plan: Plan, candidates: list[Candidate]) -> Plain | None:
    """Distribution of scores and calibration within groups."""
    if population.scores is None:
        return None
    hidden = hidden_of(population.scores.cube, plan=plan)
    return {
        set_name(names): score_documents(population.scores, attributes=names, plan=plan, hidden=hidden[names])
        for names in plan.sets_of(population.cube)
    }


def measures(population: Population, *, plan: Plan, candidates: list[Candidate]) -> Plain | None:
    """Durations and whatever else was measured, by group."""
    found: Plain = {}
    for name, measure in population.measures.items():
        hidden = hidden_of(measure.cube, plan=plan)
        found[name] = {
            set_name(names): measure_documents(measure, attributes=names, hidden=hidden[names])
            for names in plan.sets_of(population.cube)
        }
    return found or None


def stages(population: Population, *, plan: Plan, candidates: list[Candidate]) -> Plain | None:
    """What every stage adds, by attribute set and group. `name_stages` says afterwards which of it holds."""
    if not plan.stages:
        return None
    cube, document = population.cube, {}
    hidden = hidden_of(cube, plan=plan)
    first = plan.deciders_of(cube)[0]
    for names in plan.sets_of(cube):
        sized = compare(cube, attributes=names, decider=first, plan=plan, hidden=hidden[names])
        found = trace(cube, groups=sized.groups, compared=sized.compared, plan=plan)
        places = tested_places(sized, plan=plan) if len(plan.stages) else []
        for each in found:
            candidates += [stage_candidate(each, place=place, sized=sized, plan=plan) for place in places]
        document[set_name(names)] = {
            sized.groups.labels[place]: {
                "stages": [stage_document(each, place=place, compared=sized.compared) for each in found],
                "enters": None,
                "also_at": [],
            }
            for place in places
        }
    return document


def stage_document(found: StageFound, *, place: int, compared: Mask) -> Plain:
    """What one stage adds for one group."""
    added = found.added
    return {
        "stage": found.stage.name,
        "kind": found.stage.kind,
        "n": int(added.n[place]),
        "effect": plain(float(added.difference[place])),
        "interval": pairs_of((added.low[place : place + 1], added.high[place : place + 1]))[0],
        "p": plain(float(added.p[place])),
        "p_adjusted": None,
        "gap_after": plain(gap_after(found, place=place, compared=compared)),
    }


def stage_candidate(found: StageFound, *, place: int, sized: Comparison, plan: Plan) -> Candidate:
    """The test of what a stage adds."""
    label, value = sized.groups.labels[place], float(found.added.difference[place])
    doing = "sends to people" if found.stage.kind == "routing" else "decides in favour of"
    reference = compared_with(sized, plan=plan)
    return Candidate(
        kind="stage",
        decider=found.stage.name,
        attributes=sized.groups.attributes,
        group=label,
        reference=reference,
        value=value,
        low=float(found.added.low[place]),
        high=float(found.added.high[place]),
        p=float(found.added.p[place]),
        adverse=is_adverse(found.stage, value),
        severity=severity(value, is_below=False),
        text=(
            f"{found.stage.name} {doing} {label} {abs(value) * 100:.1f} points {'less' if value < 0 else 'more'} often "
            f"than {reference}, among cases that were alike before."
        ),
    )


def name_stages(document: Plain | None, *, family: list[Candidate], plan: Plan) -> None:
    """Write into the chapter of stages which effects hold, and name the first stage where a disparity enters."""
    tests = {(set_name(each.attributes), each.group, each.decider): each for each in family if each.kind == "stage"}
    for name, groups in (document or {}).items():
        for label, told in groups.items():
            held = []
            for stage in told["stages"]:
                test = tests[(name, label, stage["stage"])]
                stage["p_adjusted"] = plain(test.p_adjusted)
                if test.adverse and test.p_adjusted <= plan.false_discovery_rate:
                    held.append(stage["stage"])
            told["enters"], told["also_at"] = (held[0], held[1:]) if held else (None, [])


def conditional(population: Population, *, plan: Plan, candidates: list[Candidate]) -> Plain | None:
    """Groups compared at equal declared factors, decider by decider."""
    cube = population.cube
    if not plan.factors:
        return None
    hidden = hidden_of(cube, plan=plan)
    deciders: Plain = {}
    for decider in plan.deciders_of(cube):
        deciders[decider] = {}
        for names in plan.sets_of(cube):
            found = compare(cube, attributes=names, decider=decider, plan=plan, hidden=hidden[names])
            table = stratum_table(
                cube, groups=found.groups, strata=plan.factors, decider=decider, success=plan.favourable
            )
            effects = stratified(table, compared=found.compared, plan=plan, groups=found.groups)
            deciders[decider][set_name(names)] = {
                "mantel_haenszel": stratified_document(effects, found=found),
                "logistic": logistic_document(cube, found=found, decider=decider, plan=plan),
            }
    return {"factors": list(plan.factors), "deciders": deciders}


def stratified_document(effects: Stratified, *, found: Comparison) -> Plain:
    """Differences and odds ratios of the groups that are compared."""
    columns = zip(
        found.groups.labels, found.compared, plains(effects.difference), pairs_of((effects.low, effects.high)),
        plains(effects.odds_ratio), pairs_of((effects.odds_low, effects.odds_high)), plains(effects.p), strict=True,
    )  # fmt: skip
    return {
        label: {"difference": d, "interval": i, "odds_ratio": o, "odds_ratio_interval": j, "p": p}
        for label, compared, d, i, o, j, p in columns
        if compared
    }


def logistic_document(cube: Cube, *, found: Comparison, decider: str, plan: Plan) -> Plain | None:
    """Odds ratios against the reference group from a regression on groups and factors."""
    if found.to.largest is None:
        return None
    # against the best group, chosen by the answers themselves, no p-value would hold
    reference = found.to.largest if plan.reference == "best" else found.to.reference
    fitted = fit_groups(
        cube,
        groups=found.groups,
        factors=plan.factors,
        decider=decider,
        success=plan.favourable,
        compared=found.compared,
        reference=found.to.largest if reference is None else reference,
        confidence=plan.confidence,
    )
    columns = zip(
        found.groups.labels, found.compared, plains(fitted.odds_ratio), pairs_of((fitted.low, fitted.high)),
        plains(fitted.p), strict=True,
    )  # fmt: skip
    return {
        "reference": found.groups.labels[fitted.reference],
        "converged": fitted.converged,
        "groups": {
            label: {"odds_ratio": odds, "interval": interval, "p": p}
            for place, (label, compared, odds, interval, p) in enumerate(columns)
            if compared and place != fitted.reference
        },
    }


def reviewers(population: Population, *, plan: Plan, candidates: list[Candidate]) -> Plain | None:
    """Reviewer by reviewer."""
    return None if population.reviewers is None else people(population.reviewers, by="reviewer", plan=plan,
                                                            candidates=candidates)  # fmt: skip


def queues(population: Population, *, plan: Plan, candidates: list[Candidate]) -> Plain | None:
    """Queue by queue."""
    return None if population.queues is None else people(population.queues, by="queue", plan=plan,
                                                         candidates=candidates)  # fmt: skip


def people(cube: Cube, *, by: str, plan: Plan, candidates: list[Candidate]) -> Plain:
    """Everyone's gap per single attribute and group, as measured and shrunk to what all share."""
    strata = (TRUTH, *(name for name in cube.names("factor") if name != by))
    hidden = hidden_of(cube, plan=plan)
    document: Plain = {}
    for names in [one for one in plan.sets_of(cube) if len(one) == 1]:
        spreadings = gaps(
            cube, by=by, attributes=names, strata=strata, favourable=plan.favourable, confidence=plan.confidence
        )
        document[set_name(names)] = {}
        for found in spreadings:
            if hidden[names][found.groups.cells[found.group]]:
                continue
            label = found.groups.labels[found.group]
            labels = cube.axis(by).labels
            document[set_name(names)][label] = people_document(found, labels=labels, plan=plan)
            candidates += people_candidates(found, by=by, labels=labels, attributes=names)
    return document


def people_document(found: Spreading, *, labels: tuple[str, ...], plan: Plan) -> Plain:
    """The gaps of all who could be measured."""
    rows = zip(
        found.who, found.n, plains(found.gap), plains(found.shrunk), pairs_of((found.low, found.high)),
        plains(found.p), strict=True,
    )  # fmt: skip
    return {
        "mean": plain(found.mean),
        "between": plain(found.between),
        "heterogeneity_p": plain(found.heterogeneity_p),
        "who": {
            labels[who]: {"n": int(n), "gap": gap, "shrunk": shrunk, "interval": interval, "p": p}
            for who, n, gap, shrunk, interval, p in rows
            if n >= plan.minimum_cell
        },
    }


def people_candidates(
    found: Spreading, *, by: str, labels: tuple[str, ...], attributes: tuple[str, ...]
) -> list[Candidate]:
    """Tests of everyone's own gap, in both directions where two groups mirror each other."""
    label = found.groups.labels[found.group]
    others = "all others"
    reach = found.high - found.shrunk
    return [
        Candidate(
            kind=by,
            decider=labels[who],
            attributes=attributes,
            group=label,
            reference=others,
            value=float(gap),
            low=float(shrunk - width),
            high=float(shrunk + width),
            p=float(p),
            adverse=True,
            severity=severity(float(shrunk), is_below=False),
            text=(
                f"{by} {labels[who]} decides in favour of {label} {abs(gap) * 100:.1f} points "
                f"{'less' if gap < 0 else 'more'} often than of {others} ({shrunk * 100:+.1f} after shrinkage)."
            ),
        )
        for who, gap, shrunk, width, p in zip(found.who, found.gap, found.shrunk, reach, found.p, strict=True)
        if not np.isnan(p)
    ]


def weighted(cube: Cube, *, found: Comparison, decider: str, plan: Plan) -> Plain:
    """Rates corrected for who was looked at, of every group that is shown."""
    rates = corrected_rates(cube, groups=found.groups, decider=decider, confidence=plan.confidence)
    document: Plain = {}
    for place, label in enumerate(found.groups.labels):
        if found.hidden[place]:
            continue
        document[label] = {
            name: {
                "rate": plain(float(each.share[place])),
                "interval": pairs_of((each.low[place : place + 1], each.high[place : place + 1]))[0],
                "effective_n": plain(float(each.effective_n[place])),
            }
            for name, each in rates.items()
        }
    return document


CHAPTERS = {
    "events": events,
    "scores": scores,
    "measures": measures,
    "stages": stages,
    "conditional": conditional,
    "reviewers": reviewers,
    "queues": queues,
}

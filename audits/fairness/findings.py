"""What an audit found: tests of one family, adjusted together, and the sentences that say them.

Every test of an audit belongs to one family, so that of all findings no more than the stated part is expected to be
chance. A finding is a difference to a group's disadvantage that holds after that. A limit that is crossed without it,
is a flag: shown, because small numbers hide much, and no proof.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from audits.fairness.comparison import TESTED, Comparison
from audits.fairness.plan import Plan
from audits.fairness.rendering import plain
from audits.fairness.significance import adjusted

Plain = dict[str, Any]
HIGH, MEDIUM, LOW = "high", "medium", "low"
NAMES = {"favourable_rate": "favourable answers", "tpr": "true positive rate", "fpr": "false positive rate"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One test: a difference of a group at a decider, event or stage; `adverse`: to the group's disadvantage."""

    kind: str
    decider: str
    attributes: tuple[str, ...]
    group: str
    reference: str
    value: float
    low: float
    high: float
    p: float
    adverse: bool
    severity: str
    text: str
    p_adjusted: float = np.nan

    @property
    def key(self) -> str:
        """The same test of a later audit has the same key."""
        said = "\n".join((self.kind, self.decider, *self.attributes, self.group, self.reference))
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def document(self) -> Plain:
        """As the document holds it."""
        interval = [plain(self.low), plain(self.high)]
        return {
            "id": self.key,
            "kind": self.kind,
            "severity": self.severity,
            "decider": self.decider,
            "attributes": list(self.attributes),
            "group": self.group,
            "reference": self.reference,
            "value": plain(self.value),
            "interval": None if interval == [None, None] else interval,
            "p": plain(self.p),
            "p_adjusted": plain(self.p_adjusted),
            "text": self.text,
        }


def adjusted_family(candidates: list[Candidate]) -> list[Candidate]:
    """The same candidates with p-values adjusted over all of them."""
    fitted = adjusted(np.array([each.p for each in candidates]))
    return [replace(each, p_adjusted=float(p)) for each, p in zip(candidates, fitted, strict=True)]


def findings(candidates: list[Candidate], *, plan: Plan) -> list[Plain]:
    """Those that hold, the gravest first."""
    held = [each for each in candidates if each.adverse and each.p_adjusted <= plan.false_discovery_rate]
    order = {HIGH: 0, MEDIUM: 1, LOW: 2}
    held.sort(key=lambda each: (order[each.severity], each.p_adjusted, each.key))
    return [each.document() for each in held]


def compared_with(found: Comparison, *, plan: Plan) -> str:
    """Who a test compares a group with, in words."""
    if plan.reference == "best" or found.to.reference is None:
        return "all others"
    return found.groups.labels[found.to.reference]


def tested_places(found: Comparison, *, plan: Plan) -> list[int]:
    """The groups that are tested: all that are compared; of two that mirror each other the less favoured one."""
    places = np.flatnonzero(found.compared & (found.counts.n > 0)).tolist()
    if plan.reference == "best":
        if len(places) < 2:
            return []
        if len(places) == 2:
            rates = found.rates["favourable_rate"][places]
            return [places[int(np.argmin(rates))]]
        return places
    return [place for place in places if place != found.to.reference]


def rate_candidates(found: Comparison, *, decider: str, plan: Plan) -> list[Candidate]:
    """Tests of favourable answers and of both error rates, group by group."""
    reference, results = compared_with(found, plan=plan), []
    for name in TESTED:
        difference, (low, high) = found.against.difference[name], found.against.bounds[name]
        p = found.against.tested[name].p
        sign = 1 if name == "favourable_rate" or plan.favourable == 1 else -1
        for place in tested_places(found, plan=plan):
            if np.isnan(p[place]):
                continue
            value = float(difference[place])
            results.append(
                Candidate(
                    kind=name,
                    decider=decider,
                    attributes=found.groups.attributes,
                    group=found.groups.labels[place],
                    reference=reference,
                    value=value,
                    low=float(low[place]),
                    high=float(high[place]),
                    p=float(p[place]),
                    adverse=sign * value < 0,
                    severity=severity(value, is_below=name == "favourable_rate" and bool(found.below[place])),
                    text=sentence(found, name=name, place=place, decider=decider, reference=reference),
                )
            )
    return results


def severity(value: float, *, is_below: bool) -> str:
    """High where a limit is crossed or the difference is large; then by size."""
    if is_below or abs(value) >= 0.10:
        return HIGH
    return MEDIUM if abs(value) >= 0.05 else LOW


def sentence(found: Comparison, *, name: str, place: int, decider: str, reference: str) -> str:
    """The difference in words and counts."""
    k, n = (part[place] for part in found.pairs[name])
    value = found.against.difference[name][place]
    said = (
        f"{found.groups.labels[place]}: {NAMES[name]} of {decider} {k} of {n} ({k / n:.1%}), "
        f"{abs(value) * 100:.1f} points {'lower' if value < 0 else 'higher'} than {reference}"
    )
    if name != "favourable_rate" or np.isnan(found.impact[place]):
        return f"{said}."
    lacking = int(found.lacking[place])
    return f"{said}; impact ratio {found.impact[place]:.4f}" + (f", {lacking} short of the limit." if lacking else ".")


def limit_flags(found: Comparison, *, decider: str, plan: Plan) -> list[Plain]:
    """Groups whose impact ratio is under the limit, whatever a test says of it."""
    if found.to.best is None:
        return []
    over, under = plan.limit
    low, high = found.impact_bounds
    return [
        {
            "kind": "impact_ratio",
            "decider": decider,
            "attributes": list(found.groups.attributes),
            "group": found.groups.labels[place],
            "reference": found.groups.labels[found.to.best],
            "value": plain(float(found.impact[place])),
            "interval": [plain(float(low[place])), plain(float(high[place]))],
            "p": plain(float(found.against.tested["favourable_rate"].p[place])),
            "shortfall": int(found.lacking[place]),
            "text": (
                f"{found.groups.labels[place]}: impact ratio {found.impact[place]:.6f} at {decider} is under "
                f"{over}/{under}; {int(found.lacking[place])} favourable answers short."
            ),
        }
        for place in np.flatnonzero(found.below & found.compared).tolist()
    ]

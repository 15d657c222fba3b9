"""A routing policy over a batch of cases: the first rule that fires, then the thresholds, then people.

Plain values and arrays: no database, no clock. The definition of a policy is JSON:

    {"rules": [{"name", "when", "action": "auto"|"review", "label"?, "queue"?, "template"?}],
     "thresholds": {label: least probability}, "otherwise": {"queue", "template"},
     "consensus": "majority"|"dawid_skene", "dispute_below": share}

Without a prediction nothing is decided automatically: rules that decide, and rules that ask the model, are
passed over, and the case goes to people with the cause.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviews.routing import words
from reviews.routing.conditions import Rule, case_values, context_for
from reviews.routing.syntax import parse
from reviews.routing.types import environment

Floats = NDArray[np.float64]


class CaseFacts(NamedTuple):
    """One case as rules see it: its payload and its own fields, and why it has no prediction."""

    values: Mapping[str, Any]
    cause: str = ""


class Route(NamedTuple):
    """Where one case goes and why.

    `cause` is `rule`, `threshold`, `below_threshold`, `rule_failed`, or why there was no prediction.
    `conditions` lists what was asked, in order: `{"rule", "outcome", "because", "uses_model"}`.
    """

    auto: bool
    cause: str
    label: str | None = None
    confidence: float | None = None
    queue: str = ""
    template: str = ""
    rule: str = ""
    conditions: Sequence[dict[str, Any]] = ()
    threshold: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    action: str
    label: str | None
    queue: str
    template: str
    rule: Rule


class _Model(NamedTuple):
    """What the model said of one case."""

    label: str
    confidence: float
    margin: float
    shares: list[float]


class CompiledPolicy:
    """A policy, compiled once for one version of a case type; safe to share between threads."""

    def __init__(
        self, definition: Mapping[str, Any], *, payload_schema: Mapping[str, Any], labels: Sequence[str]
    ) -> None:
        self.labels = tuple(labels)
        self.names = environment(payload_schema, labels)
        self.steps = [_step(rule) for rule in definition.get("rules", ())]
        self.thresholds: dict[str, float] = dict(definition.get("thresholds", {}))
        self.otherwise: dict[str, str] = dict(definition["otherwise"])
        self.consensus: str = definition.get("consensus", "majority")
        self.dispute_below: float = definition.get("dispute_below", 0.0)
        fields = [step.rule.case_fields for step in self.steps]
        # what the rules name of a case, so that nothing else need be read (None: all)
        self.case_fields = None if None in fields else frozenset().union(*[f for f in fields if f is not None])
        self.uses_model = any(step.rule.uses_model for step in self.steps)

    def route(self, cases: Sequence[CaseFacts], probabilities: Floats, *, now: datetime) -> list[Route]:
        """Route every case. `probabilities`: (cases, labels), a row of NaN where there is no prediction."""
        models = self._models(probabilities)
        if not self.steps:
            return [self._by_threshold(case, model, []) for case, model in zip(cases, models, strict=True)]
        return [self._route(case, model, now) for case, model in zip(cases, models, strict=True)]

    def _models(self, probabilities: Floats) -> list[_Model | None]:
        there: NDArray[np.bool_] = np.asarray(np.isfinite(probabilities).all(axis=1))
        shares = np.where(there[:, np.newaxis], probabilities, 0.0)
        best, ordered = shares.argmax(axis=1), np.sort(shares, axis=1)
        margins = ordered[:, -1] - (ordered[:, -2] if ordered.shape[1] > 1 else 0.0)
        rows = zip(there.tolist(), best.tolist(), margins.tolist(), shares.tolist(), strict=True)
        return [
            _Model(self.labels[index], share[index], margin, share) if present else None
            for present, index, margin, share in rows
        ]

    def _variables(self, model: _Model | None) -> dict[str, Any] | None:
        if model is None or not self.uses_model:
            return None
        shares = dict(zip(self.labels, model.shares, strict=True))
        return {
            "label": model.label,
            "confidence": model.confidence,
            "margin": model.margin,
            "probabilities": shares,
        }

    def _route(self, case: CaseFacts, model: _Model | None, now: datetime) -> Route:
        values = case_values(case.values, self.names["case"].type, self.case_fields)
        context = context_for(values, self._variables(model), now)
        asked: list[dict[str, Any]] = []
        for step in self.steps:
            if model is None and (step.action == "auto" or step.rule.uses_model):
                asked.append(_asked(step, "passed_over", ["there is no prediction"]))
                continue
            verdict = step.rule.judge(context)
            if verdict.error:
                asked.append(_asked(step, "failed", [verdict.error]))
                return self._to_people("rule_failed", asked, rule=step.name)
            asked.append(_asked(step, "fired" if verdict.fired else "not_fired", list(verdict.because)))
            if verdict.fired:
                return self._fired(step, case, model, asked)
        return self._by_threshold(case, model, asked)

    def _fired(self, step: _Step, case: CaseFacts, model: _Model | None, asked: list[dict[str, Any]]) -> Route:
        if step.action == "review" or model is None:
            cause = "rule" if model is not None else case.cause or "rule"
            return self._to_people(cause, asked, step.queue, step.template, rule=step.name)
        label = step.label or model.label
        if label not in self.labels:
            # the case type was revised since, and no longer knows what the rule decides
            asked.append(_asked(step, "failed", [f"there is no label {label}"]))
            return self._to_people("rule_failed", asked, rule=step.name)
        confidence = model.shares[self.labels.index(label)]
        return Route(True, "rule", label, confidence, rule=step.name, conditions=asked)

    def _by_threshold(self, case: CaseFacts, model: _Model | None, asked: list[dict[str, Any]]) -> Route:
        if model is None:
            return self._to_people(case.cause or "no_prediction", asked)
        least = self.thresholds.get(model.label)
        told = {
            "label": model.label,
            "probability": model.confidence,
            "threshold": least,
            "words": words.threshold(model.label, model.confidence, least),
            "two_close": model.margin < 0.2,
        }
        if least is not None and model.confidence >= least:
            return Route(True, "threshold", model.label, model.confidence, conditions=asked, threshold=told)
        return self._to_people("below_threshold", asked, threshold=told)

    def _to_people(
        self,
        cause: str,
        asked: list[dict[str, Any]],
        queue: str = "",
        template: str = "",
        *,
        rule: str = "",
        threshold: dict[str, Any] | None = None,
    ) -> Route:
        return Route(
            False,
            cause,
            queue=queue or self.otherwise["queue"],
            template=template or self.otherwise["template"],
            rule=rule,
            conditions=asked,
            threshold=threshold or MappingProxyType({}),
        )


def _step(rule: Mapping[str, Any]) -> _Step:
    return _Step(
        name=rule["name"],
        action=rule["action"],
        label=rule.get("label"),
        queue=rule.get("queue", ""),
        template=rule.get("template", ""),
        rule=Rule(rule["when"], parse(rule["when"])),
    )


def _asked(step: _Step, outcome: str, because: list[str]) -> dict[str, Any]:
    return {"rule": step.name, "outcome": outcome, "because": because, "uses_model": step.rule.uses_model}

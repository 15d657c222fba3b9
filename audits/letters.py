"""The letter with the reasons of a decision, and how other data would have changed the model's answer.

Reading stands apart from asking the model, so that no transaction waits for a sandbox: `read_letter` inside a scope,
`search_changes` outside of one, `write_letter` from both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from audits import appeal_queries
from audits.counterfactuals import (
    Candidate,
    Changeable,
    Counterfactual,
    candidates,
    changed_payload,
    nearest_changes,
    value_at,
)
from audits.reasons import Reason, codes_of, factors_of, principal_reasons
from audits.services.appeals import OPEN_DAYS
from audits.story_queries import CaseRecord, get_pinned_version, observed_payloads, read_case_record
from cases.definitions import favourable_keys
from cases.layouts import shown
from cases.models import Decision, MadeBy
from hitl_platform.doors.templatetags.portal import percent
from hitl_platform.kernel.errors import Conflict
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from models_registry.asking import ask_version
from models_registry.features import parse_features
from models_registry.models import ModelVersion, Prediction
from models_registry.queries import artifact_of
from reviews.models import Judgment
from reviews.references import reference_of

MOST_CHANGES = 4
SEARCH_SECONDS = 8.0
NOT_DETERMINED = "It cannot be determined"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the search for changes needs: a version, what it may vary, and what was seen in other cases."""

    version: ModelVersion
    payload: dict[str, Any]
    features: Sequence[Changeable]
    observed: Sequence[dict[str, Any]]
    decided: str
    wanted: Sequence[str]


@dataclass(frozen=True, slots=True)
class LetterFacts:
    """What a letter is written from. `asked` is None where no model's answer counted, and `why_not` says so."""

    record: CaseRecord
    decision: Decision
    reasons: Sequence[Reason]
    paths: dict[str, str]
    judges: int
    asked: Asked | None
    why_not: str
    appeal_until: datetime | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What the search found, or why it found nothing."""

    found: Sequence[Counterfactual]
    tried: int
    problem: str = ""


def read_letter(actor: Actor, case_id: UUID) -> LetterFacts:
    """The facts of the letter on the decision that stands. Raises NotFound, Forbidden, and Conflict without one."""
    record = read_case_record(actor, case_id)
    decision = record.standing
    if decision is None:
        raise Conflict("The case is not decided: there is nothing to give reasons for.", code="case_not_decided")
    prediction, why_not = _counted_prediction(record, decision)
    panel = record.panel_of(decision)
    said = [each for each in record.judgments_of(panel) if _carried(each, decision)] if panel else []
    agreed = prediction if prediction is not None and prediction.label == decision.label else None
    reasons = principal_reasons(
        people=codes_of([judgment.reason_codes for judgment in said]),
        model=factors_of(agreed.contributions) if agreed else [],
    )
    return LetterFacts(
        record=record,
        decision=decision,
        reasons=reasons,
        paths=_paths(prediction),
        judges=len(record.judgments_of(panel)) if panel else 0,
        asked=_asked(record, prediction) if prediction else None,
        why_not=why_not,
        appeal_until=_appeal_until(record, decision),
    )


def search_changes(facts: LetterFacts, *, tenant_id: UUID) -> Changes:
    """Ask the pinned version about one changed value after another, all in one batch. Outside any scope."""
    asked = facts.asked
    if asked is None:
        return Changes((), 0, facts.why_not)
    tried = candidates(asked.payload, asked.features, observed=asked.observed)
    if not tried:
        return Changes((), 0, "No other values of this case's features are known from decided cases.")
    rows, problem = _answers(asked, tried, _fetching(asked.version.pk, tenant_id))
    if problem:
        return Changes((), len(tried), problem)
    labels = asked.version.labels
    found = nearest_changes(tried, rows, labels=labels, decided=asked.decided, wanted=asked.wanted)
    return Changes(found[:MOST_CHANGES], len(tried))


def write_letter(facts: LetterFacts, changes: Changes) -> dict[str, Any]:
    """The letter as a document of plain sentences and the values that they rest on."""
    record, decision = facts.record, facts.decision
    name = record.names.get(decision.label, decision.label)
    return {
        "case": {
            "reference": reference_of(record.case.pk),
            "external_id": record.case.external_id,
            "case_type": record.case.case_type.name,
        },
        "decision": {
            "label": decision.label,
            "name": name,
            "decided_at": decision.decided_at.isoformat(),
            "made_by": decision.made_by,
            "automated": decision.made_by == MadeBy.MODEL,
            "how": how_decided(decision, facts.judges),
        },
        "reasons": [_reason(facts, each, name) for each in facts.reasons],
        "reasons_note": "" if facts.reasons else _no_reasons(facts),
        "changes": [_change(facts, each) for each in changes.found],
        "changes_note": _changes_note(facts, changes),
        "appeal": {"until": facts.appeal_until.isoformat() if facts.appeal_until else None},
    }


def letter_text(letter: dict[str, Any]) -> str:
    """The letter as plain text, to be sent as it is."""
    case, decision = letter["case"], letter["decision"]
    lines = [
        f"{case['case_type']}, case {case['reference']} ({case['external_id']})",
        "",
        f"Decision: {decision['name']}, on {_day(decision['decided_at'])}",
        decision["how"],
        "",
        "The principal reasons",
        *([f"{number}. {each['text']}" for number, each in enumerate(letter["reasons"], 1)]),
        *([letter["reasons_note"]] if letter["reasons_note"] else []),
        "",
        "What would have changed the answer",
        *(f"- {each['text']}" for each in letter["changes"]),
        letter["changes_note"],
        "",
        "If you think that the decision is wrong",
        appeal_words(letter["appeal"]["until"]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def appeal_words(until: str | None) -> str:
    """How one may appeal, as the letter says it."""
    if until is None:
        return "This decision answers an appeal, or its time to appeal is over."
    return (
        f"You may appeal until {_day(until)}. People who had no part in the decision look at it again, "
        "and you are told the outcome and its reasons."
    )


def how_decided(decision: Decision, judges: int) -> str:
    """Who decided, in a sentence, without anybody's name."""
    if decision.made_by == MadeBy.MODEL:
        return "It was decided automatically: no person saw the case before the decision."
    if decision.made_by == MadeBy.FALLBACK:
        return "Nobody decided it in time, so what the rules declare for that case was applied."
    people = "One person" if judges == 1 else f"{judges} people"
    if decision.made_by == MadeBy.ADJUDICATOR:
        return f"{people} looked at it; they did not agree, and the last of them decided."
    return f"{people} looked at it and decided."


def _counted_prediction(record: CaseRecord, decision: Decision) -> tuple[Prediction | None, str]:
    """The prediction that decided, or that people were shown or confirmed; else None and why."""
    if decision.made_by == MadeBy.MODEL:
        found = record.prediction_by(version_id=decision.model_version_id)
        return found, "" if found else f"{NOT_DETERMINED}: what the model said is no longer kept."
    panel = record.panel_of(decision)
    said = record.prediction_by(prediction_id=panel.prediction_id) if panel and panel.prediction_id else None
    if panel is None or said is None:
        return None, f"{NOT_DETERMINED}: no model's answer counted, and how people judge other data is not computable."
    shown_to = any(judgment.advice_shown for judgment in record.judgments_of(panel))
    if shown_to or (panel.template.confirms_model and panel.is_full):
        return said, ""
    return (
        None,
        f"{NOT_DETERMINED}: people decided without a model's answer, and how they judge other data is not computable.",
    )


def _carried(judgment: Judgment, decision: Decision) -> bool:
    """Whether a judgment is one that became the decision."""
    adjudicated = decision.made_by == MadeBy.ADJUDICATOR
    return judgment.label == decision.label and (judgment.kind == "adjudicator" or not adjudicated)


def _paths(prediction: Prediction | None) -> dict[str, str]:
    """Where each feature of the model stands in a payload."""
    if prediction is None:
        return {}
    features = prediction.model_version.feature_schema["features"]
    return {each["name"]: each.get("path", each["name"]) for each in features}


def _asked(record: CaseRecord, prediction: Prediction) -> Asked:
    version = get_pinned_version(prediction.model_version_id)
    protected = set(record.version.attributes_schema)
    features = [
        Changeable(each.name, each.path, each.type == "number")
        for each in parse_features(version.feature_schema)
        # free text has no neighbours, and a protected attribute is never what one should have changed
        if each.type != "text" and not protected & {each.name, *each.path}
    ]
    favourable = favourable_keys(record.version.labels)
    return Asked(
        version=version,
        payload=record.case.stored_payload.payload,
        features=features,
        observed=observed_payloads(record),
        decided=prediction.label,
        wanted=favourable if favourable and prediction.label not in favourable else (),
    )


def _fetching(version_id: UUID, tenant_id: UUID) -> Callable[[], bytes]:
    def fetch() -> bytes:
        with tenant_scope(tenant_id):
            return artifact_of(version_id)

    return fetch


def _answers(asked: Asked, tried: Sequence[Candidate], fetch: Callable[[], bytes]) -> tuple[Any, str]:
    """A row of probabilities for each candidate (NaN where there is none), or what prevented all of them."""
    payloads = [changed_payload(asked.payload, each) for each in tried]
    scores = ask_version(asked.version, payloads, fetch=fetch, seconds=SEARCH_SECONDS)
    rows = np.full((len(tried), len(asked.version.labels)), np.nan)
    if scores.scored:
        rows[scores.scored] = scores.reply.probabilities
    return rows, "" if scores.scored else f"{NOT_DETERMINED}: the model gave no answer when it was asked again."


def _appeal_until(record: CaseRecord, decision: Decision) -> datetime | None:
    if any(appeal.result_id == decision.pk for appeal in record.appeals):
        return None
    rule = appeal_queries.rule_of(record.case.case_type_id)
    return decision.decided_at + timedelta(days=rule.open_days if rule else OPEN_DAYS)


def _reason(facts: LetterFacts, reason: Reason, decided: str) -> dict[str, Any]:
    if reason.source == "people":
        text = facts.record.code_names.get(reason.key, reason.key)
        return {"source": "people", "key": reason.key, "text": text, "given_by": int(reason.weight)}
    title, value = _field(facts, reason.key, facts.record.case.stored_payload.payload)
    text = f"{title} ({value}) weighed {reason.strength} towards “{decided}”"
    return {"source": "model", "key": reason.key, "text": text, "log_odds": round(reason.weight, 6)}


def _field(facts: LetterFacts, feature: str, payload: dict[str, Any]) -> tuple[str, str]:
    path = facts.paths.get(feature, feature).split(".")
    return facts.record.titles.get(path[0], feature), _said(value_at(payload, path))


def _said(value: Any) -> str:
    if value is None:
        return "not given"
    text = shown(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _no_reasons(facts: LetterFacts) -> str:
    if facts.decision.made_by == MadeBy.FALLBACK:
        return "No one weighed the case: its time was over."
    if facts.decision.made_by == MadeBy.MODEL:
        return f"{NOT_DETERMINED}: the model that decided does not tell what moved it."
    return f"{NOT_DETERMINED}: the people who decided named no reason code."


def _change(facts: LetterFacts, found: Counterfactual) -> dict[str, Any]:
    candidate = found.candidate
    name = facts.record.names.get(found.label, found.label)
    title, before = _field(facts, candidate.feature, facts.record.case.stored_payload.payload)
    after = _said(candidate.after)
    answer = f"the model's answer would have been “{name}” ({percent(found.probability)} sure)"
    least = _threshold(facts, found.label)
    if least is not None and found.probability < least:
        answer += f", which is too unsure to decide alone (it takes {percent(least)}): people would have decided"
    return {
        "field": candidate.feature,
        "before": candidate.before,
        "after": candidate.after,
        "label": found.label,
        "probability": round(found.probability, 6),
        "text": f"{title}: {after} in place of {before}, and {answer}.",
    }


def _threshold(facts: LetterFacts, label: str) -> float | None:
    """How sure the model must be of a label to decide alone, by the policy that the decision was made under."""
    if facts.decision.made_by != MadeBy.MODEL:
        return None
    policies = [route.policy for route in facts.record.routes if route.policy_id == facts.decision.policy_id]
    thresholds = policies[-1].definition.get("thresholds", {}) if policies and policies[-1] else {}
    least = thresholds.get(label)
    return float(least) if isinstance(least, int | float) else None


def _changes_note(facts: LetterFacts, changes: Changes) -> str:
    if changes.problem:
        return changes.problem
    who = "" if facts.decision.made_by == MadeBy.MODEL else " People decided; the model advised them."
    if not changes.found:
        return (
            f"No single value that is known from decided cases would have changed the model's answer;"
            f" {changes.tried} were tried, one at a time.{who}"
        )
    return (
        f"{changes.tried} values known from decided cases were tried, one at a time, on the model version that"
        f" answered; several changes together were not.{who}"
    )


def _day(moment: str) -> str:
    at = datetime.fromisoformat(moment)
    return f"{at.day} {at:%B %Y}"

"""Conditions over cases, as service levels and escalation rules ask them: the routing rules' language and compiler."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from cases.definitions import label_keys
from cases.models import CaseTypeVersion
from reviews.routing.conditions import Rule, Verdict, case_values, context_for
from reviews.routing.definition import check_rule
from reviews.routing.syntax import parse
from reviews.routing.types import CASE_FIELDS, Field, environment


class CaseSeen(NamedTuple):
    """What a condition may ask of one case: its own fields, its payload, and what the model said, if anything."""

    type_version: CaseTypeVersion
    importance: float
    priority: int
    due_at: datetime | None
    created_at: datetime
    payload: str
    model_labels: Sequence[str] = ()
    probabilities: Sequence[float] | None = None


def judge(source: str, seen: CaseSeen, *, now: datetime) -> Verdict:
    """Whether a condition holds for a case and why in words; with `error` where that cannot be told."""
    names = _names(seen.type_version)
    own = {name: getattr(seen, name) for name in CASE_FIELDS}
    values = own | orjson.loads(seen.payload)
    rule = _compiled(source)
    return rule.judge(context_for(case_values(values, names["case"].type, rule.case_fields), _model(seen), now))


def asks_model(source: str) -> bool:
    """Whether a condition asks what the model said."""
    return _compiled(source).uses_model


def condition_problems(source: Any, *, version: CaseTypeVersion) -> list[str]:
    """What is wrong with a condition over the cases of a definition."""
    return check_rule(source, names=_names(version))


def _model(seen: CaseSeen) -> dict[str, Any] | None:
    if seen.probabilities is None:
        return None
    shares = dict(zip(seen.model_labels, seen.probabilities, strict=True))
    ranked = sorted(shares.values(), reverse=True)
    label = max(shares, key=lambda key: shares[key])
    margin = ranked[0] - (ranked[1] if len(ranked) > 1 else 0.0)
    return {"label": label, "confidence": ranked[0], "margin": margin, "probabilities": shares}


@lru_cache(maxsize=512)
def _compiled(source: str) -> Rule:
    return Rule(source, parse(source))


@lru_cache(maxsize=128)
def _names_of(version_id: UUID, version: CaseTypeVersion) -> Mapping[str, Field]:
    return environment(version.payload_schema, label_keys(version.labels))


def _names(version: CaseTypeVersion) -> Mapping[str, Field]:
    # a definition is immutable, and compares by its key
    return _names_of(version.pk, version)

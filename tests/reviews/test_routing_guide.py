"""docs/routing.md: what it shows is accepted, and does what it says."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from reviews.routing import CaseFacts, CompiledPolicy, Surroundings, check_definition
from reviews.routing.checker import _FUNCTIONS, _METHODS
from reviews.routing.definition import check_rule
from reviews.routing.syntax import MACROS
from reviews.routing.types import environment
from tests.architecture.sources import ROOT

GUIDE = (ROOT / "docs" / "routing.md").read_text()
BLOCKS: dict[str, Any] = {
    kind: json.loads(text) for kind, text in re.findall(r"```json (\S+)\n(.*?)```", GUIDE, re.DOTALL)
}
TYPE, POLICY = BLOCKS["case-type"], BLOCKS["policy"]
NAMES = environment(TYPE["payload_schema"], TYPE["labels"])
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CASE = json.loads(re.search(r"Of the case `(\{.*?\})`", GUIDE)[1]) | {  # type: ignore[index]  # it stands there
    "importance": 1.0,
    "priority": 0,
    "due_at": NOW + timedelta(hours=2),
    "created_at": NOW - timedelta(hours=1),
}


def rows(heading: str) -> list[tuple[str, str]]:
    section = GUIDE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(.+)` \| (.+?) \|$", section, re.MULTILINE)


def test_the_policy_can_be_saved() -> None:
    around = Surroundings(TYPE["payload_schema"], TYPE["labels"], {"loans", "large-loans"}, {"majority-of-3"})
    assert check_definition(POLICY, around=around) == []


@pytest.mark.parametrize(("condition", "fires"), rows("Conditions by example"))
def test_a_condition_does_what_is_said(condition: str, fires: str) -> None:
    assert check_rule(condition, names=NAMES) == []
    rule = {"name": "one", "when": condition, "action": "review"}
    policy = CompiledPolicy({**POLICY, "rules": [rule]}, payload_schema=TYPE["payload_schema"], labels=TYPE["labels"])
    (route,) = policy.route([CaseFacts(CASE)], np.array([[0.85, 0.15]]), now=NOW)
    assert route.cause == ("rule" if fires == "yes" else "below_threshold")


@pytest.mark.parametrize(("condition", "because"), rows("What is refused, and how it is said"))
def test_a_refusal_says_what_is_said(condition: str, because: str) -> None:
    assert because in "; ".join(check_rule(condition, names=NAMES))


def test_every_function_and_every_part_is_told_of() -> None:
    assert [name for name in (*_FUNCTIONS, *_METHODS, *MACROS) if f"{name}(" not in GUIDE] == []
    assert len(rows("Conditions by example")) > 10
    told = set(re.findall(r"^\| `(\w+)`", GUIDE, re.MULTILINE))
    assert {"rules", "thresholds", "otherwise", "consensus", "dispute_below", "name", "when", "action"} <= told

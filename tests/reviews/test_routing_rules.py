"""Routing rules: read, checked against the case type, evaluated as CEL does, explained in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import cel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.routing import CaseFacts, CompiledPolicy, Surroundings, check_definition
from reviews.routing.conditions import CEL_ERRORS, Rule
from reviews.routing.definition import check_rule
from reviews.routing.syntax import MAX_LENGTH, RuleSyntaxError, parse
from reviews.routing.tree import Node, children, conjuncts, walk
from reviews.routing.types import environment
from reviews.routing.words import comparison, duration, value

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LABELS = ["good", "bad"]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["amount", "age", "purpose", "tags", "person"],
    "additionalProperties": False,
    "properties": {
        "amount": {"type": "number"},
        "age": {"type": "integer"},
        "purpose": {"enum": ["car", "tv", None]},
        "city": {"type": "string"},
        "limit": {"type": ["number", "null"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "person": {"$ref": "#/$defs/person"},
        "anything": {},
    },
    "$defs": {
        "person": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
    },
}
NAMES = environment(SCHEMA, LABELS)
CASE = {
    "amount": 14_200, "age": 41, "purpose": "car", "tags": ["vip"], "person": {"name": "Kim"}, "limit": None,
    "importance": 1.0, "priority": 0, "due_at": NOW + timedelta(minutes=90), "created_at": NOW,
}  # fmt: skip


class TestReading:
    @pytest.mark.parametrize(
        "source",
        [
            "true",
            "model.confidence >= 0.9 && case.amount < 2e4",
            "a ? b : c ? d : e",
            "!(a || b) && -x < 1 == false",
            'case["two words"].z in [1, 2.5, "x", {"a": null}]',
            "case.tags.exists(t, t == 'vip') // a comment",
            r"""'a\n"b"' == r"\d" || '''it's''' == "x" """,
            "0x1F + 7 % 3 * 2 - 1 > 0",
            "size(case.tags) > 0 && case.tags.map(t, t + 'x')[0] == 'vipx'",
            "now - timestamp('2026-01-01T00:00:00Z') > duration('24h')",
        ],
    )
    def test_reads_what_cel_reads(self, source: str) -> None:
        tree = parse(source)
        cel.compile(source)
        for node in walk(tree):
            if children(node):
                cel.compile(source[node.start : node.end])

    @pytest.mark.parametrize(
        ("source", "start"),
        [
            ("", 0), ("a &&", 4), ("a && && b", 5), ("a b", 2), ("(a", 2), ("a.", 2), ("a[1", 3), ("has(a)", 0),
            ("a.exists(1, b)", 2), ("'open", 0), ("a @ b", 2), ("{1: 2", 5), ("if", 0), ("9223372036854775808", 0),
        ],
    )  # fmt: skip
    def test_names_the_place_of_an_error(self, source: str, start: int) -> None:
        with pytest.raises(RuleSyntaxError) as error:
            parse(source)
        assert error.value.start == start

    @pytest.mark.parametrize(
        "source", ["(" * 5_00, "!" * 1_000 + "a", "a" + ".b" * 700, "a" + "[0]" * 400, "1" + "+1" * 900, "x" * 3_000]
    )
    def test_bounds_what_the_evaluator_would_recurse_into(self, source: str) -> None:
        with pytest.raises(RuleSyntaxError):
            parse(source)
        assert MAX_LENGTH == 2_000

    def test_conditions_are_what_and_joins(self) -> None:
        source = "a && (b || c) && (d && e)"
        assert [source[node.start : node.end] for node in conjuncts(parse(source))] == ["a", "(b || c)", "d", "e"]

    @given(st.text(alphabet="ab.()[]{}&|!<>=?:,'\" 019+-*/%", max_size=30))
    def test_never_fails_otherwise_than_by_saying_so(self, source: str) -> None:
        try:
            tree = parse(source)
        except RuleSyntaxError:
            return
        assert isinstance(tree, Node)


# Expressions over numbers and booleans, to compare our reading of them with the evaluator's.
_numbers = st.recursive(
    st.sampled_from(["1", "2", "3.5", "n", "m"]),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
    max_leaves=4,
)
_comparisons = st.tuples(_numbers, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), _numbers).map(" ".join)
_rules = st.recursive(
    _comparisons | st.sampled_from(["p", "q", "true", "missing.x > 1"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(" ".join),
        inner.map(lambda rule: f"!({rule})"),
    ),
    max_leaves=8,
)
_VALUES = {"n": 4, "m": -1.5, "p": True, "q": False, "missing": {}}


def outcome(source: str) -> bool | None:
    """What CEL says of the whole rule; None where it raises."""
    try:
        result = cel.compile(source).execute(_VALUES)
    except CEL_ERRORS:
        return None
    return result if isinstance(result, bool) else None


@given(_rules)
def test_condition_by_condition_is_the_rule_as_a_whole(source: str) -> None:
    verdict = Rule(source, parse(source)).judge(cel.Context(variables=_VALUES))
    assert (None if verdict.error else verdict.fired) == outcome(source)


class TestTypeCheck:
    @pytest.mark.parametrize(
        "rule",
        [
            "model.confidence >= 0.9 && case.amount < 20000",
            "model.label == 'good' || model.probabilities.bad > 0.2",
            "model.probabilities['good'] - model.probabilities['bad'] > 0.5",
            "has(case.city) && case.city.startsWith('B')",
            "!has(case.city) || case.city == 'Bern'",
            "has(case.city) ? case.city == 'Bern' : false",
            "'city' in case && case['city'] == 'Bern'",
            "has(case.limit) && case.limit != null && case.amount > case.limit",
            "!has(case.limit) || case.limit == null || case.amount > case.limit",
            "case.due_at != null && case.due_at - now < duration('2h')",
            "case.purpose in ['car', 'tv'] && case.purpose != null",
            "case.tags.exists(t, t == 'vip') && size(case.tags) < 3",
            "case.amount / double(case.age) > 100.0",
            "case.age > 3.5 && case.age == 41",
            "now.getHours() >= 8 && now.getDayOfWeek() != 0",
            "case.importance > 2.0 && case.priority > 1",
            "has(case.anything) && case.anything.deep[0].x == 'y'",
            "case.person.name.size() > 2",
        ],
    )
    def test_passes_what_is_right(self, rule: str) -> None:
        assert check_rule(rule, names=NAMES) == []

    @pytest.mark.parametrize(
        ("rule", "told"),
        [
            ("case.amonut > 3", "there is no field amonut"),
            ("cas.amount > 3", "there is no cas here"),
            ("case.amount > '3'", "cannot order a number and text"),
            ("case.amount == '3'", "a number is never equal to text"),
            ("case.amount", "a rule is true or false; this is a number"),
            ("case.amount && true", "a condition is true or false; this is a number"),
            ("case.amount + case.age > 1", "do not mix"),
            ("case.age / 2.0 > 1.0", "do not mix"),
            ("-case.person.name == 1", "cannot negate text"),
            ("case.purpose == 'boat'", "never equal: it is one of car, tv"),
            ("case.purpose in ['boat']", "never equal: it is one of car, tv"),
            ("model.label == 'ugly'", "never equal: it is one of bad, good"),
            ("model.probabilities.ugly > 0.1", "there is no field ugly"),
            ("model.certainty > 0.1", "there is no field certainty"),
            ("case.city == 'Bern'", "city may be absent: ask has(case.city) first"),
            ("case.city == 'Bern' && has(case.city)", "city may be absent"),
            ("has(case.limit) && case.limit > 3.0", "this may be null: ask case.limit != null first"),
            ("case.due_at < now", "this may be null"),
            ("case.amount == null", "this is never null"),
            ("case.tags.exists(t, t > 3)", "cannot order text and a whole number"),
            ("case.amount.exists(t, t > 3)", "exists needs a list"),
            ("case.tags.exists(case, case == 'x')", "case is taken"),
            ("case.tags['first'] == 'x'", "a place in a list is a whole number"),
            ("'x' in case.amount", "in needs a list or an object"),
            ("case.amount.contains('x')", "contains needs text"),
            ("lower(case.person.name) == 'x'", "there is no function lower"),
            ("case.person.name.startsWith('a', 'b')", "startsWith takes 1 arguments"),
            ("size(case.amount) > 1", "size needs"),
            ("case.person.name.first == 'x'", "text has no field first"),
            ("now > 3", "cannot order a time and a whole number"),
            ("now + now > now", "has no meaning"),
            ("", "a rule needs a condition"),
            ("case.amount >", "expected a name before the end (character 14)"),
        ],
    )
    def test_tells_what_is_wrong(self, rule: str, told: str) -> None:
        found = check_rule(rule, names=NAMES)
        assert found
        assert told in found[0], found

    def test_open_schemas_stay_open(self) -> None:
        names = environment({"type": "object", "properties": {}}, LABELS)
        assert check_rule("has(case.x) && case.x > 3", names=names) == []
        assert check_rule("case.x > 3", names=names) == ["x may be absent: ask has(case.x) first (“case.x”)"]

    def test_a_field_of_the_payload_hides_one_of_the_case(self) -> None:
        names = environment(
            {"type": "object", "required": ["priority"], "properties": {"priority": {"type": "string"}}}, LABELS
        )
        assert check_rule("case.priority == 'high'", names=names) == []

    def test_what_passes_never_fails_on_a_case_that_fits(self) -> None:
        rules = [
            "has(case.city) && case.city.startsWith('B')",
            "has(case.limit) && case.limit != null && case.amount > case.limit",
            "case.due_at != null && case.due_at < now",
            "case.amount / double(case.age) > 100.0",
        ]
        for rule in rules:
            assert check_rule(rule, names=NAMES) == []
        policy = policy_of(*rules)
        for changes in ({}, {"limit": 3}, {"limit": None, "city": "Bern"}, {"due_at": None, "amount": 3.5}):
            (route,) = policy.route([CaseFacts({**CASE, **changes})], np.array([[0.5, 0.5]]), now=NOW)
            assert route.cause != "rule_failed", route


def policy_of(*rules: str, **more: Any) -> CompiledPolicy:
    """A policy whose rules all send to people."""
    definition = {
        "rules": [{"name": f"rule {number}", "when": rule, "action": "review"} for number, rule in enumerate(rules)],
        "otherwise": {"queue": "q", "template": "t"},
        **more,
    }
    return CompiledPolicy(definition, payload_schema=SCHEMA, labels=LABELS)


def told(rule: str, **changes: Any) -> list[str]:
    """What the record says of one rule, for the case above and a model that is 0.93 sure."""
    (route,) = policy_of(rule).route([CaseFacts({**CASE, **changes})], np.array([[0.93, 0.07]]), now=NOW)
    because: list[str] = route.conditions[0]["because"]
    return because


class TestWords:
    @pytest.mark.parametrize(
        ("rule", "words"),
        [
            ("model.confidence > 0.9", ["confidence 0.93 is 0.03 above 0.9"]),
            ("0.9 < model.confidence", ["confidence 0.93 is 0.03 above 0.9"]),
            ("model.confidence > 0.95", ["confidence 0.93 is 0.02 below 0.95"]),
            ("model.confidence >= 0.93", ["confidence 0.93 is exactly 0.93"]),
            ("model.probabilities.bad > 0.05", ["probability of bad 0.07 is 0.02 above 0.05"]),
            ("case.amount > 10000 && case.age > 40", [
                "amount 14\u202f200 is 4200 above 10\u202f000", "age 41 is 1 above 40",
            ]),
            ("case.amount > 10000 && case.age > 50", ["age 41 is 9 below 50"]),
            ("case.purpose == 'car'", ["purpose is “car”"]),
            ("case.purpose == 'tv'", ["purpose is “car”, not “tv”"]),
            ("case.purpose in ['tv']", ['purpose “car” is not among ["tv"]']),
            ("has(case.city)", ["city is absent"]),
            ("!has(case.city)", ["city is absent"]),
            ("case.person.name == 'Kim'", ["person name is “Kim”"]),
            ("case.due_at != null && case.due_at - now < duration('2h')", [
                "due_at is 2026-03-02 11:00+00:00, not null", "case.due_at - now 1 h 30 min is 30 min below 2 h",
            ]),
            ("case.due_at != null && case.due_at > now", [
                "due_at is 2026-03-02 11:00+00:00, not null",
                "due_at 2026-03-02 11:00+00:00 is 1 h 30 min after now 2026-03-02 09:30+00:00",
            ]),
            ("case.amount > 20000 || case.age > 40", ["age 41 is 1 above 40"]),
            ("case.amount > 20000 || case.age > 50", [
                "amount 14\u202f200 is 5800 below 20\u202f000 and age 41 is 9 below 50",
            ]),
            ("case.tags.exists(t, t == 'vip')", ["case.tags.exists(t, t == 'vip') is true"]),
            ("case.amount * 2.0 > 3e4", ["case.amount * 2.0 28\u202f400 is 1600 below 30\u202f000"]),
        ],
    )  # fmt: skip
    def test_say_which_condition_and_by_how_much(self, rule: str, words: list[str]) -> None:
        assert told(rule) == words

    def test_a_condition_that_cannot_be_told_says_so(self) -> None:
        (route,) = policy_of("case.age / (case.age - 41) > 2").route([CaseFacts(CASE)], np.array([[0.9, 0.1]]), now=NOW)
        assert (route.auto, route.cause) == (False, "rule_failed")
        assert "division by zero" in route.conditions[0]["because"][0]

    def test_a_false_condition_outweighs_one_that_fails(self) -> None:
        (route,) = policy_of("case.age / (case.age - 41) > 2 && case.age > 50").route(
            [CaseFacts(CASE)], np.array([[0.9, 0.1]]), now=NOW
        )
        assert route.cause == "below_threshold"

    def test_numbers_and_times_for_people(self) -> None:
        assert [value(0.1 + 0.2), value(1e-7), value(14_200), value(-0.0), value(2.50)] == [
            "0.3", "1e-07", "14\u202f200", "0", "2.5",
        ]  # fmt: skip
        assert duration(timedelta(days=2, hours=3, minutes=4)) == "2 d 3 h"
        assert comparison("x", True, "", False) == "x is true, not false"
        assert len(value("long " * 100)) == 60


class TestRouting:
    def test_thresholds_are_by_label(self) -> None:
        policy = policy_of(thresholds={"good": 0.8})
        shares = np.array([[0.8, 0.2], [0.79, 0.21], [0.01, 0.99], [np.nan, np.nan]])
        routes = policy.route(
            [CaseFacts(CASE), CaseFacts(CASE), CaseFacts(CASE), CaseFacts(CASE, "no_model")], shares, now=NOW
        )
        assert [(r.auto, r.cause, r.label) for r in routes] == [
            (True, "threshold", "good"), (False, "below_threshold", None), (False, "below_threshold", None),
            (False, "no_model", None),
        ]  # fmt: skip
        assert routes[0].threshold["words"] == "probability of good 0.8 is exactly its threshold 0.8"
        assert routes[2].threshold["words"] == "probability of bad 0.99; bad is never decided automatically"

    def test_a_batch_is_routed_as_its_cases_one_by_one(self) -> None:
        rng = np.random.default_rng(7)
        policy = policy_of("case.amount > 15000", "model.margin < 0.1", thresholds={"good": 0.8, "bad": 0.9})
        cases = [CaseFacts({**CASE, "amount": float(amount)}) for amount in rng.integers(0, 20_000, 200)]
        shares = rng.dirichlet([1, 1], 200)
        together = policy.route(cases, shares, now=NOW)
        alone = [policy.route([case], shares[at : at + 1], now=NOW)[0] for at, case in enumerate(cases)]
        assert together == alone

    def test_one_label_alone_has_no_runner_up(self) -> None:
        policy = CompiledPolicy({"otherwise": {"queue": "q", "template": "t"}}, payload_schema=SCHEMA, labels=["only"])
        assert policy.route([CaseFacts(CASE)], np.array([[1.0]]), now=NOW)[0].cause == "below_threshold"

    def test_definitions_of_every_shape_are_answered(self) -> None:
        around = Surroundings(SCHEMA, LABELS, {"q"}, {"t"})
        for definition in (
            None,
            [],
            "x",
            {},
            {"rules": [None]},
            {"rules": [{}]},
            {"thresholds": []},
            {"otherwise": []},
        ):
            assert check_definition(definition, around=around)
        assert check_definition({"otherwise": {"queue": "q", "template": "t"}}, around=around) == []

"""One rule, compiled: its conditions, whether they hold for a case, and the same in words."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import cel

from reviews.routing import words
from reviews.routing.tree import Has, Literal, Name, Node, Operation, conjuncts, path_of, walk
from reviews.routing.types import Kind, Type

# What the evaluator raises on a case: an absent field, an overload that does not exist, division by zero, …
CEL_ERRORS = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a rule fired for a case, or could not be told (`error`), and why in words."""

    fired: bool
    because: tuple[str, ...]
    error: str = ""


class Condition:
    """One of the conditions that a rule joins by `&&`."""

    def __init__(self, source: str, node: Node) -> None:
        self.node = node
        self.source = source
        self.program = cel.compile(_text(source, node))
        # only what the explanation may ask for; inside a macro there are variables without a value
        self.parts = {(p.start, p.end): cel.compile(_text(source, p)) for p in _explained(node)}

    def holds(self, context: cel.Context) -> bool:
        """Evaluate; raises one of CEL_ERRORS, among them TypeError where the result is no bool."""
        outcome = self.program.execute(context)
        if not isinstance(outcome, bool):
            raise TypeError(f"{_text(self.source, self.node)} is neither true nor false")
        return outcome

    def explain(self, context: cel.Context) -> str:
        """The condition's values and its margin, for one case."""
        return self._words(self.node, context)

    def _words(self, node: Node, context: cel.Context) -> str:
        match node:
            case Operation(operator="!", operands=(inner,)):
                return self._words(inner, context)
            case Operation(operator="||" | "&&" as joint, operands=operands):
                outcomes = [self._value(operand, context) for operand in operands]
                decisive = joint == "||"
                telling = [o for o, value in zip(operands, outcomes, strict=True) if value is decisive]
                return " and ".join(self._words(operand, context) for operand in telling[:1] or operands)
            case Operation(operator=operator, operands=(left, right)) if operator in COMPARISONS:
                if isinstance(left, Literal) and operator != "in":
                    left, right = right, left
                named = [words.subject(_text(self.source, part), path_of(part)) for part in (left, right)]
                values = [self._value(part, context) for part in (left, right)]
                return words.comparison(named[0], values[0], "" if _is_plain(right) else named[1], values[1])
            case Has(operand=operand):
                name = words.subject(_text(self.source, operand), path_of(operand))
                return f"{name} is {'given' if self._value(node, context) else 'absent'}"
        name = words.subject(_text(self.source, node), path_of(node))
        return f"{name} is {words.value(self._value(node, context))}"

    def _value(self, node: Node, context: cel.Context) -> Any:
        if isinstance(node, Literal):
            return node.value
        return self.parts[node.start, node.end].execute(context)


class Rule:
    """A rule of a policy, ready to be asked about many cases."""

    def __init__(self, source: str, node: Node) -> None:
        self.conditions = [Condition(source, part) for part in conjuncts(node)]
        paths = [path for part in walk(node) if (path := path_of(part))]
        self.uses_model = any(path[0] == "model" for path in paths)
        self.case_fields = _fields(node, "case")
        self.model_fields = _fields(node, "model")

    def judge(self, context: cel.Context) -> Verdict:
        """Ask every condition until one is false.

        As CEL's `&&`, a condition that is false outweighs one that cannot be told.
        """
        failed: Exception | None = None
        for condition in self.conditions:
            try:
                if not condition.holds(context):
                    return Verdict(False, (_explain(condition, context),))
            except CEL_ERRORS as error:
                failed = failed or error
        if failed is not None:
            return Verdict(False, (), error=words.shortened(str(failed).strip("'\""), limit=200))
        return Verdict(True, tuple(_explain(condition, context) for condition in self.conditions))


def case_values(values: Mapping[str, Any], case: Type, wanted: Collection[str] | None) -> dict[str, Any]:
    """The case's fields as the rules' types have them: a number declared as such is one, even when whole.

    `wanted` are the fields that the rules name (None: all of them); converting the rest would cost more than
    evaluating the rules.
    """
    names = values.keys() if wanted is None else [name for name in wanted if name in values]
    return {name: _typed(values[name], _type_of(case, name)) for name in names}


def context_for(case: dict[str, Any], model: dict[str, Any] | None, now: datetime) -> cel.Context:
    """Variables of one case, converted once for all rules."""
    variables: dict[str, Any] = {"case": case, "now": now}
    if model is not None:
        variables["model"] = model
    return cel.Context(variables=variables)


def _type_of(record: Type, name: str) -> Type | None:
    return record.fields[name].type if name in record.fields else record.rest


def _typed(value: Any, declared: Type | None) -> Any:
    if declared is None or value is None:
        return value
    if declared.kind is Kind.DOUBLE and type(value) is int:
        return float(value)
    if declared.kind is Kind.LIST and isinstance(value, list):
        return [_typed(item, declared.item) for item in value]
    if declared.kind is Kind.RECORD and isinstance(value, dict):
        return {name: _typed(item, _type_of(declared, name)) for name, item in value.items()}
    return value


def _explain(condition: Condition, context: cel.Context) -> str:
    try:
        return condition.explain(context)
    except CEL_ERRORS:
        # one side of an `||` may be impossible to tell where the other decided
        return words.shortened(_text(condition.source, condition.node), limit=200)


def _explained(node: Node) -> Iterator[Node]:
    yield node
    match node:
        case Operation(operator="!" | "||" | "&&", operands=operands):
            for operand in operands:
                yield from _explained(operand)
        case Operation(operator=operator, operands=operands) if operator in COMPARISONS:
            yield from operands


def _fields(node: Node, root: str) -> frozenset[str] | None:
    """The fields of `root` that a rule names; None where it takes `root` as a whole."""
    named, whole = set[str](), 0
    for part in walk(node):
        path = path_of(part)
        if path is not None and path[0] == root:
            whole += len(path) == 1
            if len(path) == 2:
                named.add(path[1])
                whole -= 1
    return frozenset(named) if whole == 0 else None


def _is_plain(node: Node) -> bool:
    return all(part is node or isinstance(part, Literal) for part in walk(node)) and not isinstance(node, Name)


def _text(source: str, node: Node) -> str:
    return source[node.start : node.end]

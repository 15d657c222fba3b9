"""One rule, compiled: its conditions, whether they hold for a case, and the same in words."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import cel

from reviews.routing import words
from reviews.routing.tree import Has, Literal, Name, Node, Operation, conjuncts, path_of, walk
from reviews.routing.types import Kind, Type

# What the evaluator raises on a case: an absent field, an overload that does not exist, division by zero, …
CEL_ERRORS = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})


Say = Callable[[cel.Context], str]
Value = Callable[[cel.Context], Any]


class Verdict(NamedTuple):
    """Whether a rule fired for a case, or could not be told (`error`), and why in words."""

    fired: bool
    because: tuple[str, ...]
    error: str = ""


class Condition:
    """One of the conditions that a rule joins by `&&`."""

    def __init__(self, source: str, node: Node) -> None:
        self.source = _text(source, node)
        self.program = cel.compile(self.source)
        self.say = _sayer(source, node)

    def holds(self, context: cel.Context) -> bool:
        """Evaluate; raises one of CEL_ERRORS, among them TypeError where the result is no bool."""
        outcome = self.program.execute(context)
        if not isinstance(outcome, bool):
            raise TypeError(f"{self.source} is neither true nor false")
        return outcome

    def explain(self, context: cel.Context) -> str:
        """The condition's values and its margin, for one case."""
        try:
            return self.say(context)
        except CEL_ERRORS:
            # one side of an `||` may be impossible to tell where the other decided
            return words.shortened(self.source, limit=200)


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
                    return Verdict(False, (condition.explain(context),))
            except CEL_ERRORS as error:
                failed = failed or error
        if failed is not None:
            return Verdict(False, (), error=words.shortened(str(failed).strip("'\""), limit=200))
        return Verdict(True, tuple([condition.explain(context) for condition in self.conditions]))


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


def _sayer(source: str, node: Node) -> Say:
    """What tells of one part of a rule; composed once, because it speaks of every case."""
    match node:
        case Operation(operator="!", operands=(inner,)):
            return _sayer(source, inner)
        case Operation(operator="||" | "&&"):
            return _joint_sayer(source, node)
        case Operation(operator=operator, operands=(left, right)) if operator in COMPARISONS:
            if isinstance(left, Literal) and operator != "in":
                left, right = right, left
            name, other = _subject(source, left), "" if _is_plain(right) else _subject(source, right)
            first, second = _valuer(source, left), _valuer(source, right)
            return lambda context: words.comparison(name, first(context), other, second(context))
        case Has(operand=operand):
            field, given = _subject(source, operand), _valuer(source, node)
            return lambda context: f"{field} is {'given' if given(context) else 'absent'}"
    name, value = _subject(source, node), _valuer(source, node)
    return lambda context: f"{name} is {words.value(value(context))}"


def _joint_sayer(source: str, node: Operation) -> Say:
    """Of an `||` that holds, what holds; of an `&&` that does not, what does not; else all of it."""
    parts = [(_valuer(source, operand), _sayer(source, operand)) for operand in node.operands]
    decisive = node.operator == "||"

    def say(context: cel.Context) -> str:
        telling = [tell for value, tell in parts if value(context) is decisive]
        return " and ".join(tell(context) for tell in telling[:1] or [tell for _, tell in parts])

    return say


def _valuer(source: str, node: Node) -> Value:
    if isinstance(node, Literal):
        constant = node.value
        return lambda _: constant
    execute: Value = cel.compile(_text(source, node)).execute
    return execute


def _subject(source: str, node: Node) -> str:
    return words.subject(_text(source, node), path_of(node))


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

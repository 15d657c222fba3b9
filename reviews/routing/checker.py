"""The type check of rules, done when a policy is saved.

Refused here: a field that does not exist, a comparison of text with a number, a value that the case type does
not know, a field that may be absent or null and is not asked for first. What the schema leaves open is `any`
and passes; a rule that raises all the same (a list too short, a text that is no time) sends its case to
people.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reviews.routing.tree import (
    Call,
    Has,
    Index,
    ListOf,
    Literal,
    Macro,
    MapOf,
    Name,
    Node,
    Operation,
    Select,
    path_of,
)
from reviews.routing.types import ANY, BOOL, DOUBLE, DURATION, INT, NULL, TEXT, TIMESTAMP, Field, Kind, Type

Path = tuple[str, ...]
MOST_NAMED = 40

_CLOCK = dict.fromkeys(
    ("getFullYear", "getMonth", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes",
     "getSeconds"),
    ((Kind.TIMESTAMP,), (), INT),
)  # fmt: skip
# method -> (kinds of what it is called on, kinds of its arguments, result)
_METHODS: Mapping[str, tuple[tuple[Kind, ...], tuple[Kind, ...], Type]] = {
    "contains": ((Kind.TEXT,), (Kind.TEXT,), BOOL),
    "startsWith": ((Kind.TEXT,), (Kind.TEXT,), BOOL),
    "endsWith": ((Kind.TEXT,), (Kind.TEXT,), BOOL),
    "matches": ((Kind.TEXT,), (Kind.TEXT,), BOOL),
    "size": ((Kind.TEXT, Kind.LIST, Kind.RECORD), (), INT),
    **_CLOCK,
}
# function -> (kinds of its argument, result)
_FUNCTIONS: Mapping[str, tuple[tuple[Kind, ...], Type]] = {
    "size": ((Kind.TEXT, Kind.LIST, Kind.RECORD), INT),
    "int": ((Kind.INT, Kind.DOUBLE, Kind.TEXT), INT),
    "double": ((Kind.INT, Kind.DOUBLE, Kind.TEXT), DOUBLE),
    "string": ((Kind.BOOL, Kind.INT, Kind.DOUBLE, Kind.TEXT, Kind.TIMESTAMP), TEXT),
    "timestamp": ((Kind.TEXT, Kind.TIMESTAMP), TIMESTAMP),
    "duration": ((Kind.TEXT,), DURATION),
}
_SUMS: Mapping[tuple[str, Kind, Kind], Type] = {
    ("+", Kind.TEXT, Kind.TEXT): TEXT,
    ("+", Kind.TIMESTAMP, Kind.DURATION): TIMESTAMP,
    ("+", Kind.DURATION, Kind.TIMESTAMP): TIMESTAMP,
    ("+", Kind.DURATION, Kind.DURATION): DURATION,
    ("-", Kind.TIMESTAMP, Kind.TIMESTAMP): DURATION,
    ("-", Kind.TIMESTAMP, Kind.DURATION): TIMESTAMP,
    ("-", Kind.DURATION, Kind.DURATION): DURATION,
}
_ORDERED = (Kind.INT, Kind.DOUBLE, Kind.TEXT, Kind.TIMESTAMP, Kind.DURATION)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with `source[start:end]`."""

    message: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Known:
    """What the conditions before this point have made sure of."""

    present: frozenset[Path] = frozenset()
    not_null: frozenset[Path] = frozenset()

    def __or__(self, other: "Known") -> "Known":
        return Known(self.present | other.present, self.not_null | other.not_null)


NOTHING = Known()


def check(node: Node, names: Mapping[str, Field]) -> list[Finding]:
    """Everything wrong with a rule over `names`; a rule must come out as true or false."""
    checker = _Checker()
    result = checker.infer(node, names, NOTHING)
    if result.kind not in (Kind.BOOL, Kind.ANY):
        checker.find(node, f"a rule is true or false; this is {result.kind}")
    return checker.findings


def known_if_true(node: Node) -> Known:
    """What is certain once `node` came out true."""
    match node:
        case Has(operand=operand):
            path = path_of(operand)
            return Known(present=frozenset([path])) if path else NOTHING
        case Operation(operator="in", operands=(Literal(value=str() as name), owner)):
            path = path_of(owner)
            return Known(present=frozenset([(*path, name)])) if path else NOTHING
        case Operation(operator="&&", operands=(left, right)):
            return known_if_true(left) | known_if_true(right)
        case Operation(operator="!", operands=(operand,)):
            return known_if_false(operand)
        case Operation(operator="!=", operands=operands):
            return _not_null(operands)
    return NOTHING


def known_if_false(node: Node) -> Known:
    """What is certain once `node` came out false."""
    match node:
        case Operation(operator="||", operands=(left, right)):
            return known_if_false(left) | known_if_false(right)
        case Operation(operator="!", operands=(operand,)):
            return known_if_true(operand)
        case Operation(operator="==", operands=operands):
            return _not_null(operands)
    return NOTHING


def _not_null(operands: tuple[Node, ...]) -> Known:
    paths = [path_of(operand) for operand in operands if not isinstance(operand, Literal)]
    if len(paths) == 1 and paths[0] and any(isinstance(o, Literal) and o.value is None for o in operands):
        return Known(not_null=frozenset([paths[0]]))
    return NOTHING


class _Checker:
    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def find(self, node: Node, message: str) -> Type:
        self.findings.append(Finding(message, node.start, node.end))
        return ANY

    def infer(self, node: Node, names: Mapping[str, Field], known: Known) -> Type:
        found = ANY
        match node:
            case Select(operand=operand, field=field):
                found = self.select(node, self.owner(operand, names, known), field, known)
            case Index():
                found = self.index(node, names, known)
            case Operation():
                found = self.operation(node, names, known)
            case Call():
                found = self.call(node, names, known)
            case Macro():
                found = self.macro(node, names, known)
            case Has(operand=Select(operand=operand, field=field)):
                self.select(node, self.owner(operand, names, known), field, None)
                found = BOOL
            case _:
                found = self.plain(node, names, known)
        return found

    def plain(self, node: Node, names: Mapping[str, Field], known: Known) -> Type:
        found = ANY
        match node:
            case Literal(value=value):
                found = _of_literal(value)
            case Name(name=name):
                found = names[name].type if name in names else self.find(node, f"there is no {name} here")
            case ListOf(items=items):
                found = Type(Kind.LIST, item=_joined([self.infer(item, names, known) for item in items]))
            case MapOf(entries=entries):
                values = [self.infer(value, names, known) for _, value in entries]
                found = Type(Kind.RECORD, rest=_joined(values))
        return found

    def owner(self, node: Node, names: Mapping[str, Field], known: Known) -> Type:
        found = self.infer(node, names, known)
        self.refuse_null(node, found)
        return found

    def select(self, node: Node, owner: Type, name: str, known: Known | None) -> Type:
        """A field of an object. Without `known` it is only asked whether the field is there."""
        if owner.kind is Kind.ANY:
            return ANY
        if owner.kind is not Kind.RECORD:
            return self.find(node, f"{owner.kind} has no field {name}")
        found = owner.fields.get(name)
        if found is None and owner.rest is None:
            near = f"; it has {_listed(owner.fields)}" if owner.fields else ""
            return self.find(node, f"there is no field {name}{near}")
        found = found or Field(owner.rest or ANY, required=False)
        path = path_of(node)
        if known is None:
            return found.type
        if not found.required and path not in known.present:
            dotted = ".".join(path) if path else name
            self.find(node, f"{name} may be absent: ask has({dotted}) first")
        return replace(found.type, nullable=False) if path in known.not_null else found.type

    def index(self, node: Index, names: Mapping[str, Field], known: Known) -> Type:
        owner, index = self.owner(node.operand, names, known), self.infer(node.index, names, known)
        if owner.kind is Kind.RECORD:
            if isinstance(node.index, Literal) and isinstance(node.index.value, str):
                return self.select(node, owner, node.index.value, known)
            return owner.rest or ANY
        if owner.kind is Kind.LIST:
            if index.kind not in (Kind.INT, Kind.ANY):
                self.find(node.index, f"a place in a list is a whole number, not {index.kind}")
            return owner.item or ANY
        return ANY if owner.kind is Kind.ANY else self.find(node, f"{owner.kind} has no places")

    def refuse_null(self, node: Node, found: Type) -> None:
        if found.nullable:
            path = path_of(node)
            self.find(node, f"this may be null: ask {'.'.join(path) if path else '…'} != null first")

    def operation(self, node: Operation, names: Mapping[str, Field], known: Known) -> Type:
        operator, operands = node.operator, node.operands
        if operator in ("&&", "||"):
            learned = known_if_true(operands[0]) if operator == "&&" else known_if_false(operands[0])
            self.truth(operands[0], names, known)
            self.truth(operands[1], names, known | learned)
            return BOOL
        if operator == "!":
            return self.truth(operands[0], names, known)
        if operator == "?":
            self.truth(operands[0], names, known)
            chosen = self.infer(operands[1], names, known | known_if_true(operands[0]))
            other = self.infer(operands[2], names, known | known_if_false(operands[0]))
            return _joined([chosen, other])
        types = [self.infer(operand, names, known) for operand in operands]
        if operator in ("==", "!="):
            return self.equality(node, *types)
        if operator == "in":
            # null is a value like any other to look for; only what is looked into must not be null
            self.refuse_null(operands[1], types[1])
            return self.membership(node, *types)
        for operand, found in zip(operands, types, strict=True):
            self.refuse_null(operand, found)
        return self.order(node, *types) if operator in ("<", "<=", ">", ">=") else self.arithmetic(node, types)

    def truth(self, node: Node, names: Mapping[str, Field], known: Known) -> Type:
        found = self.infer(node, names, known)
        self.refuse_null(node, found)
        if found.kind not in (Kind.BOOL, Kind.ANY):
            self.find(node, f"a condition is true or false; this is {found.kind}")
        return BOOL

    def equality(self, node: Operation, left: Type, right: Type) -> Type:
        if Kind.NULL in (left.kind, right.kind):
            other = right if left.kind is Kind.NULL else left
            if not other.nullable and other.kind not in (Kind.ANY, Kind.NULL):
                self.find(node, "this is never null")
        elif not _comparable(left, right):
            self.find(node, f"{left.kind} is never equal to {right.kind}")
        else:
            self.known_value(node, left, right)
        return BOOL

    def known_value(self, node: Node, left: Type, right: Type) -> None:
        if left.values is not None and right.values is not None and not left.values & right.values:
            told = sorted(left.values if len(left.values) >= len(right.values) else right.values)
            self.find(node, f"never equal: it is one of {_listed(told)}")

    def order(self, node: Operation, left: Type, right: Type) -> Type:
        open_ended = Kind.ANY in (left.kind, right.kind)
        if not open_ended and (not _comparable(left, right) or left.kind not in _ORDERED):
            self.find(node, f"cannot order {left.kind} and {right.kind}")
        return BOOL

    def membership(self, node: Operation, element: Type, container: Type) -> Type:
        if container.kind is Kind.LIST:
            item = container.item or ANY
            if not _comparable(element, item):
                self.find(node, f"{element.kind} is never in a list of {item.kind}")
            else:
                self.known_value(node, element, item)
        elif container.kind not in (Kind.RECORD, Kind.ANY):
            self.find(node, f"in needs a list or an object, not {container.kind}")
        return BOOL

    def arithmetic(self, node: Operation, types: list[Type]) -> Type:
        kinds = [found.kind for found in types]
        if Kind.ANY in kinds:
            return ANY
        if len(types) == 1:
            return types[0] if types[0].numeric else self.find(node, f"cannot negate {kinds[0]}")
        left, right = types
        if left.numeric and right.numeric:
            if left.kind is not right.kind:
                return self.find(node, "a whole number and a number do not mix: write double(…) or 1.0")
            if node.operator != "%" or left.kind is Kind.INT:
                return left
        if node.operator == "+" and left.kind is right.kind is Kind.LIST:
            return left
        told = f"{left.kind} {node.operator} {right.kind} has no meaning"
        return _SUMS.get((node.operator, left.kind, right.kind)) or self.find(node, told)

    def call(self, node: Call, names: Mapping[str, Field], known: Known) -> Type:
        parts = node.arguments if node.target is None else (node.target, *node.arguments)
        types = [self.infer(part, names, known) for part in parts]
        if node.target is None:
            accepted, result = _FUNCTIONS.get(node.function, ((), ANY))
            wanted: tuple[tuple[Kind, ...], ...] = (accepted,)
            exists = node.function in _FUNCTIONS
        else:
            on, arguments, result = _METHODS.get(node.function, ((), (), ANY))
            wanted = (on, *((kind,) for kind in arguments))
            exists = node.function in _METHODS
        if not exists:
            return self.find(node, f"there is no function {node.function}")
        if len(parts) != len(wanted):
            return self.find(node, f"{node.function} takes {len(wanted) - (node.target is not None)} arguments")
        for part, found, kinds in zip(parts, types, wanted, strict=True):
            self.refuse_null(part, found)
            if found.kind is not Kind.ANY and found.kind not in kinds:
                self.find(part, f"{node.function} needs {' or '.join(kinds)}, not {found.kind}")
        return result

    def macro(self, node: Macro, names: Mapping[str, Field], known: Known) -> Type:
        target = self.owner(node.target, names, known)
        if node.variable in names:
            self.find(node, f"{node.variable} is taken: choose another name")
        item = {Kind.LIST: target.item, Kind.RECORD: TEXT}.get(target.kind)
        if target.kind not in (Kind.LIST, Kind.RECORD, Kind.ANY):
            self.find(node, f"{node.macro} needs a list, not {target.kind}")
        inner = {**names, node.variable: Field(item or ANY, required=True)}
        for condition in node.bodies[:-1] if node.macro == "map" else node.bodies:
            self.truth(condition, inner, known)
        if node.macro == "map":
            return Type(Kind.LIST, item=self.infer(node.bodies[-1], inner, known))
        return target if node.macro == "filter" else BOOL


def _listed(names: Iterable[str]) -> str:
    """Names for a sentence; of many the first, and how many more there are."""
    told = sorted(names)
    more = f" and {len(told) - MOST_NAMED} more" if len(told) > MOST_NAMED else ""
    return ", ".join(told[:MOST_NAMED]) + more


def _of_literal(value: str | float | bool | None) -> Type:
    if isinstance(value, str):
        return Type(Kind.TEXT, values=frozenset([value]))
    # exact types: True is an int to Python, and an int a float to mypy
    return {bool: BOOL, int: INT, float: DOUBLE}.get(type(value), NULL)


def _comparable(left: Type, right: Type) -> bool:
    return left.kind is right.kind or Kind.ANY in (left.kind, right.kind) or (left.numeric and right.numeric)


def _joined(types: list[Type]) -> Type:
    """The type of something that is one of `types`."""
    if not types:
        return ANY
    first = types[0]
    if all(found.kind is first.kind for found in types):
        closed = [found.values for found in types]
        values = frozenset[str]().union(*[v for v in closed if v is not None]) if None not in closed else None
        return replace(first, values=values, nullable=any(found.nullable for found in types))
    if all(found.numeric for found in types):
        return DOUBLE
    return ANY

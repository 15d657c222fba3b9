"""The tree of a rule: its nodes, and ways to walk them."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of a rule: `text[start:end]` of its source."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal(Node):
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Name(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Select(Node):
    operand: Node
    field: str


@dataclass(frozen=True, slots=True)
class Index(Node):
    operand: Node
    index: Node


@dataclass(frozen=True, slots=True)
class Has(Node):
    operand: Select | Index


@dataclass(frozen=True, slots=True)
class Operation(Node):
    """`operator` over 1 (`!`, `-`), 2 (binary and `in`) or 3 (`?`) operands."""

    operator: str
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function, or a method when `target` is given."""

    function: str
    target: Node | None
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Macro(Node):
    """`target.macro(variable, body…)`."""

    macro: str
    target: Node
    variable: str
    bodies: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class MapOf(Node):
    entries: tuple[tuple[Node, Node], ...]


def children(node: Node) -> tuple[Node, ...]:
    """The direct parts of a node, in the order of the source."""
    parts: tuple[Node, ...] = ()
    match node:
        case Select(operand=operand) | Has(operand=operand):
            parts = (operand,)
        case Index(operand=operand, index=index):
            parts = (operand, index)
        case Operation(operands=operands):
            parts = operands
        case Call(target=target, arguments=arguments):
            parts = arguments if target is None else (target, *arguments)
        case Macro(target=target, bodies=bodies):
            parts = (target, *bodies)
        case ListOf(items=items):
            parts = items
        case MapOf(entries=entries):
            parts = tuple(part for entry in entries for part in entry)
    return parts


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, without recursion."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(children(current))


def depth(node: Node) -> int:
    """How many nodes lie on the longest way down, without recursion."""
    deepest, level = 0, [node]
    while level:
        deepest += 1
        level = [child for parent in level for child in children(parent)]
    return deepest


def conjuncts(node: Node) -> list[Node]:
    """The conditions joined by the outermost `&&`s, in the order of the source."""
    if isinstance(node, Operation) and node.operator == "&&":
        return [part for operand in node.operands for part in conjuncts(operand)]
    return [node]


def path_of(node: Node) -> tuple[str, ...] | None:
    """`case.a.b` and `case["a"].b` as ("case", "a", "b"); None for anything that is not such a path."""
    match node:
        case Name(name=name):
            return (name,)
        case Select(operand=operand, field=field):
            parent = path_of(operand)
            return None if parent is None else (*parent, field)
        case Index(operand=operand, index=Literal(value=str() as key)):
            parent = path_of(operand)
            return None if parent is None else (*parent, key)
        case _:
            return None

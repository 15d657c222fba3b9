"""A reader of the part of CEL that routing rules may use.

The evaluation itself is done by the `cel` package; it gives no tree, and a tree is what the type check, the
list of conditions and their explanation in words need.
Grammar: https://github.com/google/cel-spec/blob/master/doc/langdef.md. Left out, because no rule needs it:
message literals, bytes, unsigned integers, a leading dot.
"""

import ast
import re
from collections.abc import Callable, Iterator
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
    depth,
)

MAX_LENGTH = 2_000
# The evaluator recurses natively: a rule that nests without bound would overflow its stack.
MAX_DEPTH = 24
MAX_TREE_DEPTH = 100

COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")
MACROS = ("all", "exists", "exists_one", "filter", "map")

_TOKEN = re.compile(
    r"""(?P<space>(?:\s|//[^\n]*)+)
      | (?P<float>(?:\d+\.\d+|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)
      | (?P<int>0[xX][0-9a-fA-F]+|\d+)
      | (?P<string>[rR]?(?:\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''
            |\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'))
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<symbol>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}])""",
    re.VERBOSE | re.DOTALL,
)
_RESERVED = frozenset({
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
    "namespace", "return", "var", "void", "while",
})  # fmt: skip


class RuleSyntaxError(ValueError):
    """The text is not a rule; `start` is the offset of the first character that is wrong."""

    def __init__(self, message: str, *, start: int) -> None:
        super().__init__(message)
        self.start = start


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def parse(source: str) -> Node:
    """Read one expression. Raises RuleSyntaxError with the place of the first error."""
    if len(source) > MAX_LENGTH:
        raise RuleSyntaxError(f"a rule has at most {MAX_LENGTH} characters", start=MAX_LENGTH)
    node = _Parser(list(_tokens(source))).whole()
    if depth(node) > MAX_TREE_DEPTH:
        raise RuleSyntaxError(f"nested more than {MAX_TREE_DEPTH} deep", start=0)
    return node


def _tokens(source: str) -> Iterator[_Token]:
    position = 0
    while position < len(source):
        found = _TOKEN.match(source, position)
        if found is None:
            raise RuleSyntaxError(f"unexpected character {source[position]!r}", start=position)
        kind = str(found.lastgroup)
        if kind != "space":
            yield _Token(kind, found.group(), position, found.end())
        position = found.end()
    yield _Token("end", "the end", position, position)


class _Parser:
    """Recursive descent, one method a level of precedence, loosest first."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.next
        self.at += 1
        return token

    def sees(self, *symbols: str) -> bool:
        return self.next.text in symbols and self.next.kind in ("symbol", "name")

    def expect(self, symbol: str) -> _Token:
        if not self.sees(symbol):
            raise RuleSyntaxError(f"expected “{symbol}” before {self.next.text}", start=self.next.start)
        return self.take()

    def whole(self) -> Node:
        node = self.expression()
        if self.next.kind != "end":
            raise RuleSyntaxError(f"unexpected {self.next.text}", start=self.next.start)
        return node

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise RuleSyntaxError(f"nested more than {MAX_DEPTH} deep", start=self.next.start)
        node = self.either()
        if self.sees("?"):
            self.take()
            chosen = self.either()
            self.expect(":")
            node = _operation("?", node, chosen, self.expression())
        self.depth -= 1
        return node

    def either(self) -> Node:
        return self.left_to_right(self.both, "||")

    def both(self) -> Node:
        return self.left_to_right(self.relation, "&&")

    def relation(self) -> Node:
        return self.left_to_right(self.sum, *COMPARISONS, "in")

    def sum(self) -> Node:
        return self.left_to_right(self.product, "+", "-")

    def product(self) -> Node:
        return self.left_to_right(self.unary, "*", "/", "%")

    def left_to_right(self, operand: Callable[[], Node], *symbols: str) -> Node:
        node = operand()
        while self.sees(*symbols):
            node = _operation(self.take().text, node, operand())
        return node

    def unary(self) -> Node:
        if not self.sees("!", "-"):
            return self.member()
        sign = self.take()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise RuleSyntaxError(f"nested more than {MAX_DEPTH} deep", start=sign.start)
        operand = self.unary()
        self.depth -= 1
        return Operation(sign.start, operand.end, sign.text, (operand,))

    def member(self) -> Node:
        node = self.primary()
        while self.sees(".", "["):
            if self.take().text == "[":
                index = self.expression()
                node = Index(node.start, self.expect("]").end, node, index)
                continue
            node = self.named_member(node)
        return node

    def named_member(self, owner: Node) -> Node:
        name = self.name()
        if self.sees("("):
            return self.method(owner, name)
        return Select(owner.start, name.end, owner, name.text)

    def name(self) -> _Token:
        token = self.take()
        if token.kind != "name" or token.text in _RESERVED or token.text in ("in", "true", "false", "null"):
            raise RuleSyntaxError(f"expected a name before {token.text}", start=token.start)
        return token

    def method(self, target: Node, function: _Token) -> Node:
        arguments, end = self.arguments(")")
        if function.text not in MACROS:
            return Call(target.start, end, function.text, target, arguments)
        wanted = (2, 3) if function.text == "map" else (2,)
        if len(arguments) not in wanted or not isinstance(arguments[0], Name):
            raise RuleSyntaxError(f"{function.text} takes a variable and a condition", start=function.start)
        return Macro(target.start, end, function.text, target, arguments[0].name, arguments[1:])

    def arguments(self, closing: str) -> tuple[tuple[Node, ...], int]:
        self.take()
        found: list[Node] = []
        while not self.sees(closing):
            found.append(self.expression())
            if not self.sees(closing):
                self.expect(",")
        return tuple(found), self.take().end

    def primary(self) -> Node:
        token = self.next
        match token.kind, token.text:
            case "symbol", "(":
                self.take()
                inner = self.expression()
                return replace(inner, start=token.start, end=self.expect(")").end)
            case "symbol", "[":
                items, end = self.arguments("]")
                return ListOf(token.start, end, items)
            case "symbol", "{":
                return self.mapping()
            case (("int" | "float" | "string"), _):
                return self.literal()
            case "name", ("true" | "false" | "null"):
                self.take()
                return Literal(token.start, token.end, {"true": True, "false": False}.get(token.text))
            case _:
                return self.named()

    def named(self) -> Node:
        name = self.name()
        if not self.sees("("):
            return Name(name.start, name.end, name.text)
        arguments, end = self.arguments(")")
        if name.text != "has":
            return Call(name.start, end, name.text, None, arguments)
        if len(arguments) != 1 or not isinstance(arguments[0], Select):
            raise RuleSyntaxError("has takes one field, as in has(case.amount)", start=name.start)
        return Has(name.start, end, arguments[0])

    def mapping(self) -> Node:
        start, entries = self.take().start, list[tuple[Node, Node]]()
        while not self.sees("}"):
            key = self.expression()
            self.expect(":")
            entries.append((key, self.expression()))
            if not self.sees("}"):
                self.expect(",")
        return MapOf(start, self.take().end, tuple(entries))

    def literal(self) -> Node:
        token = self.take()
        try:
            value = _string(token.text) if token.kind == "string" else _number(token)
        except (SyntaxError, ValueError) as error:
            raise RuleSyntaxError(f"cannot read {token.text}", start=token.start) from error
        return Literal(token.start, token.end, value)


def _operation(operator: str, *operands: Node) -> Operation:
    return Operation(operands[0].start, operands[-1].end, operator, operands)


def _number(token: _Token) -> int | float:
    if token.kind == "float":
        return float(token.text)
    value = int(token.text, 16) if token.text[:2] in ("0x", "0X") else int(token.text)
    if value >= 2**63:
        raise ValueError("beyond 64 bits")
    return value


def _string(text: str) -> str:
    # CEL knows two escapes that Python does not: \? and \`
    if text[0] not in "rR":
        text = re.sub(r"(?s)\\(.)", lambda escape: escape[1] if escape[1] in "?`" else escape[0], text)
    return str(ast.literal_eval(text))

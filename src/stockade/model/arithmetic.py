"""Arithmetic of `bantime.formula` and `bantime.factor`: parsed when the configuration is read, computed at a ban.

In: the expression and the ban's numbers. Out: a number, or NoValue. The text is parsed by `ast` and walked by this
module, node by node, from a whitelist; it is never compiled or evaluated as code. Every size is bounded, so no formula
can stall.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Collection, Mapping
from typing import Final

MAX_CHARS: Final = 1_000
"""Longer text is refused."""
MAX_NODES: Final = 300
"""More syntax nodes are refused."""
MAX_DEPTH: Final = 40
"""Deeper nesting is refused."""
MAX_SHIFT: Final = 200
"""Shifts by more bits are an error."""
MAX_EXPONENT: Final = 1_000
"""`**` with a larger exponent is an error."""
MAX_RESULT: Final = 1e100
"""A larger intermediate value is an error; with it, big integers stay small enough to be quick."""

Number = int | float
Call = Callable[..., Number]


def _power(base: Number, exponent: Number) -> Number:
    if abs(exponent) > MAX_EXPONENT:
        raise ValueError(f"exponent beyond {MAX_EXPONENT}")
    return math.pow(base, exponent)


def _shift(value: Number, bits: Number, shift: Callable[[int, int], int]) -> Number:
    if not isinstance(value, int) or not isinstance(bits, int):
        raise TypeError("only whole numbers can be shifted")
    if bits > MAX_SHIFT:
        raise ValueError(f"shift by more than {MAX_SHIFT} bits")
    return shift(value, bits)


_BINARY: Final[Mapping[type[ast.operator], Callable[[Number, Number], Number]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
    ast.LShift: lambda a, b: _shift(a, b, operator.lshift),
    ast.RShift: lambda a, b: _shift(a, b, operator.rshift),
}
_COMPARE: Final[Mapping[type[ast.cmpop], Callable[[Number, Number], bool]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_FUNCTIONS: Final[Mapping[str, Call]] = {"min": min, "max": max, "int": int, "float": float, "round": round, "abs": abs}
_MATH: Final[Mapping[str, Call]] = {
    name: getattr(math, name)
    for name in (
        "ceil",
        "floor",
        "trunc",
        "sqrt",
        "exp",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "sin",
        "cos",
        "tan",
        "atan",
    )
}
_CONSTANTS: Final = {"math.pi": math.pi, "math.e": math.e}
REMEDY: Final = "use numbers, ban.Time, ban.Count, banFactor, + - * / // % ** << >>, a if c else b, min, max, math.*"


class NoValue(Exception):
    """Says why a text is no expression, or has no value."""


class TooLarge(NoValue):
    """The value, or one on the way to it, is beyond MAX_RESULT (or infinite)."""


class Expression:
    """A parsed expression, computed as often as wanted. NoValue for a text that is none of ours."""

    __slots__ = ("_tree",)

    def __init__(self, text: str, variables: Collection[str] = ()) -> None:
        self._tree = _parse(text)
        _check_names(self._tree, {*_CONSTANTS, *variables})

    def value(self, names: Mapping[str, Number], draw: Callable[[], float]) -> float:
        """The number it stands for; `draw` gives the numbers of `random.random()`, 0 ≤ x < 1. Raises NoValue."""
        try:
            return float(_Walker({**_CONSTANTS, **names}, draw).value(self._tree, 0))
        except OverflowError as error:
            raise TooLarge(f"the expression has no value ({error})") from None
        except (ArithmeticError, ValueError, TypeError) as error:
            raise NoValue(f"the expression has no value ({error})") from None


def evaluate_factor(text: str) -> float:
    """The value of `bantime.factor`: a number or an arithmetic expression without variables. Raises NoValue."""
    return Expression(text).value({}, _middle)


class Formula:
    """`bantime.formula`: an expression of `ban.Time`, `ban.Count` and `banFactor`. NoValue for any other text."""

    __slots__ = ("_expression",)

    def __init__(self, text: str) -> None:
        self._expression = Expression(text, ("ban.Time", "ban.Count", "banFactor"))

    def seconds(self, *, time: float, count: int, factor: float, draw: Callable[[], float] | None = None) -> float:
        """Its value for a ban time in seconds, the number of earlier bans and the factor. Raises NoValue."""
        seconds: Number = int(time) if float(time).is_integer() else time
        return self._expression.value({"ban.Time": seconds, "ban.Count": count, "banFactor": factor}, draw or _middle)


def _middle() -> float:
    return 0.5


def _refused(what: str) -> NoValue:
    return NoValue(f"not permitted in an expression ({what})")


def _parse(text: str) -> ast.expr:
    if len(text) > MAX_CHARS:
        raise _refused(f"more than {MAX_CHARS} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _refused("not an arithmetic expression") from None
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise _refused("too long")
    return tree


def _check_names(tree: ast.expr, names: Collection[str]) -> None:
    """Refuses unknown names in branches that this computation does not take, too."""
    owners = {"ban", "math", "random"}
    functions = {*_FUNCTIONS, "pow", "math.pow", "random.random", "random.uniform", *(f"math.{name}" for name in _MATH)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            name = _dotted(node)
            if name not in names and name not in functions and name not in owners:
                raise _refused(f"unknown name {name}")


class _Walker:
    """Computes one tree with fixed names."""

    def __init__(self, names: Mapping[str, Number], draw: Callable[[], float]) -> None:
        self.names = names
        self.draw = draw

    def value(self, node: ast.expr, depth: int) -> Number:
        """The number a node stands for; every intermediate value is bounded."""
        if depth > MAX_DEPTH:
            raise _refused("nested too deeply")
        found = self._node(node, depth + 1)
        if isinstance(found, complex) or not found >= -MAX_RESULT:
            raise ValueError("not a number in range")
        if found > MAX_RESULT:
            raise OverflowError("a value out of range")
        return found

    def _node(self, node: ast.expr, depth: int) -> Number:
        match node:
            case ast.Constant(value=bool() | int() | float() as number):
                return number
            case ast.Name() | ast.Attribute():
                return self._name(node)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return _BINARY[type(op)](self.value(left, depth), self.value(right, depth))
            case ast.UnaryOp(op=op, operand=operand):
                return _unary(op, self.value(operand, depth))
            case ast.Compare():
                return self._compare(node, depth)
            case ast.BoolOp(op=op, values=parts):
                return self._logic(op, parts, depth)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.value(body if self.value(test, depth) else orelse, depth)
            case ast.Call(keywords=[]):
                return self._call(node, depth)
        raise _refused(type(node).__name__)

    def _name(self, node: ast.expr) -> Number:
        name = _dotted(node)
        if name not in self.names:
            raise _refused(f"unknown name {name}")
        return self.names[name]

    def _call(self, node: ast.Call, depth: int) -> Number:
        name = _dotted(node.func)
        arguments = [self.value(argument, depth) for argument in node.args]
        if name == "random.random" and not arguments:
            return self.draw()
        if name == "random.uniform" and len(arguments) == 2:
            return arguments[0] + (arguments[1] - arguments[0]) * self.draw()
        if name in ("math.pow", "pow") and len(arguments) == 2:
            return _power(arguments[0], arguments[1])
        function = _MATH.get(name.removeprefix("math.")) if name.startswith("math.") else _FUNCTIONS.get(name)
        if function is None:
            raise _refused(f"unknown function {name}")
        return function(*arguments)

    def _compare(self, node: ast.Compare, depth: int) -> Number:
        left = self.value(node.left, depth)
        for op, item in zip(node.ops, node.comparators, strict=True):
            right = self.value(item, depth)
            if type(op) not in _COMPARE:
                raise _refused(type(op).__name__)
            if not _COMPARE[type(op)](left, right):
                return False
            left = right
        return True

    def _logic(self, op: ast.boolop, parts: list[ast.expr], depth: int) -> Number:
        found: Number = 0
        for part in parts:
            found = self.value(part, depth)
            if bool(found) == isinstance(op, ast.Or):
                break
        return found


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return f"{owner}.{name}"
    raise _refused("only names such as ban.Time")


def _unary(op: ast.unaryop, value: Number) -> Number:
    match op:
        case ast.USub():
            return -value
        case ast.UAdd():
            return value
        case ast.Not():
            return not value
    raise _refused(type(op).__name__)

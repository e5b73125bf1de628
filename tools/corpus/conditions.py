"""Conditions in sample files (`opts.get('mode') == 'aggressive'`), evaluated without running them as code.

In: an expression in the subset of Python that sample files use, and the names it may use. Out: true or false, or
BadCondition. Names, constants, comparisons, `in`, `and`, `or`, `not` and `.get(…)` are understood, nothing else.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

MAX_LENGTH = 500
"""Characters of a condition; a longer one is refused, as it may be nested deeper than can be walked."""


class BadCondition(ValueError):
    """A condition uses more than the subset that is understood."""


def holds(condition: str, names: Mapping[str, Any]) -> bool:
    """Tells whether a condition is true; raises BadCondition."""
    if len(condition) > MAX_LENGTH:
        raise BadCondition(f"the condition is longer than {MAX_LENGTH} characters")
    try:
        tree = ast.parse(condition.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadCondition(f"not an expression: {condition!r}") from error
    return bool(_value(tree.body, names))


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value):
            return value
        case ast.Name(name) if name in names:
            return names[name]
        case ast.Tuple(items) | ast.List(items) | ast.Set(items):
            return [_value(item, names) for item in items]
        case ast.UnaryOp(ast.Not(), operand):
            return not _value(operand, names)
        case ast.BoolOp(ast.And(), values):
            return all(_value(each, names) for each in values)
        case ast.BoolOp(ast.Or(), values):
            return any(_value(each, names) for each in values)
        case ast.Compare(left, operators, others):
            return _compared(left, operators, others, names)
        case ast.Call(ast.Attribute(owner, "get"), arguments, []) if len(arguments) in (1, 2):
            return _looked_up(_value(owner, names), [_value(each, names) for each in arguments])
    raise BadCondition(f"not understood: {ast.unparse(node)}")


def _compared(left: ast.expr, operators: list[ast.cmpop], others: list[ast.expr], names: Mapping[str, Any]) -> bool:
    value = _value(left, names)
    for operator, other in zip(operators, others, strict=True):
        right = _value(other, names)
        match operator:
            case ast.Eq() | ast.Is():
                is_true = value == right
            case ast.NotEq() | ast.IsNot():
                is_true = value != right
            case ast.In():
                is_true = _contains(right, value)
            case ast.NotIn():
                is_true = not _contains(right, value)
            case _:
                raise BadCondition(f"a comparison that is not understood: {type(operator).__name__}")
        if not is_true:
            return False
        value = right
    return True


def _contains(container: Any, item: Any) -> bool:
    if isinstance(container, str) and isinstance(item, str):
        return item in container
    if isinstance(container, list | Mapping):
        return item in container
    raise BadCondition(f"`in` needs texts or a list, not {container!r}")


def _looked_up(owner: Any, arguments: list[Any]) -> Any:
    if not isinstance(owner, Mapping) or not isinstance(arguments[0], str):
        raise BadCondition(".get needs a dictionary and a text")
    return owner.get(*arguments)

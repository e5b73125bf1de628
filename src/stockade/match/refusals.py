"""Finds which expressions of a filter the matching engine refuses though Python accepts them.

In: a filter and what the scanner was given for it. Out: an ExpressionError with its place for each. Only asked when a
scanner could not be opened: every expression is compiled once more, alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stockade._scanner import Scanner
from stockade.match.limits import Limits
from stockade.match.problem import ExpressionError
from stockade.match.spec import DateSpec, FilterSpec, RuleSpec
from stockade.model.settings import FilterSettings

_NO_DATES = (DateSpec("{NONE}", "^()", 1, ((1, "N"),), True),)
_REASON = re.compile(r": (?P<reason>[^:]*?)(?: at offset \d+)? in \"")
"""What the scanner says between the name of an expression and its text, which its author never wrote."""

_REMEDIES = (
    ("too large", "use smaller counts in {…}, fewer of them within one another, or several expressions"),
    ("lookbehind", "write the look-behind without a reference to another group"),
)


def refused_expressions(filter: FilterSettings, spec: FilterSpec) -> Iterator[ExpressionError]:  # noqa: A002
    """Yields an error for each expression that cannot be compiled on its own, in the order of the filter's options."""
    prefix = [spec.prefix] if spec.prefix else []
    texts = (("prefregex", (filter.prefregex,) * len(prefix), prefix), ("failregex", filter.failregex, spec.rules))
    for option, lines, rules in (*texts, ("ignoreregex", filter.ignoreregex, spec.ignores)):
        for index, (line, rule) in enumerate(zip(lines, rules, strict=True)):
            reason = _refusal([rule], spec.maxlines)
            if reason:
                yield _error(reason).placed(filter.name, option, index, line)


def _refusal(rules: Sequence[RuleSpec], maxlines: int) -> str:
    """Why the engine does not take the rules; "" if it does."""
    alone = FilterSpec("", None, tuple(rules), (), _NO_DATES, maxlines, "raw", None, False, ())
    try:
        Scanner([alone], Limits())
    except ValueError as error:
        found = _REASON.search(str(error))
        return found["reason"] if found else str(error)
    return ""


def _error(reason: str) -> ExpressionError:
    remedy = next((remedy for part, remedy in _REMEDIES if part in reason), "simplify the expression")
    return ExpressionError(f"Python accepts this expression, but the matching engine does not: {reason}", remedy)

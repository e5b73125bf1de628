"""Opens a scanner for the filters that watch one source: the daemon, `test` and `replay` all go through here.

In: filters with their find times, the present time, the zone, bounds. Out: a native `Scanner`, or an ExpressionError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from stockade._scanner import Scanner
from stockade.match.compile import Surroundings, compile_filter, filter_errors, surroundings
from stockade.match.encodings import log_encoding
from stockade.match.limits import Limits
from stockade.match.problem import ExpressionError
from stockade.match.spec import FilterSpec
from stockade.model.settings import FilterSettings


@dataclass(frozen=True, slots=True)
class FilterUse:
    """A filter and how one jail uses it; without `findtime` no line is too old."""

    filter: FilterSettings
    findtime: float | None = None
    is_all_rules: bool = False


def open_scanner(
    uses: Sequence[FilterUse],
    *,
    now: float,
    local_zone: tzinfo,
    limits: Limits | None = None,
    is_explaining: bool = False,
    shared: Surroundings | None = None,
) -> Scanner:
    """Compiles all filters of one source and returns the scanner that runs them in one pass.

    Filters keep their order: a failure's `filter` is an index of `uses`. Raises ExpressionError.
    """
    common = shared or surroundings(now, local_zone)
    specs = [
        compile_filter(
            use.filter,
            findtime=use.findtime,
            now=now,
            local_zone=local_zone,
            is_all_rules=use.is_all_rules,
            shared=common,
        )
        for use in uses
    ]
    return _opened(specs, limits or Limits(), _encoding(uses), is_explaining=is_explaining)


def check_filter(filter: FilterSettings, shared: Surroundings) -> list[ExpressionError]:  # noqa: A002 - the operator's word
    """Returns everything that keeps a filter from running, what only PCRE2 finds included."""
    errors = filter_errors(filter, shared)
    if errors:
        return errors
    try:
        open_scanner([FilterUse(filter)], now=0.0, local_zone=UTC, shared=shared)
    except ExpressionError as error:
        return [error]
    return []


def _encoding(uses: Sequence[FilterUse]) -> str:
    """The one encoding of a source; raises ExpressionError if its filters disagree."""
    names = {log_encoding(use.filter.logencoding).scanner_name: use.filter for use in uses}
    if len(names) > 1:
        first, second = list(names)[:2]
        raise ExpressionError(
            f"filters of one log disagree on its encoding: {first} and {second}", "give them the same logencoding"
        ).placed(names[second].name, "logencoding", 0, names[second].logencoding)
    return next(iter(names), "utf-8")


def _opened(specs: Sequence[FilterSpec], limits: Limits, encoding: str, *, is_explaining: bool) -> Scanner:
    try:
        return Scanner(specs, limits, is_explaining=is_explaining, encoding=encoding)
    except ValueError as error:
        raise ExpressionError(
            f"the matching engine refuses an expression: {error}", "simplify the expression that is named"
        ) from None

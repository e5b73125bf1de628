"""Opens a scanner for the filters that watch one source: the daemon, `test` and `replay` all go through here.

In: filters with their find times, the present time, the zone, bounds. Out: a scanner, or an ExpressionError. For most
encodings it is the native `Scanner` itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from stockade._scanner import Scanner
from stockade.match.compile import Surroundings, compile_filter, filter_errors, surroundings
from stockade.match.encodings import Encoding, log_encoding
from stockade.match.json_lines import JsonLines
from stockade.match.limits import Limits
from stockade.match.line_scanner import LineScanner
from stockade.match.problem import ExpressionError
from stockade.match.refusals import refused_expressions
from stockade.match.spec import FilterSpec
from stockade.match.transcoding import Transcoder
from stockade.model.settings import FilterSettings, JsonSettings


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
) -> LineScanner:
    """Compiles all filters of one source and returns the scanner that runs them in one pass.

    Filters keep their order: a failure's `filter` is an index of `uses`. Raises ExpressionError.
    """
    specs = compile_uses(uses, now=now, local_zone=local_zone, shared=shared)
    return scanner_of(specs, uses, limits=limits, is_explaining=is_explaining)


def compile_uses(
    uses: Sequence[FilterUse], *, now: float, local_zone: tzinfo, shared: Surroundings | None = None
) -> tuple[FilterSpec, ...]:
    """Compiles filters: the costly part (20 ms for sshd), the same for every source that they watch."""
    common = shared or surroundings(now, local_zone)
    return tuple(
        compile_filter(
            use.filter,
            findtime=use.findtime,
            now=now,
            local_zone=local_zone,
            is_all_rules=use.is_all_rules,
            shared=common,
        )
        for use in uses
    )


def scanner_of(
    specs: Sequence[FilterSpec],
    uses: Sequence[FilterUse],
    *,
    limits: Limits | None = None,
    is_explaining: bool = False,
) -> LineScanner:
    """Makes the scanner of one source from compiled filters (1 ms for sshd)."""
    return _opened(specs, limits or Limits(), _encoding(uses), _json(uses), is_explaining=is_explaining)


def check_filter(filter: FilterSettings, shared: Surroundings) -> list[ExpressionError]:  # noqa: A002 - the operator's word
    """Returns everything that keeps a filter from running, what only PCRE2 finds included."""
    errors = filter_errors(filter, shared)
    if errors:
        return errors
    spec = compile_filter(filter, findtime=None, now=0.0, local_zone=UTC, shared=shared)
    try:
        _opened([spec], Limits(), log_encoding(filter.logencoding), filter.json, is_explaining=False)
    except ExpressionError as error:
        return list(refused_expressions(filter, spec)) or [error]
    return []


def _encoding(uses: Sequence[FilterUse]) -> Encoding:
    """The one encoding of a source; raises ExpressionError if its filters disagree."""
    found = {log_encoding(use.filter.logencoding): use.filter for use in uses}
    if len(found) > 1:
        first, second = list(found)[:2]
        raise ExpressionError(
            f"filters of one log disagree on its encoding: {first.name} and {second.name}",
            "give them the same logencoding",
        ).placed(found[second].name, "logencoding", 0, found[second].logencoding)
    return next(iter(found), Encoding("utf-8"))


def _json(uses: Sequence[FilterUse]) -> JsonSettings | None:
    """How the records of one source become text; raises ExpressionError if its filters disagree."""
    found = {use.filter.json: use.filter for use in uses}
    if len(found) > 1:
        first, second = list(found.values())[:2]
        text = second.json.text if second.json else ""
        raise ExpressionError(
            f"filters of one log disagree on the fields they read: {first.name} and {second.name}",
            "give them the same jsontext, jsontime and jsonmatch, or try them one by one",
        ).placed(second.name, "jsontext", 0, text)
    return next(iter(found), None)


def _opened(
    specs: Sequence[FilterSpec], limits: Limits, encoding: Encoding, json: JsonSettings | None, *, is_explaining: bool
) -> LineScanner:
    name = "utf-8" if encoding.is_converted else encoding.name
    try:
        scanner = Scanner(specs, limits, is_explaining=is_explaining, encoding=name, table=encoding.table)
    except ValueError as error:
        raise ExpressionError(
            f"the matching engine refuses an expression: {error}", "simplify the expression that is named"
        ) from None
    if json is not None:
        return JsonLines(scanner, json, limits.max_line, is_explaining=is_explaining)
    return Transcoder(scanner, encoding.name, limits.max_line) if encoding.is_converted else scanner

"""The view of `test`: what became of the lines, which rules hit, who it was, and what to try when nothing matched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stockade.cli.humanise import count, plural
from stockade.cli.safe_text import safe_text
from stockade.cli.views.bars import BAR, Bar
from stockade.cli.views.style import BAD, FAINT, GOOD, HEAD, WARN, advice, table

LEAST = 20
"""Characters of an expression that the table of rules shows even where there is no room for them."""

_VERDICTS = (
    ("fail", GOOD, "a failure is counted"),
    ("nofail", "cyan", "matched: a helper, or part of a session"),
    ("ignored", FAINT, "ignoreregex"),
    ("missed", "", "no rule matched"),
    ("old", WARN, "older than findtime"),
    ("odd", BAD, "hit a limit, is damaged, or matched without a time"),
)


def render_test(
    log: str,
    filters: Sequence[str],
    summary: Mapping[str, Any],
    *,
    top: Sequence[tuple[str, int]],
    odd: Sequence[Mapping[str, Any]] = (),
    missed: Sequence[Mapping[str, Any]] = (),
    damage: Sequence[str] = (),
    columns: int = 100,
) -> Iterator[RenderableType]:
    """Gives the page for a summary of the tester; `top` is who failed most, with counts, `odd` the first odd
    lines, `missed` the missed ones if they are few, `damage` what kept the log from being read to its end."""
    names = ", ".join(safe_text(name) for name in filters)
    seconds = f" in {summary['seconds']:.2f} s"
    read = plural(summary["lines"], "line")
    yield Text.assemble((safe_text(log), HEAD), " through ", (names, HEAD), f": {read}", (seconds, FAINT))
    yield ""
    yield Padding(_verdicts(summary), (0, 0, 0, 2))
    rules = [rule for rule in summary["rules"] if rule["hits"]]
    if rules:
        yield ""
        yield Text("Rules that hit", HEAD)
        yield Padding(_rules(rules, columns, has_filters=len(filters) > 1), (0, 0, 0, 2))
    if top:
        yield ""
        yield Text("Most failures", HEAD)
        yield Padding(_top(top), (0, 0, 0, 2))
    if odd:
        yield ""
        yield Text("Odd lines", HEAD)
        yield from (render_line(row) for row in odd)
    if missed:
        yield ""
        yield Text("Missed lines", HEAD)
        yield from (render_line(row) for row in missed)
    for text in damage:
        yield ""
        yield advice(f"the log was not read to its end: {text} → what could be read is counted", WARN)
    for hint in _hints(summary, is_missed_shown=bool(missed)):
        yield ""
        yield advice(hint, WARN)


def render_line(row: Mapping[str, Any]) -> str:
    """Gives one line of the log with its number and verdict; plain, because there may be millions."""
    reason = f" ({row['reason']})" if row.get("reason") else ""
    return f"{row['n']:>8} {row['verdict']}{reason}  {safe_text(row['line'])}"


def _verdicts(summary: Mapping[str, Any]) -> Table:
    rows = table(["", ">", "=", "~"])
    rows.show_header = False
    lines = summary["lines"]
    for verdict, style, meaning in _VERDICTS:
        number = summary.get(verdict, 0)
        if number or verdict in ("fail", "missed"):
            rows.add_row(Text(verdict, style), count(number), Bar(number, lines, style), Text(meaning, FAINT))
    if summary["undated"]:
        rows.add_row(
            Text("undated", WARN), count(summary["undated"]), "", Text("of these, without a known date", FAINT)
        )
    return rows


def _rules(rules: Sequence[Mapping[str, Any]], columns: int, *, has_filters: bool) -> Table:
    """The rules that hit, most first; numbers are those of `--json` and count from 0."""
    rows = table([">rule", ">hits", "=", *(["filter"] if has_filters else []), "expression"])
    most = max(rule["hits"] for rule in rules)
    names = max(len(safe_text(rule.get("filter", ""))) for rule in rules) + 2 if has_filters else 0
    room = max(LEAST, columns - 2 - len("rule") - max(len("hits"), len(count(most))) - BAR - 3 * 2 - names)
    for rule in sorted(rules, key=lambda rule: -rule["hits"]):
        regex = rule.get("regex", "")
        cells: list[RenderableType] = [str(rule["rule"]), count(rule["hits"]), Bar(rule["hits"], most, GOOD)]
        if has_filters:
            cells.append(safe_text(rule.get("filter", "")))
        rows.add_row(*cells, Text(_cut(safe_text(regex), room), FAINT))
    return rows


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def _top(top: Sequence[tuple[str, int]]) -> Table:
    rows = table(["", ">", "="])
    rows.show_header = False
    most = max(number for _, number in top)
    for name, number in top:
        rows.add_row(Text(safe_text(name), HEAD), count(number), Bar(number, most, BAD))
    return rows


def _hints(summary: Mapping[str, Any], *, is_missed_shown: bool) -> Iterator[str]:
    """What to try when the result is not what one expects."""
    lines = summary["lines"]
    if not lines:
        yield "the log is empty → check its path, or wait until the service has written something"
        return
    if summary.get("old"):
        yield f"{plural(summary['old'], 'line')} were left out as older than findtime → --no-findtime"
    if summary["undated"] * 2 > lines:
        yield "most lines have no date that is known → give the filter a datepattern"
    if not summary["fail"] and not summary.get("old") and not is_missed_shown:
        yield "no failure was found → --missed shows the lines that no rule matched"
    if summary["odd"]:
        yield f"{plural(summary['odd'], 'line')} hit a limit, are damaged or have no time → --json shows all of them"

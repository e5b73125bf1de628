"""The view of `replay`: each ban as a line while it runs, then what the bans would have been worth, jail by jail.

The rows of `--json` are made here as well, so that both say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stockade.cli.humanise import count, duration, plural
from stockade.cli.safe_text import safe_text
from stockade.cli.views.bars import Bar
from stockade.cli.views.style import BAD, FAINT, GOOD, HEAD, WARN, advice, table
from stockade.model.ban import Ban
from stockade.replay.summary import JailSummary, LogReport, Summary

SHOWN = 5
"""Places of a ranking for people; `--json` has ten."""

WIDEST_V4 = 15
"""Columns of an address in the list; longer identifiers push the rest aside."""


class BanLines:
    """Lays out bans as they are decided. Widths are fixed beforehand: there may be too many bans to keep."""

    def __init__(self, jails: Sequence[str], zone: tzinfo, *, is_evidence_shown: bool) -> None:
        self._jail = max([len("jail"), *(len(safe_text(jail)) for jail in jails)])
        self._zone = zone
        self._is_evidence_shown = is_evidence_shown
        self._has_head = False

    def of(self, ban: Ban) -> Iterator[str]:
        """Gives the lines of one ban: when, for how long, who, how many failures, and how often already."""
        if not self._has_head:
            self._has_head = True
            yield f"{'when':<19}  {'for':<8}  {'jail':<{self._jail}}  {'id':<{WIDEST_V4}}  failures  ban"
        length = duration(None if ban.until is None else ban.until - ban.since)
        who = f"{safe_text(ban.jail):<{self._jail}}  {safe_text(ban.id):<{WIDEST_V4}}"
        yield f"{moment_in(self._zone, ban.since)}  {length:<8}  {who}  {ban.failures:>8}  {ban.count:>3}"
        if self._is_evidence_shown:
            yield from (f"    {safe_text(line)}" for line in ban.matches)


def render_replay(
    summary: Summary, seconds: float, zone: tzinfo, *, columns: int = 100, is_interrupted: bool = False
) -> Iterator[RenderableType]:
    """Gives the summary: what was read, each jail, who and as whom, and what the bans would have spared."""
    if summary.bans:
        yield ""
    yield _head(summary, seconds, zone)
    yield ""
    yield Padding(_jails(summary.jails), (0, 0, 0, 2))
    for jail in summary.jails:
        if jail.offenders:
            yield ""
            yield Text.assemble((f"{safe_text(jail.jail)}: most failures", HEAD))
            yield Padding(_offenders(jail), (0, 0, 0, 2))
        if jail.users:
            users = ", ".join(f"{safe_text(user)} ({count(number)})" for user, number in jail.users[:SHOWN])
            yield Padding(Text(f"as {users}", FAINT), (0, 0, 0, 2))
    yield ""
    yield _worth(summary)
    if is_interrupted:
        yield advice("interrupted: this is what was found so far", WARN)
    for hint in _hints(summary):
        yield advice(hint, WARN)


def moment_in(zone: tzinfo, epoch: float) -> str:
    """Gives a time in a zone to the second; a number where no calendar reaches."""
    try:
        return datetime.fromtimestamp(epoch, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, OSError, ValueError):
        return f"{epoch:.0f}"


def _head(summary: Summary, seconds: float, zone: tzinfo) -> Text:
    names = list(dict.fromkeys(log.path for log in summary.logs))
    shown = safe_text(names[0]) if len(names) == 1 else plural(len(names), "log")
    span = ""
    if summary.first is not None and summary.last is not None:
        span = f", failures from {moment_in(zone, summary.first)} to {moment_in(zone, summary.last)}"
    return Text.assemble((shown, HEAD), f": {plural(summary.lines, 'line')}{span}", (f" in {seconds:.2f} s", FAINT))


def _jails(jails: Sequence[JailSummary]) -> Table:
    rows = table(["jail", ">lines", ">matched", ">failures", ">ignored", ">ids", ">bans", ">after a ban"])
    for jail in jails:
        numbers = (jail.lines, jail.matched, jail.failures, jail.ignored, jail.ids, jail.bans, jail.after_ban)
        rows.add_row(Text(safe_text(jail.jail), HEAD), *(count(number) for number in numbers))
    return rows


def _offenders(jail: JailSummary) -> Table:
    rows = table(["", ">", "=", ""])
    rows.show_header = False
    most = jail.offenders[0][1]
    for name, failures, bans in jail.offenders[:SHOWN]:
        said = Text(plural(bans, "ban") if bans else "never banned", FAINT)
        rows.add_row(Text(safe_text(name), HEAD), count(failures), Bar(failures, most, BAD), said)
    return rows


def _worth(summary: Summary) -> Text:
    """What one wants to know: was it worth it?"""
    if not summary.failures:
        return Text("No failure was found.")
    if not summary.bans:
        return Text(f"{plural(summary.failures, 'failure')}, and nobody would have been banned.")
    share = 100 * summary.after_ban / summary.failures
    spared = f"{count(summary.after_ban)} of {plural(summary.failures, 'attack line')}"
    return Text.assemble(
        f"{plural(summary.bans, 'ban')} would have spared you ",
        (spared, GOOD),
        f" ({share:.0f} %): those that came after a ban.",
    )


def _hints(summary: Summary) -> Iterator[str]:
    """What to know before the result is believed."""
    for log in summary.problems:
        yield f"{log.path} was not read to its end: {log.problem} → what could be read is counted"
    if not summary.lines:
        yield "the logs are empty → check their paths"
    for what, number, remedy in (
        (
            "named a host, not an address, and waited for ever",
            sum(jail.unresolved for jail in summary.jails),
            "usedns = raw counts names",
        ),
        ("hit a limit", sum(jail.odd for jail in summary.jails), "`stockade test --json` shows them"),
    ):
        if number:
            yield f"{plural(number, 'matching line')} {what} → {remedy}"


def ban_row(ban: Ban, zone: tzinfo) -> dict[str, Any]:
    """Gives the object of one ban: `since` and `until` in seconds since 1970, `until` null for ever."""
    return {
        "jail": ban.jail,
        "id": ban.id,
        "time": _iso(ban.since, zone),
        "since": ban.since,
        "until": ban.until,
        "count": ban.count,
        "failures": ban.failures,
        "reason": ban.reason,
        "fields": dict(ban.fields),
        "matches": list(ban.matches),
    }


def summary_row(summary: Summary, seconds: float, zone: tzinfo, *, is_interrupted: bool) -> dict[str, Any]:
    """Gives the object of the summary."""
    return {
        "lines": summary.lines,
        "failures": summary.failures,
        "bans": summary.bans,
        "after_ban": summary.after_ban,
        "first": _iso(summary.first, zone),
        "last": _iso(summary.last, zone),
        "seconds": round(seconds, 6),
        "interrupted": is_interrupted,
        "jails": [_jail_row(jail) for jail in summary.jails],
        "logs": [_log_row(log) for log in summary.logs],
    }


def _jail_row(jail: JailSummary) -> dict[str, Any]:
    numbers = ("lines", "matched", "failures", "ignored", "after_ban", "unresolved", "odd", "bans", "ids")
    return {
        "jail": jail.jail,
        **{name: getattr(jail, name) for name in numbers},
        "banned_ids": jail.banned,
        "offenders": [{"id": name, "failures": failures, "bans": bans} for name, failures, bans in jail.offenders],
        "users": [{"user": user, "failures": failures} for user, failures in jail.users],
    }


def _log_row(log: LogReport) -> dict[str, Any]:
    return {
        "path": log.path,
        "format": log.format,
        "position": log.position,
        "bytes": log.bytes,
        "problem": log.problem,
    }


def _iso(epoch: float | None, zone: tzinfo) -> str | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, zone).isoformat()

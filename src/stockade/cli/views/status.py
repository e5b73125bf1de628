"""The view of `status`: first whether this machine is protected, then what is wrong, jails, sources, the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stockade.cli.humanise import count, duration, moment, size
from stockade.cli.safe_text import safe_text
from stockade.cli.views.style import BAD, FAINT, GOOD, WARN, advice, mark, table
from stockade.control.schema import AlarmRow, JailRow, SourceRow, StatusResult

_OWN_UNIT = ("banned", "verified")
"""Stages of the funnel that count bans, not lines: a share of lines would say nothing."""

CLOCK_SHOWN = 10.0
"""Seconds from which the difference between a log's clock and this machine's is shown."""

WIDE = 96
"""Columns from which the table of jails has room for each jail's rule."""


def render_status(result: StatusResult, columns: int = WIDE) -> Iterator[RenderableType]:
    """Gives the parts of the page, top first, for a terminal of so many columns."""
    yield _verdict(result)
    for alarm in result["alarms"]:
        yield Text.assemble(("  ▲ ", WARN), _alarm(alarm))
    for problem in result["problems"]:
        yield Text.assemble(("  ! ", WARN), advice(problem))
    yield from _backlog(result["jails"])
    if result["jails"]:
        yield ""
        yield Padding(_jails(result["jails"], is_wide=columns >= WIDE), (0, 0, 0, 2))
        yield ""
        yield Padding(_sources(result["jails"]), (0, 0, 0, 2))
    if len(result["jails"]) == 1:
        yield ""
        yield Padding(_funnel(result["jails"][0]), (0, 0, 0, 2))
    yield ""
    yield Padding(_footer(result), (0, 0, 0, 2))


def _verdict(result: StatusResult) -> Text:
    style = f"bold {GOOD}" if result["protected"] else BAD
    sign = "● " if result["protected"] else "✖ "
    return Text.assemble((sign, style), advice(result["verdict"], style), no_wrap=True)


def _alarm(alarm: AlarmRow) -> Text:
    since = f"{alarm['text']} ({alarm['code']}, since {moment(alarm['since'])})"
    return advice(f"{since} → {alarm['remedy']}")


def _backlog(jails: Sequence[JailRow]) -> Iterator[Text]:
    """One line about all that is being caught up on."""
    sources = {source["source"]: source for jail in jails for source in jail["sources"]}.values()
    behind = [source for source in sources if source["unread"] and source["eta_seconds"]]
    if behind:
        unread, rate = (sum(source[what] or 0 for source in behind) for what in ("unread", "rate"))
        longest = max(source["eta_seconds"] or 0 for source in behind)
        text = f"catching up: {size(unread)} unread, {size(rate)}/s, about {duration(longest)} left"
        yield Text.assemble(("  … ", WARN), text)


def _funnel(jail: JailRow) -> Table:
    """How far the jail's lines got, since the ledger began."""
    rows = table(["from line to ban", ">so far", ""])
    before = 0
    for stage, number in jail["funnel"].items():
        share = f"{number / before:.1%} of these" if before and number <= before and stage not in _OWN_UNIT else ""
        rows.add_row(safe_text(stage), count(number), Text(share, FAINT))
        before = number
    return rows


def _jails(jails: Sequence[JailRow], *, is_wide: bool) -> Table:
    names = ["jail", "state", ">failures", ">counting", ">banned", ">ever", ">dropped", "rule"]
    rows = table(names if is_wide else names[:-1])
    for jail in jails:
        cells = (
            Text(safe_text(jail["name"]), "bold"),
            mark(jail["state"]),
            count(jail["failures_counted"]),
            count(jail["windows"]),
            _banned(jail),
            count(jail["bans_total"]),
            count(jail["packets_dropped"]),
            Text(_rule(jail), FAINT),
        )
        rows.add_row(*(cells if is_wide else cells[:-1]))
    return rows


def _banned(jail: JailRow) -> Text:
    """The number of bans, or in yellow how many of them the kernel has confirmed."""
    active, verified = jail["bans_active"], jail["bans_verified"]
    return Text(count(active)) if verified >= active else Text(f"{count(verified)} of {count(active)}", WARN)


def _rule(jail: JailRow) -> str:
    return f"{jail['maxretry']} in {duration(jail['findtime'])} → {duration(jail['bantime'])}"


def _sources(jails: Sequence[JailRow]) -> Table:
    """Every source once, with the jails that read it."""
    readers: dict[str, list[str]] = {}
    sources: dict[str, SourceRow] = {}
    for jail in jails:
        for source in jail["sources"]:
            sources[source["source"]] = source
            readers.setdefault(source["source"], []).append(jail["name"])
    rows = table(["source", "state", ">read", ">unread", "~for"])
    for name, source in sources.items():
        rows.add_row(
            safe_text(name.removeprefix("file:")),
            mark(source["state"]),
            size(source["position"]) if source["state"] == "reading" else "",
            _unread(source["unread"]),
            _note(_detail(source), readers[name]),
        )
    _add_idle(rows, jails)
    return rows


def _detail(source: SourceRow) -> str:
    """What is to be said of a source, with how its clock differs where that is more than a transfer takes."""
    offset = source["clock_offset_seconds"] or 0.0
    if abs(offset) < CLOCK_SHOWN:
        return source["detail"]
    differs = f"its clock is {duration(abs(offset))} {'ahead' if offset > 0 else 'behind'}"
    return f"{source['detail']}; {differs}" if source["detail"] else differs


def _note(detail: str, readers: Sequence[str]) -> Text:
    note = Text(safe_text(", ".join(readers)), FAINT)
    return Text.assemble(note, (": ", FAINT), advice(detail)) if detail else note


def _add_idle(rows: Table, jails: Sequence[JailRow]) -> None:
    """Says for each jail that needs it what it waits for or lacks."""
    for jail in jails:
        if not jail["sources"]:
            rows.add_row(Text("(none)", FAINT), mark(jail["state"]), "", "", Text(safe_text(jail["name"]), FAINT))


def _unread(unread: int | None) -> str:
    if unread is None:
        return ""
    return size(unread) if unread else "0"


def _footer(result: StatusResult) -> Table:
    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(style=FAINT, no_wrap=True)
    rows.add_column(overflow="fold")
    for jail in result["jails"]:
        if jail["detail"] and jail["detail"] not in [source["detail"] for source in jail["sources"]]:
            rows.add_row(safe_text(jail["name"]), advice(jail["detail"]))
    enforcer = result["enforcer"]
    rows.add_row(
        "firewall",
        Text.assemble(mark(enforcer["state"]), "  ", safe_text(enforcer["backend"]), "  ")
        + advice(enforcer["detail"], FAINT),
    )
    if result["odd_lines"]:
        kinds = ", ".join(f"{count(number)} {safe_text(kind)}" for kind, number in result["odd_lines"].items())
        rows.add_row("odd lines", Text(kinds, WARN))
    if result["rights"]:
        shown = "; ".join(f"{safe_text(name)}: {safe_text(right)}" for name, right in result["rights"].items())
        rows.add_row("rights", Text(shown, FAINT))
    rows.add_row(
        "daemon", Text(f"stockade {safe_text(result['version'])}, up {duration(result['uptime_seconds'])}", FAINT)
    )
    return rows

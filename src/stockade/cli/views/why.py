"""The view of `why`: the sentence, the steps from log to kernel, the lines that count now, and the bans so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from stockade.cli.humanise import duration, moment
from stockade.cli.safe_text import safe_text
from stockade.cli.views.bans import why_banned
from stockade.cli.views.style import BAD, FAINT, GOOD, HEAD, advice, sign_of, table
from stockade.control.schema import HistoryRow, WhyResult, WindowRow

MAX_LINES = 20
"""Log lines shown of one ban or window; `--json` has all."""


def render_why(result: WhyResult) -> Iterator[RenderableType]:
    """Gives the parts of the story, in its order."""
    is_banned = result["verdict"] == "banned"
    sign, style = ("■", BAD) if is_banned else ("□", GOOD)
    yield Text.assemble((f"{sign} {safe_text(result['id'])}  ", style), (result["verdict"].replace("-", " "), style))
    yield Padding(advice(result["explanation"]), (0, 0, 0, 2))
    if result["steps"]:
        yield from _section("From log to kernel")
        rows = table(["", "", "~"])
        rows.show_header = False
        for step in result["steps"]:
            mark, colour = sign_of(step["outcome"])
            rows.add_row(Text(mark, colour), safe_text(step["step"]), advice(step["detail"], FAINT))
        yield Padding(rows, (0, 0, 0, 2))
    for window in result["windows"]:
        yield from _window(window)
    if result["bans"]:
        yield from _section("Bans, newest first")
        for ban in result["bans"]:
            yield from _ban(ban)


def _section(title: str) -> Iterator[RenderableType]:
    yield ""
    yield Text(title, HEAD)


def _window(window: WindowRow) -> Iterator[RenderableType]:
    yield from _section(f"Counting now in {safe_text(window['jail'])}")
    summary = f"{window['count']} of {window['maxretry']} within {duration(window['findtime'])}"
    newest = f", newest {moment(max(window['times']))}" if window["times"] else ""
    yield Text(f"  {summary}{newest}")
    yield from _lines(window["matches"])


def _ban(ban: HistoryRow) -> Iterator[RenderableType]:
    sign, style = sign_of(ban["state"])
    end = "for ever" if ban["until"] is None else f"until {moment(ban['until'])}"
    yield Text.assemble(
        (f"  {sign} ", style),
        f"{moment(ban['since'])}  ",
        (safe_text(ban["jail"]), HEAD),
        f"  {end}  ",
        (f"{why_banned(ban)}, ban {ban['count']}", FAINT),
    )
    yield from _lines(ban["matches"])


def _lines(matches: Iterable[str]) -> Iterator[RenderableType]:
    """The evidence, one log line a row, whole: a terminal wraps it, a pipe keeps it."""
    shown = list(matches)
    for line in shown[-MAX_LINES:]:
        yield Text(f"      {safe_text(line)}", FAINT, no_wrap=True, overflow="ignore")
    if len(shown) > MAX_LINES:
        yield Text(f"      … and {len(shown) - MAX_LINES:,} earlier lines: --json", FAINT)

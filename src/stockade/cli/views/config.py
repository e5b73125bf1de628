"""The view of the effective configuration (`config`): one jail with the place of every value, or all jails in a table.

In: settings and origins as the reader gives them; out: lines and a table. Must not read anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.text import Text

from stockade.cli.humanise import duration
from stockade.cli.safe_text import safe_text
from stockade.cli.views.style import FAINT, HEAD, WARN, table
from stockade.config import BUILT_IN, Effective
from stockade.model.settings import (
    CommandSettings,
    ContainerSettings,
    JailSettings,
    KernelLogSettings,
    Origin,
    WayIn,
)

SHORT = 40
"""Characters of a value that stands on its option's own line, with its origin behind it."""

Values = Mapping[str, Effective]


def render_overview(jails: Sequence[JailSettings]) -> Iterator[RenderableType]:
    """Gives a row for each jail that runs: what it reads, when it bans, for how long, what it does then."""
    rows = table(["jail", "filter", "~reads", ">maxretry", ">findtime", ">bantime", "~actions"])
    for jail in jails:
        rows.add_row(
            Text(safe_text(jail.name), HEAD),
            safe_text(jail.filter.name),
            safe_text(_feed(jail)),
            str(jail.maxretry),
            duration(jail.findtime),
            duration(jail.ban.bantime),
            safe_text(", ".join(action.actname for action in jail.actions)) or Text("none", WARN),
        )
    if jails:
        yield rows
        yield ""
        yield Text("`stockade config JAIL` shows every value of a jail, and where it is written", FAINT)


def _feed(jail: JailSettings) -> str:
    if jail.journal is not None:
        return "journal " + (" ".join(jail.journal.matches[0]) if jail.journal.matches else "(all of it)")
    if jail.way_in is not None:
        return _way_in(jail.way_in)
    places = [log.pattern for log in jail.logpaths] or [f"syslog {listener.address}" for listener in jail.syslog]
    return (places[0] if places else "nothing") + (f" (+{len(places) - 1})" if len(places) > 1 else "")


def _way_in(way: WayIn) -> str:
    match way:
        case CommandSettings(argv):
            return f"output of {argv[0]}"
        case ContainerSettings(engine, names, labels):
            return f"{engine} {' '.join([*names, *labels])}"
        case KernelLogSettings():
            return "the kernel's log"


def render_section(title: str, values: Values) -> Iterator[RenderableType]:
    """Gives a section as one would write it, each option with its origin behind it."""
    widest = max(map(len, values), default=0)
    yield Text(f"[{safe_text(title)}]", HEAD)
    for option, found in values.items():
        yield from _option(option.ljust(widest), found)
    yield ""


def render_built_in(values: Values) -> Iterator[RenderableType]:
    """Gives the options that are written nowhere, with the value that counts then; those without any are named last."""
    built_in = {option: text for option, text in BUILT_IN.items() if option not in values}
    widest = max((len(option) for option, text in built_in.items() if text), default=0)
    yield Text("# written nowhere: built in", FAINT)
    for option, text in built_in.items():
        if text:
            yield Text.assemble((option.ljust(widest), "cyan"), f" = {text}", no_wrap=True)
    unset = [option for option, text in built_in.items() if not text]
    if unset:
        yield Text(f"# not set: {', '.join(unset)}", FAINT)
    yield ""


def _option(shown: str, found: Effective) -> Iterator[RenderableType]:
    lines = [(safe_text(line), place) for line, place in zip(found.text.split("\n"), found.lines, strict=False) if line]
    place = f"# {_place(found.origin)}"
    if len(lines) <= 1 and sum(len(line) for line, _ in lines) <= SHORT:
        line, written = lines[0] if lines else ("", found.origin)
        place += f" ← {_place(written)}" if written != found.origin else ""
        yield Text.assemble((shown, "cyan"), f" = {line.ljust(SHORT)}  ", (place, FAINT), no_wrap=True)
        return
    yield Text.assemble((shown, "cyan"), " = ", (place, FAINT), no_wrap=True)
    path = found.origin.path
    for line, written in lines:
        if written.path != path:
            path = written.path
            yield Text(f"      # {safe_text(path)}", FAINT, no_wrap=True)
        number = str(written.line) if written.line else ""
        yield Text.assemble((f"{number:>6} ", FAINT), f" {line}", no_wrap=True)


def _place(origin: Origin) -> str:
    return safe_text(f"{origin.path}:{origin.line}" if origin.line else origin.path)

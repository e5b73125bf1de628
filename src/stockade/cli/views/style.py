"""The few styles and marks that every view uses, and the plain table they share."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from stockade.cli.safe_text import safe_text

GOOD = "green"
BAD = "bold red"
WARN = "yellow"
FAINT = "dim"
HEAD = "bold"

MARKS = {
    "running": ("●", GOOD),
    "reading": ("●", GOOD),
    "verified": ("●", GOOD),
    "yes": ("✔", GOOD),
    "waiting": ("◌", WARN),
    "dry-run": ("◌", WARN),
    "decided": ("◌", WARN),
    "applied": ("◌", WARN),
    "unknown": ("◌", WARN),
    "expired": ("○", FAINT),
    "lifted": ("○", FAINT),
}
"""How a state is marked; a state that is not here is bad news."""


def mark(state: str) -> Text:
    """Gives a state with its mark, in its colour."""
    sign, style = sign_of(state)
    return Text.assemble((f"{sign} ", style), (safe_text(state), style))


def sign_of(state: str) -> tuple[str, str]:
    """Gives the mark and the colour of a state."""
    return MARKS.get(state, ("✖", BAD))


def table(columns: Iterable[str]) -> Table:
    """Makes a table without lines; a name that begins with `>` is a column of numbers, one with `~` may wrap, and
    one with `=` holds bars, which become shorter before anything else is cut."""
    made = Table(box=None, pad_edge=False, header_style=FAINT, padding=(0, 2, 0, 0))
    for name in columns:
        is_number, may_wrap, is_bar = name.startswith(">"), name.startswith("~"), name.startswith("=")
        shown = name.lstrip(">~=")
        made.add_column(
            shown,
            justify="right" if is_number else "left",
            no_wrap=not may_wrap and not is_bar,  # what may wrap is what gives way
            overflow="fold" if may_wrap else "ellipsis",
        )
    return made


def advice(text: str, style: str = "") -> Text:
    """Gives a sentence whose remedy, after `→`, is coloured as such."""
    said, arrow, remedy = safe_text(" ".join(text.split("\n"))).partition("→")
    shown = Text(" ".join(said.split()), style=style)
    if arrow:
        shown.append(" → ", "green")
        shown.append(" ".join(remedy.split()), "default not bold")
    return shown

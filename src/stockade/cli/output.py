"""Output: where text for people and JSON for machines leave the program.

Owns the making of Rich consoles: without markup, emoji or guessing, so that no text is ever read as anything but text.
Colours follow NO_COLOR, FORCE_COLOR and whether a terminal listens.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

PIPED_WIDTH = 200
"""Columns when nobody said how many there are: tables are not cut on their way to grep."""


def console(*, is_error: bool = False) -> Console:
    """Makes the console for standard output or standard error."""
    from rich.console import Console

    stream = sys.stderr if is_error else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else PIPED_WIDTH
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)


def columns() -> int:
    """Tells how many columns a line on standard output may have."""
    return console().width


def show(parts: Iterable[RenderableType]) -> None:
    """Prints a view part by part; what goes to a file or a pipe has no blanks at the ends of its lines.

    A plain `str` is text that is laid out already, a Text with `no_wrap` a log line: neither is ever cut or wrapped.
    """
    out = console()
    for part in parts:
        if isinstance(part, str):
            sys.stdout.write(part + "\n")
            continue
        is_line = getattr(part, "no_wrap", False) is True
        if out.is_terminal:
            out.print(part, soft_wrap=is_line)
            continue
        with out.capture() as captured:
            out.print(part, soft_wrap=is_line)
        sys.stdout.writelines(f"{line.rstrip()}\n" for line in captured.get().split("\n")[:-1])


def warn(texts: Iterable[object]) -> None:
    """Says on standard error what does not keep the command from doing its work, each text once."""
    from stockade.cli.safe_text import safe_text

    for text in dict.fromkeys(map(str, texts)):
        lines = "\n".join(map(safe_text, text.split("\n")))
        sys.stderr.write(f"warning: {lines}\n")


def print_json(value: Mapping[str, object]) -> None:
    """Prints one object on one line of ASCII."""
    sys.stdout.write(json.dumps(value, separators=(", ", ": ")) + "\n")

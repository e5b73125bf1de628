"""Bars that compare numbers, in eighths of a column, so that small parts are seen as well.

In: a part and its whole. Out: something that a table shows as wide as it has room. Must not know what is compared.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

BAR = 24
"""Columns of a full bar; fewer where a terminal has no room, as text must stay legible before bars."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar for `part` of `whole`; what is not nothing has at least the thinnest one.

    In one column of a table all bars are drawn to one scale, however narrow it is.
    """

    part: int
    whole: int
    style: str

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(0, min(BAR, options.max_width))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(blocks(self.part, self.whole, min(BAR, options.max_width)), self.style)


def blocks(part: int, whole: int, columns: int) -> str:
    """Gives the characters of a bar that is `columns` wide when it is full."""
    eighths = round(columns * 8 * part / whole) if whole else 0
    if part and columns and not eighths:
        eighths = 1
    full, rest = divmod(eighths, 8)
    return "█" * full + ("▏▎▍▌▋▊▉"[rest - 1] if rest else "")

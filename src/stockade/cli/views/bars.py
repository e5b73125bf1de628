"""Bars that compare numbers, in eighths of a column, so that small parts are seen as well."""

from __future__ import annotations

from rich.text import Text

BAR = 24
"""Columns of a full bar."""


def bar(part: int, whole: int, style: str) -> Text:
    """Gives a bar for `part` of `whole`; what is not nothing has at least the thinnest one."""
    eighths = round(BAR * 8 * part / whole) if whole else 0
    if part and not eighths:
        eighths = 1
    full, rest = divmod(eighths, 8)
    return Text("█" * full + ("▏▎▍▌▋▊▉"[rest - 1] if rest else ""), style)

"""safe_text: the one gate for text of attackers (log lines, identifiers, reasons) on its way to a terminal.

In: any str; out: a str in which nothing can steer a terminal, reverse the reading direction, hide or end a line.
Rich markup needs no escape: every console is made without markup (`console.py`), and a test holds it.
"""

from __future__ import annotations

MAX_SHOWN = 4096
"""Characters of one text that are shown; the rest is cut and marked with `…`."""


def safe_text(text: str) -> str:
    """Gives the text with every unprintable character (controls, escapes, bidi, lone surrogates) as `\\x1b`."""
    cut = text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"
    if cut.isprintable():
        return cut
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in cut)

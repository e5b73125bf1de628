"""Bars of the pages: to scale, and the first thing to give way where a terminal is narrow."""

from __future__ import annotations

import io

from rich.console import Console

from stockade.cli.views.bars import BAR, Bar, blocks
from stockade.cli.views.style import table


def _page(columns: int) -> list[str]:
    rows = table(["", ">", "=", ""])
    rows.show_header = False
    for name, number in (("192.0.2.111", 4), ("192.0.2.3", 2), ("192.0.2.4", 0)):
        rows.add_row(name, str(number), Bar(number, 4, ""), "1 ban")
    out = io.StringIO()
    Console(file=out, width=columns).print(rows)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_blocks_are_to_scale() -> None:
    """Eighths of a column; what is not nothing is seen, and nothing is nothing."""
    assert blocks(4, 4, 8) == "█" * 8
    assert blocks(3, 4, 2) == "█▌"
    assert blocks(1, 10_000, 8) == "▏"
    assert blocks(0, 4, 8) == blocks(0, 0, 8) == blocks(1, 4, 0) == ""


def test_bars_become_shorter_before_text_is_cut() -> None:
    """In a wide terminal a full bar has its columns; in a narrow one all bars shrink alike and every word stays."""
    wide, narrow = _page(80), _page(33)
    assert wide[0].count("█") == BAR == 2 * wide[1].count("█")
    assert 0 < narrow[0].count("█") == 2 * narrow[1].count("█") < BAR
    for page in (wide, narrow):
        assert [line.split()[0] for line in page] == ["192.0.2.111", "192.0.2.3", "192.0.2.4"]
        assert all(line.endswith("1 ban") for line in page)

"""The view of `bans`: one row a ban, in colour while the list is short, plain and fast when it is long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from stockade.cli.humanise import duration, moment, plural
from stockade.cli.safe_text import safe_text
from stockade.cli.views.style import FAINT, sign_of, table
from stockade.control.schema import BanRow

LONG = 500
"""Rows beyond which the list is laid out without Rich: that takes 0.4 ms a row, this 0.005."""

_COLUMNS = ("", "address", "jail", "left", "until", "times", "why")


def render_bans(bans: Sequence[BanRow]) -> Iterator[RenderableType]:
    """Gives the table and a line that sums it up."""
    if not bans:
        yield Text("Nobody is banned.")
        return
    if len(bans) > LONG:
        yield from _plain(bans)
    else:
        rows = table(["", "address", "jail", ">left", "until", ">times", "~why"])
        rows.columns[1].min_width = max(len(safe_text(ban["id"])) for ban in bans)  # an address is never cut
        for ban in bans:
            sign, style = sign_of(ban["state"])
            address, jail, left, until, times, why = _cells(ban)
            rows.add_row(Text(sign, style), Text(address, "bold"), jail, left, Text(until, FAINT), times, why)
        yield rows
    yield ""
    yield Text(_summary(bans), FAINT)


def _cells(ban: BanRow) -> tuple[str, str, str, str, str, str]:
    until = "" if ban["until"] is None else moment(ban["until"])
    left = duration(ban["remaining_seconds"])
    return safe_text(ban["id"]), safe_text(ban["jail"]), left, until, f"{ban['count']}×", why_banned(ban)  # noqa: RUF001


def why_banned(ban: BanRow) -> str:
    """Gives the cause in a few words, and the state when the kernel has not confirmed the block."""
    cause = "by hand" if ban["origin"] == "manual" else plural(ban["failures"], "failure")
    note = f": {safe_text(ban['reason'])}" if ban["reason"] and ban["origin"] == "manual" else ""
    state = "" if ban["state"] == "verified" else f" ({safe_text(ban['state'])})"
    return cause + note + state


def _plain(bans: Sequence[BanRow]) -> Iterator[str]:
    rows = [_COLUMNS, *((sign_of(ban["state"])[0], *_cells(ban)) for ban in bans)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(_COLUMNS))]
    yield "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _summary(bans: Sequence[BanRow]) -> str:
    """Counts the bans, and those that are not known to block."""
    open_ = sum(ban["state"] != "verified" for ban in bans)
    shown = plural(len(bans), "ban")
    return f"{shown}, {open_:,} not confirmed by the kernel" if open_ else f"{shown}, all confirmed by the kernel"

"""Progress: a bar on standard error while a long log is read, for people at a terminal only.

In: how many bytes there are, then how many were read. Must not touch standard output when that goes elsewhere.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LONG = 32 << 20
"""Bytes of a log from which it is worth a bar; shorter ones are done before it is seen."""


@contextmanager
def progress(total: int, *, is_wanted: bool = True) -> Iterator[Callable[[int], None]]:
    """Shows bytes, rate and the time left; gives what to call with the number of bytes read."""
    if not is_wanted or total < LONG or not sys.stderr.isatty():
        yield lambda number: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    from stockade.cli.output import console

    parts = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    # Rich would print standard output above the bar, on standard error: right only where both are the terminal.
    is_shared = sys.stdout.isatty()
    with Progress(*parts, console=console(is_error=True), transient=True, redirect_stdout=is_shared) as bar:
        task = bar.add_task("", total=total)
        yield lambda number: bar.advance(task, number)

"""`stockade test`: run filters over a log, exactly as the daemon would."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from stockade.cli import exits
from stockade.cli.help import StockadeCommand
from stockade.cli.options import config_option, json_option
from stockade.cli.output import columns, print_json, show
from stockade.errors import UsageError

if TYPE_CHECKING:
    from datetime import tzinfo

    from stockade.cli.trial import Tally
    from stockade.control.schema import ProblemRow
    from stockade.errors import Problem
    from stockade.match.tester import TestOptions

FINDTIME = 600.0
"""Seconds, as the shipped configuration has it."""
LONG = 32 << 20
"""Bytes of a log from which a terminal gets a progress bar."""
TOP = 5
"""Identifiers in the ranking of failures."""


@click.command(
    "test",
    cls=StockadeCommand,
    examples=[
        ("stockade test /var/log/auth.log sshd", "what would sshd's filter find?"),
        ("stockade test auth.log 'sshd[mode=aggressive]' --missed", "and which lines does it miss?"),
        ("journalctl -u ssh -o short-iso | stockade test - sshd", "the journal's lines"),
        ("stockade test access.log ./my.conf --json", "a filter of one's own, for a script"),
    ],
    exits=[
        ("0", "the log was read to its end, whatever was found"),
        ("1", "a filter cannot be used"),
        ("3", "the log cannot be read"),
    ],
)
@click.argument("log", metavar="LOG|-")
@click.argument("filters", metavar="FILTER…", nargs=-1, required=True)
@click.option("--missed", "is_missed_shown", is_flag=True, help="Show the lines that no rule matched as well.")
@click.option("--options", "arguments", default="", metavar="NAME=VALUE,…", help="Options for every filter.")
@click.option(
    "--now", type=float, metavar="EPOCH", help="The clock to assume; lines older than findtime are then left out."
)
@click.option("--findtime", metavar="TIME", help="How old a line may be when --now is given: 10m.")
@click.option("--no-findtime", "is_ageless", is_flag=True, help="No line is too old, whatever the clock.")
@click.option("--tz", metavar="ZONE", help="Zone of dates that name none, and of printed times: this machine's.")
@click.option("--usedns", type=click.Choice(["yes", "warn", "no", "raw"]), help="Replaces the filter's own.")
@click.option("--all-rules", "is_all_rules", is_flag=True, help="Try every rule on every line, not only the first hit.")
@config_option
@json_option
def command(
    *, log: str, filters: tuple[str, ...], arguments: str, config_dir: Path | None, is_json: bool, **chosen: Any
) -> int:
    """Runs filters over a log exactly as the daemon would: the same expressions, dates, limits and code.

    With --json: one object for each line that is not plain noise, then a summary.
    """
    from stockade.cli.places import configuration
    from stockade.cli.trial import Tally, open_log, read_filters, read_whole, size_of
    from stockade.cli.views.test import render_test
    from stockade.match.tester import run_test

    options = _options(**chosen)
    settings, problems = read_filters(*configuration(config_dir), filters, arguments)
    if any(problem.is_fatal for problem in problems):
        return _refuse(problems, is_json=is_json)
    is_quiet = options.is_missed_shown or (is_json and sys.stdout.isatty())
    with open_log(log) as stream, _progress(0 if is_quiet else size_of(stream)) as advance:
        began = time.perf_counter()
        rows = run_test(read_whole(stream, advance), settings, options, elapsed=lambda: time.perf_counter() - began)
        if is_json:
            for row in rows:
                print_json(row)
            return exits.DONE
        tally = Tally()
        show(_missed(rows, tally))
    name = "standard input" if log == "-" else log
    names = [each.name for each in settings]
    show(render_test(name, names, tally.summary, top=tally.top(TOP), odd=tally.odd, columns=columns()))
    return exits.DONE


def _options(
    *,
    is_missed_shown: bool,
    now: float | None,
    findtime: str | None,
    is_ageless: bool,
    tz: str | None,
    usedns: str | None,
    is_all_rules: bool,
) -> TestOptions:
    """Checks what was chosen. Without a clock of its own a test has no line that is too old."""
    from stockade.cli.times import read_time
    from stockade.match.tester import TestOptions

    age = read_time("--findtime", findtime) if findtime else FINDTIME
    return TestOptions(
        now=time.time() if now is None else _moment(now),
        zone=_zone(tz),
        findtime=None if is_ageless or (now is None and findtime is None) else age,
        usedns=usedns,
        is_all_rules=is_all_rules,
        is_missed_shown=is_missed_shown,
    )


def _moment(now: float) -> float:
    if not 0 <= now < 2**33:
        raise UsageError(f"--now {now:g} is no time", "give seconds since 1970, for example the output of `date +%s`")
    return now


def _zone(name: str | None) -> tzinfo:
    from stockade.match.problem import ExpressionError
    from stockade.match.zones import local_zone, named_zone

    try:
        return local_zone(os.environ.get("TZ", "")) if name is None else named_zone(name)
    except ExpressionError as error:
        raise UsageError(error.message, error.remedy) from None


def _refuse(problems: list[Problem], *, is_json: bool) -> int:
    rows = [cast("ProblemRow", asdict(problem)) for problem in problems]
    if is_json:
        print_json({"problems": rows})
    else:
        from stockade.cli.views.problems import render_problems

        show(render_problems(rows))
    return exits.NO


def _missed(rows: Iterable[Mapping[str, Any]], tally: Tally) -> Iterator[str]:
    """Gives the lines that were missed, where they are asked for, as they come; everything else goes to the tally."""
    from stockade.cli.views.test import render_line

    for row in rows:
        if row.get("verdict") in ("missed", "old"):
            yield render_line(row)
        else:
            tally.add(row)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Shows a bar on a terminal while a long log is read; gives what to call with the bytes read."""
    if total < LONG or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    from stockade.cli.output import console

    parts = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*parts, console=console(is_error=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda number: progress.advance(task, number)

"""`stockade test`: run filters over a log, exactly as the daemon would."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stockade.cli import exits
from stockade.cli.help import StockadeCommand
from stockade.cli.options import complete_filter, config_option, json_option
from stockade.cli.output import columns, print_json, show, warn
from stockade.cli.refusal import refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from stockade.cli.subjects import Judge, Overrides, Subjects
    from stockade.cli.trial import Tally
    from stockade.match.tester import Piece, TestOptions

FINDTIME = 600.0
"""Seconds, as the shipped configuration has it."""
TOP = 5
"""Identifiers in the ranking of failures."""


@click.command(
    "test",
    cls=StockadeCommand,
    examples=[
        ("stockade test /var/log/auth.log sshd", "what would sshd's filter find?"),
        ("stockade test auth.log.2.gz 'sshd[mode=aggressive]' --missed", "and which lines does it miss?"),
        ("stockade test auth.log jail:sshd", "with all that the jail says, as the daemon runs it"),
        ("stockade test systemd-journal sshd", "the entries a jail would read from the journal"),
        ("stockade test 'Nov 22 11:00:01 web app: bad 192.0.2.7' 'bad <HOST>$'", "one line, one expression"),
        ("stockade test access.log ./my.conf --out '<ip> <F-USER>'", "for a script"),
    ],
    exits=[
        ("0", "the log was read to its end, whatever was found"),
        ("1", "a filter cannot be used"),
        ("3", "the log cannot be read, or not to its end (what could be read counts)"),
    ],
)
@click.argument("log", metavar="LOG|-", type=click.Path(allow_dash=True))
@click.argument("filters", metavar="FILTER…", nargs=-1, required=True, shell_complete=complete_filter)
@click.option("--missed", "is_missed_shown", is_flag=True, help="Show every line that no rule matched.")
@click.option("--options", "arguments", default="", metavar="NAME=VALUE,…", help="Options for every filter.")
@click.option(
    "--now", type=float, metavar="EPOCH", help="The clock to assume; lines older than findtime are then left out."
)
@click.option("--findtime", metavar="TIME", help="How old a line may be when --now is given: 10m.")
@click.option("--no-findtime", "is_ageless", is_flag=True, help="No line is too old, whatever the clock.")
@click.option("--tz", metavar="ZONE", help="Zone of dates that name none, and of printed times: this machine's.")
@click.option("--usedns", type=click.Choice(["yes", "warn", "no", "raw"]), help="Replaces the filter's own.")
@click.option("--all-rules", "is_all_rules", is_flag=True, help="Try every rule on every line, not only the first hit.")
@click.option("--ignoreregex", multiple=True, metavar="REGEX", help="Replaces the filter's own; may be repeated.")
@click.option("--datepattern", multiple=True, metavar="PATTERN", help="Replaces the filter's own; may be repeated.")
@click.option("--maxlines", type=int, metavar="N", help="Lines that an expression may span.")
@click.option("--encoding", default="", metavar="NAME", help="Encoding of the log: auto, utf-8, latin-1, …")
@click.option("--journalmatch", multiple=True, metavar="MATCH", help="The journal's entries to read, as journalctl.")
@click.option(
    "-o",
    "--out",
    "form",
    metavar="FORMAT",
    help="Print only this of each failure: id, ip, msg, row, a field, or a template such as '<ip> <F-USER>'.",
)
@config_option
@json_option
def command(
    *,
    log: str,
    filters: tuple[str, ...],
    arguments: str,
    ignoreregex: tuple[str, ...],
    datepattern: tuple[str, ...],
    maxlines: int | None,
    encoding: str,
    journalmatch: tuple[str, ...],
    form: str | None,
    config_dir: Path | None,
    is_json: bool,
    **chosen: Any,
) -> int:
    """Runs filters over a log exactly as the daemon would: the same expressions, dates, limits and code.

    LOG is a file (plain or compressed), - for standard input, systemd-journal, or a line itself. FILTER is the name of
    a filter, the path of one, jail:NAME, or an expression with <HOST>. With --json: one object for each line that is
    not plain noise, then a summary.
    """
    from stockade.cli.places import configuration
    from stockade.cli.subjects import Overrides, SubjectReader
    from stockade.cli.trial import is_journal

    options = _options(is_listing=is_json or form is not None, **chosen)
    overrides = Overrides(ignoreregex, datepattern, maxlines, encoding)
    judge = _judge(overrides, options)
    subjects = SubjectReader(*configuration(config_dir), arguments, is_journal(log), judge).read(filters)
    if not subjects.is_usable:
        return refuse(subjects.problems, is_json=is_json)
    warn(subjects.problems)
    run = _Run(log, subjects, overrides, options, journalmatch)
    if form is not None:
        return run.extract(form)
    return run.as_json() if is_json else run.report()


@dataclass(frozen=True, slots=True)
class _Run:
    """One run over one log, and the three ways to show it."""

    log: str
    subjects: Subjects
    overrides: Overrides
    options: TestOptions
    journalmatch: Sequence[str]

    def rows(self, tally: Tally, *, has_progress: bool) -> Iterator[Mapping[str, Any]]:
        """Gives the tester's rows as they come."""
        from stockade.cli.progress import progress
        from stockade.cli.trial import size_of
        from stockade.match.tester import run_test

        filters = [self.overrides.over(each) for each in self.subjects.filters]
        jails = [subject.jail for subject in self.subjects.subjects]
        began = time.perf_counter()
        with progress(size_of(self.log), is_wanted=has_progress) as advance:
            pieces = self._pieces(advance, tally)
            yield from run_test(pieces, filters, self.options, jails=jails, elapsed=lambda: time.perf_counter() - began)

    def _pieces(self, advance: Callable[[int], None], tally: Tally) -> Iterable[Piece]:
        from stockade.cli.subjects import journal_settings
        from stockade.cli.trial import backend_of, is_journal, read_journal, read_log

        if is_journal(self.log):
            return read_journal(journal_settings(backend_of(self.log), self.subjects.matches, self.journalmatch))
        return read_log(self.log, advance, tally.damage.append)

    def as_json(self) -> int:
        """One object for each telling line, then the summary."""
        tally = _tally()
        for row in self.rows(tally, has_progress=not sys.stdout.isatty()):
            print_json(row)
        return self._status(tally, is_said=True)

    def extract(self, form: str) -> int:
        """One text for each failure; with `--missed`, the lines that were missed instead."""
        from stockade.cli.extract import extractor
        from stockade.cli.safe_text import safe_text

        tally, make, is_terminal = _tally(), extractor(form), sys.stdout.isatty()
        wanted = "missed" if self.options.is_missed_shown else "fail"
        for row in self.rows(tally, has_progress=not is_terminal):
            if row.get("verdict") == wanted:
                text = str(row["line"]) if wanted == "missed" else make(row)
                show("\n".join(map(safe_text, text.split("\n"))) if is_terminal else text for text in [text])
        return self._status(tally, is_said=True)

    def report(self) -> int:
        """The page for people."""
        from stockade.cli.views.test import render_test

        tally = _tally()
        is_listing = self.options.is_missed_shown and self.options.max_missed is None
        show(_missed(self.rows(tally, has_progress=not is_listing), tally, is_listing=is_listing))
        names = [f"jail {each.jail}" if each.jail else each.filter.name for each in self.subjects.subjects]
        show(
            render_test(
                {"-": "standard input"}.get(self.log, self.log),
                names,
                tally.summary,
                top=tally.top(TOP),
                odd=tally.odd,
                missed=[] if is_listing else tally.few_missed(),
                damage=tally.damage,
                columns=columns(),
            )
        )
        return self._status(tally, is_said=False)

    def _status(self, tally: Tally, *, is_said: bool) -> int:
        """The exit status; where the output is for machines, damage is said on standard error."""
        if is_said:
            warn(f"{self.log}: {damage}" for damage in tally.damage)
        return exits.UNREAD if tally.damage else exits.DONE


def _tally() -> Tally:
    from stockade.cli.trial import Tally

    return Tally()


def _judge(overrides: Overrides, options: TestOptions) -> Judge:
    """Compiles a jail's filter as it will be run, so that a mistake is told with its file and line."""
    from stockade.daemon.mistakes import filter_mistakes
    from stockade.match.compile import surroundings

    shared = surroundings(options.now, options.zone)
    return lambda jail, origins: filter_mistakes(replace(jail, filter=overrides.over(jail.filter)), shared, origins)


def _options(
    *,
    is_listing: bool,
    is_missed_shown: bool,
    now: float | None,
    findtime: str | None,
    is_ageless: bool,
    tz: str | None,
    usedns: str | None,
    is_all_rules: bool,
) -> TestOptions:
    """Checks what was chosen. Without a clock of its own a test has no line that is too old. The report shows missed
    lines unasked while they are few; `is_listing` is for machines, which get what they ask for."""
    from stockade.cli.times import read_epoch, read_time, read_zone
    from stockade.cli.trial import MAX_MISSED
    from stockade.match.tester import TestOptions

    age = read_time("--findtime", findtime) if findtime else FINDTIME
    return TestOptions(
        now=time.time() if now is None else read_epoch("--now", now),
        zone=read_zone(tz),
        findtime=None if is_ageless or (now is None and findtime is None) else age,
        usedns=usedns,
        is_all_rules=is_all_rules,
        is_missed_shown=is_missed_shown or not is_listing,
        max_missed=None if is_missed_shown or is_listing else MAX_MISSED + 1,
    )


def _missed(rows: Iterable[Mapping[str, Any]], tally: Tally, *, is_listing: bool) -> Iterator[str]:
    """Gives the lines that were missed, where all are asked for, as they come; everything else goes to the tally."""
    from stockade.cli.views.test import render_line

    for row in rows:
        if is_listing and row.get("verdict") in ("missed", "old"):
            yield render_line(row)
        else:
            tally.add(row)

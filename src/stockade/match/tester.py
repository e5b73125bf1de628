"""The engine of `stockade test`: runs filters over bytes as the daemon would and tells what became of every line.

In: pieces of a log, filters, options. Out: one JSON-ready object per line that is not plain noise (per failure, where
a line has several), then a summary. The scanner, the expressions and the date templates are the daemon's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from ipaddress import ip_address
from typing import Any, BinaryIO

from stockade._scanner import Failure
from stockade.match.compile import surroundings
from stockade.match.engine import FilterUse, open_scanner
from stockade.match.limits import Limits
from stockade.match.line_scanner import Batch, LineScanner, Verdict
from stockade.model.settings import FilterSettings

CHUNK = 1 << 18
"""Bytes read at a time."""

FIRST_YEAR = 1960
"""A test reads dates from this year on, also those of old logs that a daemon would not believe."""

Row = dict[str, Any]

Piece = bytes | Sequence[tuple[float, bytes]]
"""Of a log, the next bytes; of a journal, the next whole lines with their times."""

_QUIET = frozenset({"missed", "old"})
"""Verdicts of lines that nobody asked about; printed when missed lines are wanted."""


@dataclass(frozen=True, slots=True)
class TestOptions:
    """How a test is run. `now` is the clock it assumes, `zone` that of dates without one and of printed times;
    `findtime` None lets no line be too old; `usedns` replaces the filters' own. Of missed lines, where they are shown,
    at most `max_missed` are given (None: all)."""

    now: float
    zone: tzinfo
    findtime: float | None = None
    usedns: str | None = None
    is_all_rules: bool = False
    is_missed_shown: bool = False
    max_missed: int | None = None
    limits: Limits = field(default_factory=Limits)


def read_chunks(stream: BinaryIO, size: int = CHUNK) -> Iterator[bytes]:
    """Yields what a binary stream holds, in pieces of at most `size` bytes, as they arrive."""
    while data := stream.read(size):
        yield data


def run_test(
    pieces: Iterable[Piece],
    filters: Sequence[FilterSettings],
    options: TestOptions,
    *,
    jails: Sequence[str] = (),
    elapsed: Callable[[], float] | None = None,
) -> Iterator[Row]:
    """Yields the object of each line in order and the summary last.

    `jails` names, for each filter, the jail whose settings it has ("": none). `elapsed` tells the seconds since the
    test began; without it the summary says 0. Raises ExpressionError.
    """
    run = _Run(tuple(_adapted(each, options) for each in filters), options, tuple(jails))
    for piece in pieces:
        if isinstance(piece, bytes):
            yield from run.rows(run.scanner.feed(piece, options.now, is_live=False))
        else:
            yield from run.rows(run.scanner.feed_entries(piece, options.now, is_live=False))
    yield from run.rows(run.scanner.finish(options.now, is_live=False))
    yield {"summary": run.summary(elapsed() if elapsed else 0.0)}


def _adapted(filter: FilterSettings, options: TestOptions) -> FilterSettings:  # noqa: A002 - the operator's word
    return filter if options.usedns is None else replace(filter, usedns=options.usedns)


class _Run:
    """One test: its scanner and the counts of its verdicts."""

    def __init__(self, filters: tuple[FilterSettings, ...], options: TestOptions, jails: tuple[str, ...]) -> None:
        self._filters = filters
        self._jails = jails or ("",) * len(filters)
        self._options = options
        self._verdicts: Counter[str] = Counter()
        uses = [FilterUse(each, options.findtime, options.is_all_rules) for each in filters]
        self.scanner: LineScanner = open_scanner(
            uses,
            now=options.now,
            local_zone=options.zone,
            limits=options.limits,
            is_explaining=True,
            shared=surroundings(options.now, options.zone, FIRST_YEAR),
        )

    def rows(self, batch: Batch) -> Iterator[Row]:
        """The objects of the lines of one batch."""
        for verdict in batch.verdicts:
            self._verdicts[_name(verdict)] += 1
            if verdict.verdict in _QUIET and not self._is_shown(verdict):
                continue
            common = self._line_row(verdict)
            if not verdict.failures:
                yield common
            for failure in verdict.failures:
                yield common | self._failure_row(failure)

    def _is_shown(self, quiet: Verdict) -> bool:
        most = self._options.max_missed
        return self._options.is_missed_shown and (most is None or self._verdicts[quiet.verdict] <= most)

    def summary(self, seconds: float) -> Row:
        """Counts over all lines; `undated` lines are also counted under what else became of them."""
        counts = self.scanner.statistics()
        verdicts = {name: self._verdicts[name] for name in ("fail", "nofail", "ignored", "missed", "odd", "old")}
        return {
            "lines": counts["lines"],
            **verdicts,
            "undated": counts["undated"],
            "seconds": round(seconds, 6),
            "rules": [row for index in range(len(self._filters)) for row in self._rule_rows(index, counts)],
        }

    def _rule_rows(self, index: int, counts: dict[str, int]) -> Iterator[Row]:
        chosen = self._filters[index]
        for rule, text in enumerate(chosen.failregex):
            yield {"rule": rule, "hits": counts.get(f"rule_{index}_{rule}", 0), "filter": chosen.name, "regex": text}

    def _line_row(self, verdict: Verdict) -> Row:
        row: Row = {
            "n": verdict.n,
            "verdict": _name(verdict),
            "time": self._iso(verdict.time),
            "epoch": verdict.time,
            "id": None,
            "ip": None,
            "jail": self._jails[verdict.filter] or None,
            "filter": self._filters[verdict.filter].name,
            "rule": verdict.rule,
            "fields": verdict.fields,
            "matches": [],
            "raw_host": None,
            "line": verdict.line,
        }
        return row | {"reason": verdict.reason} if verdict.reason else row

    def _failure_row(self, failure: Failure) -> Row:
        moment = failure.time if failure.logged is None else failure.logged
        return {
            "time": self._iso(moment),
            "epoch": moment,
            "id": failure.id,
            "ip": failure.ip or _address(failure.id),
            "rule": failure.rule,
            "fields": failure.fields | ({"users": failure.users} if failure.users else {}),
            "matches": failure.matches,
            "raw_host": failure.raw_host,
        }

    def _iso(self, moment: float | None) -> str | None:
        return None if moment is None else datetime.fromtimestamp(moment, self._options.zone).isoformat()


def _name(verdict: Verdict) -> str:
    """The word for what became of a line; a match whose time is not known cannot count and is odd, with that reason."""
    return "odd" if verdict.verdict == "undated" else verdict.verdict


def _address(identifier: str) -> str | None:
    """The identifier itself where it is an address."""
    try:
        return str(ip_address(identifier))
    except ValueError:
        return None

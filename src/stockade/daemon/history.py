"""History: tells the log files which of their lines are too old to count, so that these need not be read at a start.

In: lines of a log and the patterns that mean it. Out: whether the first dated one is older than findtime for every jail
that watches the log. Asks the scanner that reads the log afterwards, so that both always agree. Must not read anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from stockade.daemon.configuration import Configuration
from stockade.match.encodings import log_encoding
from stockade.match.engine import FilterUse, open_scanner
from stockade.match.line_scanner import LineScanner, Verdict
from stockade.model.clock import Seconds, Wall
from stockade.model.settings import FilterSettings, JailSettings, LogPath

TOLERANCE: Seconds = 7200.0
"""How far lines may be out of the order of their dates: the hour that comes twice in autumn, and another one for lines
that are written when something ends (a request, a session) and dated when it began."""

ANYTHING = r"^\s*<F-ID>\S</F-ID>"


class History:
    """Answers `stockade.sources.history.IsOld` for one configuration."""

    def __init__(self, configuration: Configuration, now: Wall) -> None:
        self._configuration = configuration
        self._now = now
        self._scanner: tuple[tuple[str, ...], LineScanner | None] = ((), None)

    def is_old(self, paths: Sequence[LogPath], lines: bytes) -> bool | None:
        """Whether the first dated line of these is too old for every jail that has one of the paths; None when none
        of them has a date for all, and in encodings whose lines cannot be told without what comes before them."""
        jails = [jail for jail in self._configuration.settings.jails if set(paths).intersection(jail.logpaths)]
        scanner = self._scanner_of(jails)
        if scanner is None:
            return None
        scanner.load(b"")  # forget what the last lines told: they stood elsewhere
        verdicts = scanner.feed(lines, self._now, is_live=False).verdicts
        ages = (_is_old(list(mine)) for _, mine in groupby(verdicts, key=lambda verdict: verdict.n))
        return next(_known(ages), None)

    def _scanner_of(self, jails: Sequence[JailSettings]) -> LineScanner | None:
        """The scanner of these jails; the last one is kept, for logs with the same jails follow each other."""
        names = tuple(jail.name for jail in jails)
        if names and self._scanner[0] != names:
            self._scanner = (names, self._opened(jails))
        return self._scanner[1] if names else None

    def _opened(self, jails: Sequence[JailSettings]) -> LineScanner | None:
        encodings = {log_encoding(jail.filter.logencoding) for jail in jails}
        is_of_one_kind = len(encodings) == 1 and len({jail.filter.json for jail in jails}) == 1
        if not is_of_one_kind or any(encoding.is_converted for encoding in encodings):
            return None
        uses = [FilterUse(_of_all_lines(jail.filter), jail.findtime + TOLERANCE) for jail in jails]
        made = self._configuration
        return open_scanner(uses, now=self._now, local_zone=made.zone, shared=made.shared, is_explaining=True)


def _of_all_lines(filter_settings: FilterSettings) -> FilterSettings:
    """The filter with its dates, and with an expression that any line may match: of lines that cannot match no date is
    looked for."""
    every = filter_settings.json and replace(filter_settings.json, matches=())
    return replace(filter_settings, failregex=(ANYTHING,), ignoreregex=(), prefregex="", maxlines=1, json=every)


def _known(ages: Iterator[bool | None]) -> Iterator[bool]:
    return (age for age in ages if age is not None)


def _is_old(verdicts: Sequence[Verdict]) -> bool | None:
    """What all filters say of one line: old for each of them, recent for one, or undated for one."""
    if any(verdict.verdict != "old" and verdict.time is None for verdict in verdicts):
        return None
    return all(verdict.verdict == "old" for verdict in verdicts)

"""Feeds: which sources a configuration needs, and which jails each of them serves.

Owns the sources. One source follows every log file of every jail; jails with the same journal settings share one
journal reader. Must not interpret what is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from stockade.daemon.heart import JAIL, PULSE
from stockade.daemon.waysin import WaysIn, source_name
from stockade.errors import SourceError
from stockade.model.chunk import Source, SourceStatus
from stockade.model.clock import Wall
from stockade.model.cursor import Cursor
from stockade.model.saying import Saying
from stockade.model.settings import JailSettings, Settings
from stockade.sources.files import LogFiles
from stockade.sources.history import IsOld
from stockade.sources.journal import Journal, journal_name
from stockade.sources.stdin import Stdin
from stockade.sources.syslog.listener import SyslogListener

MAX_REMEMBERED = 32_768
"""Log files whose jails are remembered; beyond, they are looked up anew."""

STDIN = "stdin"
"""The name of standard input as a source."""


class Feeds:
    """The sources of one configuration; see the module's docstring."""

    def __init__(
        self,
        settings: Settings,
        cursors: Mapping[str, Cursor],
        now: Wall,
        *,
        is_old: IsOld | None = None,
        listeners: Sequence[SyslogListener] = (),
        ways_in: WaysIn | None = None,
    ) -> None:
        """`is_old` says which lines of log files need not be read because they are too old to count. `listeners` and
        `ways_in` stay their owners': they outlive the configuration."""
        self._jails = settings.jails
        self._by_source: dict[str, list[JailSettings]] = {PULSE: [JAIL]}
        self._by_file: dict[str, list[JailSettings]] = {}
        self.sources: list[Source] = []
        self.failed: list[SourceStatus] = []
        patterns = [log for jail in settings.jails for log in jail.logpaths]
        mine = {name: cursor for name, cursor in cursors.items() if name.startswith("file:")}
        self._files = LogFiles(patterns, mine, is_old=is_old)
        if patterns:
            self.sources.append(self._files)
        for journal in dict.fromkeys(jail.journal for jail in settings.jails if jail.journal is not None):
            jails = [jail for jail in settings.jails if jail.journal == journal]
            name = journal_name(journal)
            since = Wall(now - max(jail.findtime for jail in jails))
            try:
                self.sources.append(Journal(journal, since, cursors.get(name)))
            except SourceError as error:
                self.failed.append(SourceStatus(name, "failed", f"{error.message} → {error.remedy}"))
            self._by_source[name] = jails

        for listener in listeners:
            self._by_source[listener.source] = [jail for jail in settings.jails if listener.settings in jail.syslog]
            self.sources.append(listener)
        self._ways_in = ways_in or WaysIn()
        for source in self._ways_in.sources:
            self._by_source[source_name(source)] = self._ways_in.jails_of(source, settings)
            self.sources.append(source)
        self._lent: list[Source] = [*listeners, *self._ways_in.sources]

    def add_stdin(self) -> None:
        """Reads standard input too, for every jail."""
        self._take_stdin(Stdin(source=STDIN))

    def _take_stdin(self, source: Stdin) -> None:
        self._by_source[STDIN] = list(self._jails)
        self.sources.append(source)

    def jails_of(self, source: str) -> Sequence[JailSettings]:
        """The jails that want what a source reads."""
        known = self._by_source.get(source) or self._by_source.get(source.rpartition("/")[0])
        if known is not None or not source.startswith("file:"):
            return known or ()
        if source not in self._by_file:
            if len(self._by_file) >= MAX_REMEMBERED:
                self._by_file.clear()
            wanted = set(self._files.patterns_of(source))
            pattern = source.removeprefix("file:")
            self._by_file[source] = [
                jail for jail in self._jails if any(log in wanted or log.pattern == pattern for log in jail.logpaths)
            ]
        return self._by_file[source]

    def stream_of(self, source: str) -> str:
        """The stream a source belongs to: a log file the line of `logpath` that means it, the rest itself."""
        patterns = self._files.patterns_of(source) if source.startswith("file:") else ()
        if patterns:
            return f"file:{patterns[0].pattern}"
        selection = source.rpartition("/")[0]
        return selection if selection in self._by_source and source not in self._by_source else source

    def streams(self) -> Iterator[tuple[str, Sequence[JailSettings]]]:
        """Every stream of the configuration, whether or not it has given anything yet, with its jails."""
        patterns = dict.fromkeys(log.pattern for jail in self._jails for log in jail.logpaths)
        for pattern in patterns:
            yield f"file:{pattern}", [j for j in self._jails if any(log.pattern == pattern for log in j.logpaths)]
        yield from ((name, jails) for name, jails in self._by_source.items() if name != PULSE)

    def hand_over(self, successor: Feeds) -> None:
        """Gives what cannot be opened twice (standard input) to the successor and closes the rest."""
        for source in self.sources:
            if isinstance(source, Stdin):
                successor._take_stdin(source)
            elif source not in self._lent:
                source.close()
        if self._files not in self.sources:
            self._files.close()
        self.sources = []

    def take_sayings(self) -> list[Saying]:
        """What the log files and the commands have to say since the last call."""
        return self._files.take_sayings() + self._ways_in.take_sayings()

    def status(self) -> list[SourceStatus]:
        """How every source is doing, those included that could not be opened."""
        rows = [row for source in self.sources for row in source.status()]
        return rows + self.failed + self._ways_in.failed

    def close(self) -> None:
        """Closes every source of its own."""
        for source in self.sources:
            if source not in self._lent:
                source.close()
        self._files.close()

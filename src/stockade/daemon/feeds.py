"""Feeds: which sources a configuration needs, and which jails each of them serves.

Owns the sources. One source follows every log file of every jail; jails with the same journal settings share one
journal reader. Must not interpret what is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stockade.errors import SourceError
from stockade.model.chunk import Source, SourceStatus
from stockade.model.clock import Wall
from stockade.model.cursor import Cursor
from stockade.model.settings import JailSettings, Settings
from stockade.sources.files import LogFiles
from stockade.sources.journal import Journal, journal_name
from stockade.sources.stdin import Stdin

STDIN = "stdin"
"""The name of standard input as a source."""


class Feeds:
    """The sources of one configuration; see the module's docstring."""

    def __init__(self, settings: Settings, cursors: Mapping[str, Cursor], now: Wall) -> None:
        self._jails = settings.jails
        self._by_source: dict[str, list[JailSettings]] = {}
        self.sources: list[Source] = []
        self.failed: list[SourceStatus] = []
        patterns = [log for jail in settings.jails for log in jail.logpaths]
        self._files = LogFiles(patterns, {n: c for n, c in cursors.items() if n.startswith("file:")})
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

    def add_stdin(self) -> None:
        """Reads standard input too, for every jail."""
        self._take_stdin(Stdin(source=STDIN))

    def _take_stdin(self, source: Stdin) -> None:
        self._by_source[STDIN] = list(self._jails)
        self.sources.append(source)

    def jails_of(self, source: str) -> Sequence[JailSettings]:
        """The jails that want what a source reads."""
        known = self._by_source.get(source)
        if known is not None or not source.startswith("file:"):
            return known or ()
        wanted = set(self._files.patterns_of(source))
        pattern = source.removeprefix("file:")
        return [jail for jail in self._jails if any(log in wanted or log.pattern == pattern for log in jail.logpaths)]

    def hand_over(self, successor: Feeds) -> None:
        """Gives what cannot be opened twice (standard input) to the successor and closes the rest."""
        for source in self.sources:
            if isinstance(source, Stdin):
                successor._take_stdin(source)
            else:
                source.close()
        if self._files not in self.sources:
            self._files.close()
        self.sources = []

    def status(self) -> list[SourceStatus]:
        """How every source is doing, those included that could not be opened."""
        return [row for source in self.sources for row in source.status()] + self.failed

    def close(self) -> None:
        """Closes every source."""
        for source in self.sources:
            source.close()
        self._files.close()

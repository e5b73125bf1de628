"""Intake: makes failures of what sources read.

Owns one scanner per source (one file, one journal) that serves every jail watching it, and the progress of each. In:
chunks and entries; out: failures by jail, and for the ledger how far each source was read. Must not decide anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from stockade._scanner import Batch, Odd, Scanner
from stockade.core.events import Failures
from stockade.model.chunk import Chunk, Entries
from stockade.model.clock import Wall
from stockade.model.cursor import Cursor
from stockade.model.record import Progress
from stockade.model.settings import JailSettings

OpenScanner = Callable[[Sequence[JailSettings]], Scanner]


@dataclass(slots=True)
class _Feed:
    """One source: its scanner, the jails its filters stand for (by index) and the cursor reached."""

    scanner: Scanner
    jails: tuple[str, ...]
    cursor: Cursor
    odd: dict[str, int] = field(default_factory=dict)
    is_changed: bool = False


class Intake:
    """Feeds scanners; see the module's docstring."""

    def __init__(
        self,
        jails_of: Callable[[str], Sequence[JailSettings]],
        open_scanner: OpenScanner,
        known: Mapping[str, Progress],
    ) -> None:
        """`jails_of` tells which jails watch a source; `known` is the ledger's progress by source name."""
        self._jails_of = jails_of
        self._open_scanner = open_scanner
        self._known = dict(known)
        self._feeds: dict[str, _Feed] = {}

    def take(self, item: Chunk | Entries, now: Wall) -> tuple[list[Failures], list[tuple[str, Odd]]]:
        """Scans what a source read; gives the failures by jail and the odd lines with their jail."""
        feed = self._feed(item.source)
        if feed is None:
            return [], []
        batches = list(self._scan(feed, item, now))
        feed.is_changed = True
        for batch in batches:
            for odd in batch.odd:
                feed.odd[odd.reason] = feed.odd.get(odd.reason, 0) + 1
        failures = [failures for batch in batches for failures in _by_jail(batch, feed.jails)]
        return failures, [(feed.jails[odd.filter], odd) for batch in batches for odd in batch.odd]

    def _scan(self, feed: _Feed, item: Chunk | Entries, now: Wall) -> Iterator[Batch]:
        scanner = feed.scanner
        if isinstance(item, Entries):
            yield scanner.feed_entries(item.entries, now, is_live=item.is_live)
            feed.cursor = Cursor(item.source, mark=item.mark)
            return
        yield scanner.feed(item.data, now, is_live=item.is_live)
        if item.is_end:
            yield scanner.finish(now, is_live=item.is_live)
        position = item.position + len(item.data) - scanner.pending
        feed.cursor = Cursor(item.source, item.identity, position)

    def _feed(self, source: str) -> _Feed | None:
        feed = self._feeds.get(source)
        if feed is None:
            jails = self._jails_of(source)
            if not jails:
                return None
            known = self._known.get(source)
            feed = _Feed(self._open_scanner(jails), tuple(j.name for j in jails), Cursor(source))
            if known is not None:
                feed.cursor = known.cursor
                feed.scanner.load(known.scanner)
            self._feeds[source] = feed
        return feed

    def take_progress(self) -> tuple[Progress, ...]:
        """How far every source was read that moved since the last call."""
        moved = [feed for feed in self._feeds.values() if feed.is_changed]
        for feed in moved:
            feed.is_changed = False
            self._known[feed.cursor.source] = Progress(feed.cursor, feed.scanner.dump())
        return tuple(self._known[feed.cursor.source] for feed in moved)

    def progress(self) -> Mapping[str, Progress]:
        """The progress of every source ever known, for a successor after a reload."""
        self.take_progress()
        return dict(self._known)

    def statistics(self) -> dict[str, dict[str, int]]:
        """The scanners' own counters, by source."""
        return {source: feed.scanner.statistics() for source, feed in self._feeds.items()}

    def odd_lines(self) -> dict[str, int]:
        """How many lines hit a limit, by reason, over all sources."""
        total: dict[str, int] = {}
        for feed in self._feeds.values():
            for reason, count in feed.odd.items():
                total[reason] = total.get(reason, 0) + count
        return total


def _by_jail(batch: Batch, jails: Sequence[str]) -> Iterator[Failures]:
    """Splits a batch by jail; with one jail on the source, which is usual, nothing has to be looked at."""
    failures = batch.failures
    if len(jails) == 1:
        if failures:
            yield Failures(jails[0], failures)
        return
    for index, jail in enumerate(jails):
        mine = [failure for failure in failures if failure.filter == index]
        if mine:
            yield Failures(jail, mine)

"""Intake: makes failures of what sources read.

Owns one scanner per source (one file, one journal) that serves every jail watching it, and the progress of each. In:
chunks and entries; out: failures by jail, and for the ledger how far each source was read and what was counted there.
Must not decide anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from stockade._scanner import Note
from stockade.core.events import Failures
from stockade.daemon.funnel import Meter, Tallies
from stockade.daemon.heart import PULSE
from stockade.daemon.streams import Stream, Streams
from stockade.match.line_scanner import Batch, LineScanner, Odd
from stockade.model.chunk import Chunk, Entries
from stockade.model.clock import Wall
from stockade.model.cursor import Cursor
from stockade.model.failure import Failure, Listed
from stockade.model.record import Progress
from stockade.model.settings import JailSettings

OpenScanner = Callable[[Sequence[JailSettings]], LineScanner]

MAX_READERS = 16
"""Encodings of one source. More cannot be configured by accident; jails beyond are left out of the dump, not of the
scan."""


@dataclass(slots=True)
class _Reader:
    """A scanner and the jails its filters stand for, by index. A scanner knows one encoding; jails that read the same
    source in another one have a reader of their own."""

    scanner: LineScanner
    jails: tuple[str, ...]
    meter: Meter


@dataclass(slots=True)
class _Feed:
    """One source: its readers (nearly always one) and the cursor reached."""

    readers: tuple[_Reader, ...]
    cursor: Cursor
    stream: Stream
    is_changed: bool = False
    is_timed: bool = False

    def dump(self) -> bytes:
        """The state of every scanner, each with its length in front."""
        dumps = [reader.scanner.dump() for reader in self.readers[:MAX_READERS]]
        return b"".join(len(dump).to_bytes(4, "little") + dump for dump in dumps)

    def load(self, state: bytes) -> None:
        """Takes up a dump; a scanner that does not know its part begins anew."""
        for reader in self.readers:
            size = int.from_bytes(state[:4], "little")
            reader.scanner.load(state[4 : 4 + size])
            state = state[4 + size :]


def _alone(source: str) -> str:
    return source


@dataclass(slots=True)
class Observing:
    """What is counted and sampled beside the scanning; it survives a reload. `stream_of` names a source's stream."""

    stream_of: Callable[[str], str] = _alone
    tallies: Tallies = field(default_factory=Tallies)
    streams: Streams = field(default_factory=Streams)

    def stream(self, source: str, jails: Sequence[JailSettings]) -> Stream:
        """The stream of a source; the watchdog is not shown that of signs of life."""
        return Stream(PULSE) if source == PULSE else self.streams.stream(self.stream_of(source), jails)


class Intake:
    """Feeds scanners; see the module's docstring."""

    def __init__(
        self,
        jails_of: Callable[[str], Sequence[JailSettings]],
        open_scanner: OpenScanner,
        known: Mapping[str, Progress],
        observing: Observing | None = None,
    ) -> None:
        """`jails_of` tells which jails watch a source; `known` is the ledger's progress by source name."""
        self._jails_of = jails_of
        self._open_scanner = open_scanner
        self._known = dict(known)
        self._feeds: dict[str, _Feed] = {}
        self._odd: dict[str, int] = {}
        self._notes: list[tuple[str, Note]] = []
        self._observing = observing or Observing()

    def take(self, item: Chunk | Entries, now: Wall) -> tuple[list[Failures], list[tuple[str, Odd]]]:
        """Scans what a source read; gives the failures by jail and the odd lines with their jail."""
        feed = self._feed(item.source)
        failures: list[Failures] = []
        odd: list[tuple[str, Odd]] = []
        batches: list[Batch] = []
        for reader in feed.readers if feed else ():
            for batch in _scan(reader.scanner, item, now):
                failures += _by_jail(batch, reader.jails, is_spoofable=isinstance(item, Entries) and item.is_spoofable)
                odd += [(reader.jails[one.filter], one) for one in batch.odd]
                self._notes += [(reader.jails[one.filter], one) for one in batch.notes]
                batches.append(batch)
        if feed is not None and item.source != PULSE:
            feed.cursor = _reached(feed, item)
            feed.is_changed = True
            feed.is_timed = isinstance(item, Entries)
            self._observe(feed, item, batches, now)
        for _, one in odd:
            self._odd[one.reason] = self._odd.get(one.reason, 0) + 1
        return failures, odd

    def _observe(self, feed: _Feed, item: Chunk | Entries, batches: Sequence[Batch], now: Wall) -> None:
        """Lets the watchdog see that something came. An empty chunk only tells a position."""
        if isinstance(item, Entries) or item.data:
            feed.stream.arrivals += 1
            if item.is_live:
                self._observing.streams.sample(feed.stream, item, batches, now)

    def _feed(self, source: str) -> _Feed | None:
        feed = self._feeds.get(source)
        if feed is None:
            jails = self._jails_of(source)
            if not jails:
                return None
            stream = self._observing.stream(source, jails)
            feed = self._feeds[source] = _Feed(tuple(self._readers(jails)), Cursor(source), stream)
            known = self._known.get(source)
            if known is not None:
                feed.cursor = known.cursor
                feed.load(known.scanner)
        return feed

    def _readers(self, jails: Sequence[JailSettings]) -> Iterator[_Reader]:
        for reading in dict.fromkeys(jail.filter.reading for jail in jails):
            mine = [jail for jail in jails if jail.filter.reading == reading]
            names = tuple(jail.name for jail in mine)
            scanner = self._open_scanner(mine)
            yield _Reader(scanner, names, Meter(scanner, names))

    def take_progress(self) -> tuple[Progress, ...]:
        """How far every source was read that moved since the last call."""
        moved = [feed for feed in self._feeds.values() if feed.is_changed]
        for feed in moved:
            self._count(feed)
            feed.is_changed = False
            self._known[feed.cursor.source] = Progress(feed.cursor, feed.dump())
        return tuple(self._known[feed.cursor.source] for feed in moved)

    def take_counters(self) -> dict[str, int]:
        """Counters of jails, by name, that changed since the last call, as far as `take_progress` has got."""
        return self._observing.tallies.take_changed()

    def _count(self, feed: _Feed) -> None:
        for reader in feed.readers:
            counts, looked_for, dated = reader.meter.read(is_timed=feed.is_timed)
            for jail, scanned in counts:
                self._observing.tallies.add(jail, scanned)
            feed.stream.looked_for += looked_for
            feed.stream.dated += dated

    def progress(self) -> Mapping[str, Progress]:
        """The progress of every source ever known, for a successor after a reload. Lines that were read but not yet
        taken by the ledger are in it, too."""
        unsaved = [feed for feed in self._feeds.values() if feed.is_changed]
        for feed in unsaved:
            self._count(feed)
        return {**self._known, **{feed.cursor.source: Progress(feed.cursor, feed.dump()) for feed in unsaved}}

    def take_notes(self) -> list[tuple[str, Note]]:
        """What the scanners noted since the last call, with its jail: at most one of a kind for each jail and chunk."""
        notes, self._notes = self._notes, []
        return notes

    def odd_lines(self) -> dict[str, int]:
        """How many lines hit a limit, by reason, over all sources."""
        return dict(self._odd)


def _scan(scanner: LineScanner, item: Chunk | Entries, now: Wall) -> Iterator[Batch]:
    if isinstance(item, Entries):
        yield scanner.feed_entries(item.entries, now, is_live=item.is_live)
        return
    yield scanner.feed(item.data, now, is_live=item.is_live)
    if item.is_end:
        yield scanner.finish(now, is_live=item.is_live)


def _reached(feed: _Feed, item: Chunk | Entries) -> Cursor:
    """Where reading must go on after a crash: at the first byte of a line that is not whole yet."""
    if isinstance(item, Entries):
        return Cursor(item.source, mark=item.mark)
    pending = max(reader.scanner.pending for reader in feed.readers)
    return Cursor(item.source, item.identity, item.position + len(item.data) - pending, item.mark)


def _by_jail(batch: Batch, jails: Sequence[str], *, is_spoofable: bool) -> Iterator[Failures]:
    """Splits a batch by jail; with one jail on the source, which is usual, nothing has to be looked at."""
    if not len(batch):
        return
    if len(jails) == 1:
        yield Failures(jails[0], batch, is_spoofable)
        return
    indexes: dict[int, list[int]] = {}
    for index, number in enumerate(batch.filters):
        indexes.setdefault(number, []).append(index)
    for number in sorted(indexes):
        yield Failures(jails[number], _Part(batch, indexes[number]), is_spoofable)


class _Part(Listed):
    """The failures of one jail in a batch of several."""

    def __init__(self, batch: Batch, indexes: Sequence[int]) -> None:
        ids = batch.ids
        super().__init__([ids[index] for index in indexes])
        self._batch = batch
        self._indexes = indexes

    def failure(self, index: int, /) -> Failure:
        """See `Found`."""
        return self._batch.failure(self._indexes[index])

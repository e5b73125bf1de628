"""Intake: makes failures of what sources read.

Owns one scanner per source (one file, one journal) that serves every jail watching it, and the progress of each. In:
chunks and entries; out: failures by jail, and for the ledger how far each source was read. Must not decide anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from stockade._scanner import Batch, Note, Odd
from stockade.core.events import Failures
from stockade.match.line_scanner import LineScanner
from stockade.model.chunk import Chunk, Entries
from stockade.model.clock import Wall
from stockade.model.cursor import Cursor
from stockade.model.failure import Failure
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


@dataclass(slots=True)
class _Feed:
    """One source: its readers (nearly always one) and the cursor reached."""

    readers: tuple[_Reader, ...]
    cursor: Cursor
    is_changed: bool = False

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
        self._odd: dict[str, int] = {}
        self._notes: list[tuple[str, Note]] = []

    def take(self, item: Chunk | Entries, now: Wall) -> tuple[list[Failures], list[tuple[str, Odd]]]:
        """Scans what a source read; gives the failures by jail and the odd lines with their jail."""
        feed = self._feed(item.source)
        failures: list[Failures] = []
        odd: list[tuple[str, Odd]] = []
        for reader in feed.readers if feed else ():
            for batch in _scan(reader.scanner, item, now):
                failures += _by_jail(batch, reader.jails)
                odd += [(reader.jails[one.filter], one) for one in batch.odd]
                self._notes += [(reader.jails[one.filter], one) for one in batch.notes]
        if feed is not None:
            feed.cursor = _reached(feed, item)
            feed.is_changed = True
        for _, one in odd:
            self._odd[one.reason] = self._odd.get(one.reason, 0) + 1
        return failures, odd

    def _feed(self, source: str) -> _Feed | None:
        feed = self._feeds.get(source)
        if feed is None:
            jails = self._jails_of(source)
            if not jails:
                return None
            feed = self._feeds[source] = _Feed(tuple(self._readers(jails)), Cursor(source))
            known = self._known.get(source)
            if known is not None:
                feed.cursor = known.cursor
                feed.load(known.scanner)
        return feed

    def _readers(self, jails: Sequence[JailSettings]) -> Iterator[_Reader]:
        for encoding in dict.fromkeys(jail.filter.logencoding for jail in jails):
            mine = [jail for jail in jails if jail.filter.logencoding == encoding]
            yield _Reader(self._open_scanner(mine), tuple(jail.name for jail in mine))

    def take_progress(self) -> tuple[Progress, ...]:
        """How far every source was read that moved since the last call."""
        moved = [feed for feed in self._feeds.values() if feed.is_changed]
        for feed in moved:
            feed.is_changed = False
            self._known[feed.cursor.source] = Progress(feed.cursor, feed.dump())
        return tuple(self._known[feed.cursor.source] for feed in moved)

    def progress(self) -> Mapping[str, Progress]:
        """The progress of every source ever known, for a successor after a reload. Lines that were read but not yet
        taken by the ledger are in it, too."""
        unsaved = [feed for feed in self._feeds.values() if feed.is_changed]
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


def _by_jail(batch: Batch, jails: Sequence[str]) -> Iterator[Failures]:
    """Splits a batch by jail; with one jail on the source, which is usual, nothing has to be looked at."""
    if not batch.ids:
        return
    if len(jails) == 1:
        yield Failures(jails[0], batch)
        return
    indexes: dict[int, list[int]] = {}
    for index, number in enumerate(batch.filters):
        indexes.setdefault(number, []).append(index)
    for number in sorted(indexes):
        yield Failures(jails[number], _Part(batch, indexes[number]))


class _Part:
    """The failures of one jail in a batch of several."""

    def __init__(self, batch: Batch, indexes: Sequence[int]) -> None:
        self._batch = batch
        self._indexes = indexes
        self.ids = [batch.ids[index] for index in indexes]

    def failure(self, index: int, /) -> Failure:
        """See `Found`."""
        return self._batch.failure(self._indexes[index])

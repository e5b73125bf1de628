"""Streams: what the watchdog wants to know of what is read, gathered beside the scanners at little cost.

Owns, for each stream (all files of one line of `logpath`, or one journal), how much came, a few samples of how far its
clock is off, and a few lines that look like failed log-ins. Those are tried, in a scanner of their own, against the
filters. In: what sources read, with the scanner's yield; out: `StreamLook`s. A flood costs no more than a trickle.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator, Sequence

from stockade.core.looks import StreamLook, Tried
from stockade.core.suspicion import looks_like_failure, program_of, suspicious_lines
from stockade.match.line_scanner import Batch, LineScanner
from stockade.model.chunk import Chunk, Entries
from stockade.model.clock import Wall
from stockade.model.settings import JailSettings

MAX_PIECE = 16 * 1024
"""Bytes at the beginning of a chunk that are searched for suspicious lines (about 0.2 ms); the rest is not."""

MAX_SEARCHED = 64 * 1024
"""Bytes of one stream that are searched between two looks."""

MAX_ALL_SEARCHED = 512 * 1024
"""Bytes of all streams together: with thousands of streams, the first ones that speak after a look."""

MAX_TRIED = 40
"""Suspicious lines of one stream that are tried at a look; of more it makes no difference how many there are."""

MAX_OFFSETS = 3
"""Samples of one stream's clock between two looks."""

SHOWN = 200
"""Characters of a suspicious line that an alarm repeats."""

MAX_PORTS = 32
"""Ports of one jail that are looked for; a jail of more says nothing about which service it means."""

OpenProbe = Callable[[Sequence[JailSettings]], LineScanner]


class Stream:
    """One stream: its counts since the start, and its samples since the last look."""

    __slots__ = (
        "_searched",
        "arrivals",
        "dated",
        "jails",
        "looked_for",
        "name",
        "offsets",
        "ports",
        "probe",
        "suspects",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.jails: tuple[JailSettings, ...] = ()
        self.ports: frozenset[int] = frozenset()
        self.arrivals = self.looked_for = self.dated = 0
        self.offsets: list[float] = []
        self.suspects: list[bytes] = []
        self.probe: LineScanner | None = None
        self._searched = 0

    def serve(self, jails: Sequence[JailSettings]) -> None:
        """Takes the jails that watch it now."""
        if tuple(jails) != self.jails:
            self.jails, self.probe = tuple(jails), None
            self.ports = frozenset(port for jail in jails for port in ports_of(jail))

    def sample_clock(self, batch: Batch, now: Wall) -> None:
        """Takes the time of the last failure, which is the newest that the lines tell."""
        logged = batch.failure(len(batch) - 1).logged
        if logged is not None:
            self.offsets.append(logged - now)

    def search(self, item: Chunk | Entries) -> int:
        """Looks for suspicious lines in the beginning of what came; gives the number of bytes that were searched."""
        left = MAX_TRIED - len(self.suspects)
        if left <= 0 or self._searched >= MAX_SEARCHED or self._is_multiline():
            return 0
        if isinstance(item, Entries):
            piece = [line for _, line in item.entries[:MAX_TRIED]]
            found = [line for line in piece if looks_like_failure(line)]
            searched = sum(min(len(line), MAX_PIECE) for line in piece)
        else:
            found, searched = list(suspicious_lines(item.data[:MAX_PIECE], left)), min(len(item.data), MAX_PIECE)
        self.suspects += found[:left]
        self._searched += searched
        return searched

    def _is_multiline(self) -> bool:
        """A filter of several lines at once cannot be tried on single ones."""
        return any(jail.filter.maxlines > 1 for jail in self.jails)

    def look(self, now: Wall, open_probe: OpenProbe) -> StreamLook:
        """Its counts, and its samples, which begin anew."""
        tried = tuple(self._try(now, open_probe)) if self.suspects else ()
        look = StreamLook(
            self.name, self.arrivals, self.looked_for, self.dated, self.ports, tried, tuple(self.offsets[:MAX_OFFSETS])
        )
        self.suspects, self.offsets, self._searched = [], [], 0
        return look

    def _try(self, now: Wall, open_probe: OpenProbe) -> Iterator[Tried]:
        mine = [jail for jail in self.jails if jail.filter.reading == self.jails[0].filter.reading]
        if not mine:
            return
        self.probe = self.probe or open_probe(mine)
        for line in self.suspects:
            verdicts = self.probe.feed(line + b"\n", now).verdicts
            if verdicts:  # none: a line in JSON that the jail does not want
                is_recognised = any(one.verdict != "missed" for one in verdicts)
                yield Tried(program_of(line), verdicts[0].line[:SHOWN], is_recognised)


class Streams:
    """Every stream; survives a reload."""

    def __init__(self) -> None:
        self._streams: dict[str, Stream] = {}
        self._searched = 0

    def stream(self, name: str, jails: Sequence[JailSettings]) -> Stream:
        """The stream of a name, which serves these jails now."""
        found = self._streams.get(name)
        if found is None:
            found = self._streams[name] = Stream(name)
        found.serve(jails)
        return found

    def keep(self, wanted: Iterable[tuple[str, Sequence[JailSettings]]]) -> None:
        """Takes the streams of a new configuration; the others are forgotten."""
        before, self._streams = self._streams, {}
        for name, jails in wanted:
            self._streams[name] = before.get(name) or Stream(name)
            self._streams[name].serve(jails)

    def sample(self, stream: Stream, item: Chunk | Entries, batches: Sequence[Batch], now: Wall) -> None:
        """Takes samples of what came live, as long as there is room for more."""
        if batches and len(batches[-1]) and len(stream.offsets) < MAX_OFFSETS:
            stream.sample_clock(batches[-1], now)
        if self._searched < MAX_ALL_SEARCHED:
            self._searched += stream.search(item)

    def look(self, now: Wall, open_probe: OpenProbe) -> tuple[StreamLook, ...]:
        """A look at every stream."""
        self._searched = 0
        return tuple(stream.look(now, open_probe) for stream in self._streams.values())


def ports_of(jail: JailSettings) -> Iterator[int]:
    """The single TCP ports that a jail names by number or by the name of a service."""
    for word in map(str.strip, jail.port.split(",")[:MAX_PORTS]):
        if word.isascii() and word.isdigit():
            yield int(word)
        elif word and ":" not in word and "-" not in word:
            try:
                yield socket.getservbyname(word, "tcp")
            except (OSError, UnicodeError):
                continue
